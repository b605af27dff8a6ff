"""Right party first: where the policy makes somebody else the one to ask, that is said, with a letter to send them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from actions.speaking import RIGHT_DEEDS
from policies_kb.answering import Quote, Role, quotes_of
from policies_kb.knowledge import Policy
from policies_kb.profile import Referral
from tickets.vocabulary import Right

OTHER, OWN = "other", "own"  # who decides about this person's data: the other party, or the company itself
_OWN = re.compile(
    r"\b(own|mine|(my|her|him)self|themselves|personal|private|privately|"
    r"i have an? (\w+ )?account)\b"
)

# A question is passed on to the company whoever decides about the data.
NOT_REFERRED = frozenset({Right.QUESTION, Right.COMPLAINT, Right.APPEAL})


def referral_for(policy: Policy, rights: tuple[Right, ...]) -> Referral | None:
    """Whom else this policy may send a person to who uses these rights."""
    return None if NOT_REFERRED.issuperset(rights) else policy.profile.referral


def party_named(referral: Referral, text: str) -> str | None:
    """Which side a person's own words name; None if neither or both."""
    plain = " ".join(re.findall(r"[a-z0-9']+", text.lower()))
    words = "|".join(map(re.escape, referral.words))
    denied = re.search(rf"\b(no|not|without)\b( \w+){{0,3}}? ({words})\b", plain) if words else None
    other = denied is None and bool(words) and re.search(rf"\b({words})\b", plain) is not None
    own = denied is not None or _OWN.search(plain) is not None
    if other == own:
        return None
    return OTHER if other else OWN


def party_at_once(referral: Referral, text: str) -> str | None:
    """Which side a first wish names. "Send it to my new school" names a school too: only words that are sure count."""
    named = party_named(referral, text)
    return named if named != OTHER or _stands_in(referral.sure_words, text) else None


def _stands_in(words: tuple[str, ...], text: str) -> bool:
    plain = " ".join(re.findall(r"[a-z0-9']+", text.lower()))
    return bool(words) and re.search(rf"\b({'|'.join(map(re.escape, words))})\b", plain) is not None


def speaks_of_own(text: str) -> bool:
    """Whether a person says that the account is their own."""
    return _OWN.search(text.lower()) is not None


def referral_quotes(policy: Policy, referral: Referral) -> tuple[Quote, ...]:
    """The clauses that name the other party."""
    return quotes_of(policy.index, referral.clauses, Role.ANSWER)


def letter(policy: Policy, referral: Referral, rights: tuple[Right, ...], today: date) -> dict[str, Any]:
    """A letter to the other party, ready to send: plain text with gaps for the name and the address."""
    quote = referral_quotes(policy, referral)[0]
    deeds = "\n".join(f"- {RIGHT_DEEDS[right]}" for right in rights)
    return {
        "company": policy.profile.name,
        "version": policy.current.version,
        "clause": quote.clause.text,
        "deeds": deeds,
        "day": f"{today.day} {today:%B %Y}",
    }
