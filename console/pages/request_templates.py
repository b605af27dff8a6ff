"""Texts to begin with when staff write to a person: the clause, the due date and the reason are filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickets import gate
from tickets.vocabulary import Right
from tickets.words import day_in_words, time_in_words, words_for

if TYPE_CHECKING:
    from console.pages.request_policy import PolicySays
    from tickets.model import Details

Template = tuple[str, str]
"""Title and text."""
_MOST_QUOTED = 700  # characters of a clause: more is a link


def question_templates(details: "Details") -> dict[str, Template]:
    """Questions to the requester, by key."""
    rights = words_for(details.summary.rights)
    found = {
        "scope": (
            "Which data",
            f"You asked for: {rights}. Which data is it about: all that concerns you, or a part, such as a certain "
            "product, place or time? Tell us in your own words.",
        ),
        "account": (
            "Which account",
            f"You asked for: {rights}. We found no account that this clearly belongs to. With which address or user "
            "name is the account kept? Please do not send a copy of an identity document.",
        ),
    }
    if Right.CORRECTION in details.summary.rights:
        found["correction"] = (
            "What is wrong",
            "Which entry is wrong, and what should it say instead? Please write both, one after the other.",
        )
    return found


def reply_templates(details: "Details", says: "PolicySays | None") -> dict[str, Template]:
    """Messages to the person, by key."""
    summary = details.summary
    by = day_in_words(summary.answer_by)
    found = {
        "progress": (
            "It is being worked on",
            f"We are working on your request of {day_in_words(summary.received.date())}. You will have our answer by "
            f"{by}.",
        )
    }
    if details.verified_at is None:
        found["records"] = (
            "The account is being checked",
            "Before we act we check that the account is yours, so that nobody else can do this in your name. You need "
            f"do nothing now. You will have our answer by {by}.",
        )
    if gate.is_destructive(summary.rights) and details.hold_until is not None:
        found["hold"] = (
            "Why nothing is deleted yet",
            f"Deleting cannot be undone. So we wait until {time_in_words(details.hold_until)}: until then it can be "
            "stopped with the link in our mail.",
        )
    return found | _clauses(says)


def _clauses(says: "PolicySays | None") -> dict[str, Template]:
    """What the policy says on each right, to be quoted."""
    found: dict[str, Template] = {}
    for place, one in enumerate(says.on if says else ()):
        if one.quotes:
            quote = one.quotes[0]
            words = quote.text if len(quote.text) <= _MOST_QUOTED else f"{quote.text[:_MOST_QUOTED]}…"
            text = f"The privacy policy says on this:\n\n“{words}”\n\n{quote.link}"
            found[f"clause-{place}"] = (f"Quote the policy on: {one.right}", text)
    return found
