"""What a conversation sees of its wish to reach a request that was filed elsewhere.

Until the right code is typed, all of it follows from what this conversation did itself: that it asked, when, and how
often it guessed. Nothing follows from whether there is such a request, so that asking and guessing finds none out. The
tries that protect a request are counted with its own challenge; a new wish refills what is seen here, never those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickets import budgets
from tickets.challenges import MOST_SENDS
from tickets.office import DAY, Office
from tickets.outcomes import CodeResult, Outcome
from tickets.store import Unit
from tickets.tables_proof import MOST_TRIES
from tickets.vocabulary import Purpose


@dataclass(frozen=True)
class Wish:
    """A conversation's newest wish. tries: how often it has guessed since."""

    asked_at: datetime
    expires_at: datetime
    tries: int

    def is_open(self, now: datetime) -> bool:
        """Whether a code may still be typed."""
        return self.expires_at > now and self.tries < MOST_TRIES

    def closed_result(self) -> CodeResult:
        """What is said to a code that may not be typed any more."""
        outcome = Outcome.SPENT if self.tries >= MOST_TRIES else Outcome.EXPIRED
        return CodeResult(outcome, MOST_TRIES - self.tries, Purpose.REACH)


def begin(unit: Unit, office: Office, conversation: str, now: datetime) -> bool:
    """Note that a conversation asked; False if it has asked as often today as codes are sent."""
    budgets.begin(unit, _tries(office, conversation), now)
    return budgets.spend(unit, _asks(office, conversation), MOST_SENDS, DAY, now)


def found(unit: Unit, office: Office, conversation: str) -> Wish | None:
    """The newest wish of a conversation, also one whose time is over."""
    seen = budgets.look(unit, _tries(office, conversation))
    return Wish(seen[0], seen[0] + timedelta(minutes=office.code_minutes), seen[1]) if seen else None


def guess(unit: Unit, office: Office, conversation: str, now: datetime) -> int | None:
    """Count a guess; gives how many are left, None if none was."""
    name = _tries(office, conversation)
    if not budgets.spend(unit, name, MOST_TRIES, timedelta(minutes=office.code_minutes), now):
        return None
    seen = budgets.look(unit, name)
    return MOST_TRIES - seen[1] if seen else None


def end(unit: Unit, office: Office, conversation: str) -> None:
    """The wish was fulfilled."""
    budgets.drop(unit, _tries(office, conversation))


def _tries(office: Office, conversation: str) -> str:
    return f"reach:tries:{office.vault.ledger_hash(conversation, 'conversation')}"


def _asks(office: Office, conversation: str) -> str:
    return f"reach:asks:{office.vault.ledger_hash(conversation, 'conversation')}"
