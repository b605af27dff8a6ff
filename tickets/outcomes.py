"""What comes of typed codes and of asking for another one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tickets.vocabulary import Purpose


class Outcome(str, Enum):
    """What came of a typed code. spent: no try is left, here or in the budget of all people. none: none is awaited."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    EXPIRED = "expired"
    NONE = "none"


@dataclass(frozen=True)
class CodeResult:
    """The answer to a typed code. reference, purpose: of the request that the code was for; verified: as it is now."""

    outcome: Outcome
    tries_left: int = 0
    purpose: Purpose | None = None
    reference: str = ""
    verified: bool = False


class SendOutcome(str, Enum):
    """What came of asking for another code.

    too_many: three were sent, its tries are used up, or too many mails went out today. none: none is waited for.
    """

    SENT = "sent"
    TOO_MANY = "too_many"
    NONE = "none"


@dataclass(frozen=True)
class SendResult:
    """The answer to asking for another code. sent_to: a hint; left: how many more may be asked for."""

    outcome: SendOutcome
    sent_to: str = ""
    reference: str = ""
    purpose: Purpose | None = None
    left: int = 0
