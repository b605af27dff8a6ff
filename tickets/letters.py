"""The letters: what a person is told by mail, or in a chat when staff have decided something.

Plain text with named places, filled in once: what stands in a value is never looked at again, so a value that looks
like a template arrives as it is. No words of the requester are in any letter; staff's own words are (a question, the
basis of a refusal). A code stands only in the text, because subjects show on locked screens.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from string import Template

from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.letter_texts import ABOUT, CODE_TEXT, NEWS, REACH_TEXT, News
from tickets.model import RightResult
from tickets.vocabulary import Channel, DelayReason, RefusalReason, Regime, Right, RightOutcome
from tickets.words import (
    CHANNEL_WORDS,
    DELAY_WORDS,
    REFUSAL_WORDS,
    RIGHT_WORDS,
    authorities,
    day_in_words,
    time_in_words,
    words_for,
)

WIDTH = 76  # quoted-printable breaks lines that are longer
CODE = "code"
REACH = "reach"
CODE_KINDS = frozenset({CODE, REACH})
"""Letters that carry a code: useless, and confusing, after the code has run out."""

_WITH_COURT = frozenset({Regime.GDPR, Regime.UK_GDPR})  # Art. 12(4) of both: a refusal names the remedy in court
_COURT = " You can also go to court."

__all__ = [
    "CODE",
    "CODE_KINDS",
    "NOTHING_MORE",
    "REACH",
    "Correspondence",
    "Details",
    "News",
    "code_letter",
    "news_letter",
    "reach_letter",
]


@dataclass(frozen=True)
class Correspondence:
    """What every letter needs. base_url: where the public pages are; name_of: a policy's id -> the company's name."""

    base_url: str
    name_of: Callable[[str], str]


@dataclass(frozen=True)
class Details:
    """What a piece of news says besides the request itself. question, reply and basis are staff's own words.

    basis: the clause or law; original: the reference of the request that covers the same. results: of each right, where
    a part was done.
    """

    question: str = ""
    reply: str = ""
    reason: RefusalReason | DelayReason | None = None
    basis: str = ""
    answer_by: date | None = None
    controller: str = ""
    original: str = ""
    regimes: Collection[Regime] = ()
    results: Sequence[RightResult] = ()


NOTHING_MORE = Details()


def code_letter(
    mail: Correspondence,
    *,
    policy: str,
    rights: Iterable[Right],
    reference: str,
    channel: Channel,
    at: datetime,
    code: Redacted,
    minutes: int,
    stop_token: Redacted,
) -> tuple[str, str]:
    """Subject and text of the letter by which a person shows that they read this mailbox.

    It says what is asked, under which reference, where, when, and how to stop it (security threat 35).
    """
    values = _about(mail, policy, rights, reference) | _of_code(mail, channel, at, code, minutes, stop_token)
    return _laid_out("Confirm your request $reference to $company", CODE_TEXT, values)


def reach_letter(
    mail: Correspondence,
    *,
    policy: str,
    rights: Iterable[Right],
    reference: str,
    channel: Channel,
    at: datetime,
    code: Redacted,
    minutes: int,
    stop_token: Redacted,
) -> tuple[str, str]:
    """As code_letter, for reaching a request from another conversation. channel, at: of the new conversation."""
    values = _about(mail, policy, rights, reference) | _of_code(mail, channel, at, code, minutes, stop_token)
    return _laid_out("Somebody wants to look at your request $reference to $company", REACH_TEXT, values)


def news_letter(
    kind: News,
    mail: Correspondence,
    *,
    policy: str,
    rights: Iterable[Right],
    reference: str,
    at: datetime,
    details: Details = NOTHING_MORE,
    width: int = WIDTH,
) -> tuple[str, str]:
    """Subject and text of a piece of news. at: when the request was received. width 0: unbroken lines, for a chat.

    Raises InputError if the details lack something that this news has to say.
    """
    subject, body = NEWS[kind]
    values = _about(mail, policy, rights, reference) | {"at": time_in_words(at)} | _of_details(details)
    lacking = sorted(name for name in _places(body) - {"court"} if not values.get(name))
    if lacking:
        raise InputError(f"a letter of the kind {kind.value} has to say: {', '.join(lacking)}")
    return _laid_out(subject, f"{body}\n\n{ABOUT}", values, width)


def _about(mail: Correspondence, policy: str, rights: Iterable[Right], reference: str) -> dict[str, str]:
    return {"company": mail.name_of(policy), "rights": words_for(rights), "reference": reference}


def _of_code(
    mail: Correspondence, channel: Channel, at: datetime, code: Redacted, minutes: int, stop_token: Redacted
) -> dict[str, str]:
    return {
        "channel": CHANNEL_WORDS[channel],
        "at": time_in_words(at),
        "code": _in_groups(code.reveal()),
        "minutes": str(minutes),
        "stop": f"{mail.base_url.rstrip('/')}/stop/{stop_token.reveal()}",
    }


def _in_groups(code: str) -> str:
    return f"{code[:4]}-{code[4:]}" if len(code) == 8 else code


def _of_details(details: Details) -> dict[str, str]:
    return {
        "question": details.question,
        "reply": details.reply,
        "reason": _reason_in_words(details.reason),
        "basis": details.basis,
        "answer_by": day_in_words(details.answer_by) if details.answer_by else "",
        "controller": details.controller,
        "original": details.original,
        "authority": authorities(details.regimes),
        "outcomes": _outcomes_in_words(details.results),
        "court": _COURT if _WITH_COURT & set(details.regimes) else "",
    }


def _reason_in_words(reason: RefusalReason | DelayReason | None) -> str:
    if isinstance(reason, RefusalReason):
        return REFUSAL_WORDS[reason]
    return DELAY_WORDS[reason] if reason else ""


def _outcomes_in_words(results: Sequence[RightResult]) -> str:
    """A paragraph for what was done, and one for each right that was not, with why; empty if that is not all there."""
    if any(one.outcome is not RightOutcome.FULFILLED and not (one.reason and one.basis) for one in results):
        return ""
    done = [one.right for one in results if one.outcome is RightOutcome.FULFILLED]
    parts = [f"Done: {words_for(done)}."] if done else []
    for one in results:
        why = f"because {_reason_in_words(one.reason)}.\nIt rests on: {one.basis}"
        if one.outcome is RightOutcome.PARTLY_FULFILLED:
            parts.append(f"Done in part: {RIGHT_WORDS[one.right]}. The rest was not done, {why}")
        elif one.outcome is RightOutcome.REFUSED:
            parts.append(f"Not done: {RIGHT_WORDS[one.right]}, {why}")
    return "\n\n".join(parts)


def _places(template: str) -> set[str]:
    return {match["named"] for match in Template.pattern.finditer(template) if match["named"]}


def _laid_out(subject: str, body: str, values: dict[str, str], width: int = WIDTH) -> tuple[str, str]:
    text = Template(body).substitute(values)
    lines = [_folded(line, width) for line in text.split("\n")] if width else [text]
    return Template(subject).substitute(values), "\n".join(lines) + "\n"


def _folded(line: str, width: int) -> str:
    """A line broken between words; a link or another long word stays whole."""
    if len(line) <= width:
        return line
    return "\n".join(
        textwrap.wrap(
            line, width, expand_tabs=False, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
        )
    )
