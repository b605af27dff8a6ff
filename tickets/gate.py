"""The identity gate: which evidence settles that a request may be worked on. The triggers of 0002 say the same in SQL.

Two rights in one request need what the more demanding of them needs.
"""

from __future__ import annotations

from collections.abc import Collection

from tickets.vocabulary import (
    DESTRUCTIVE,
    ONE_SIGNAL,
    SIGNALS,
    STRONG_SIGNALS,
    TWO_SIGNALS,
    EvidenceKind,
    Right,
)

_SHOWN = {
    EvidenceKind.MAILBOX_CONTROL: "controls the mailbox",
    EvidenceKind.LOGIN_TOKEN: "logged in at the company's site",
    EvidenceKind.STAFF_RECORD_MATCH: "agrees with our records",
}


def signals_needed(rights: Collection[Right]) -> int:
    """How many different signals: 2, 1 or 0. No right at all counts as 2, because nothing says that less will do."""
    if not rights or not TWO_SIGNALS.isdisjoint(rights):
        return 2
    return 0 if ONE_SIGNAL.isdisjoint(rights) else 1


def settled(rights: Collection[Right], evidence: Collection[EvidenceKind]) -> bool:
    """Whether the evidence is enough; where any is needed, one signal must be about the account itself."""
    needed, signals = signals_needed(rights), SIGNALS.intersection(evidence)
    return needed == 0 or (len(signals) >= needed and not STRONG_SIGNALS.isdisjoint(signals))


def is_destructive(rights: Collection[Right]) -> bool:
    """Whether what is asked for cannot be undone."""
    return not DESTRUCTIVE.isdisjoint(rights)


def in_words(rights: Collection[Right], evidence: Collection[EvidenceKind]) -> str:
    """What is known of who asks, for staff: "controls the mailbox; account not yet checked"."""
    if signals_needed(rights) == 0:
        return "no proof is needed for this"
    shown = [words for kind, words in _SHOWN.items() if kind in evidence]
    if settled(rights, evidence):
        return "; ".join(shown)
    if STRONG_SIGNALS.isdisjoint(evidence):
        return "; ".join([*(shown or ["nothing shown yet"]), "account not yet checked"])
    return "; ".join([*shown, "a second, different signal is needed"])
