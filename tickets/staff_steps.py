"""The steps of a login: what a session lacks, and what may be done in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from pii.redacted import Redacted
from tickets import staff_delays, staff_sessions
from tickets.rows import Row
from tickets.staff import Member, change, member_of
from tickets.staff_sessions import CONFIRMED
from tickets.store import Unit


class Outcome(str, Enum):
    """What came of a step: refused, to be tried later, what is next, or done.

    wrong: a password, a code or a session that does not count; deliberately not told which.
    """

    WRONG = "wrong"
    WAIT = "wait"
    PASSWORD_CHANGE = "password_change"
    SETUP_SECOND_FACTOR = "setup_second_factor"
    SECOND_FACTOR = "second_factor"
    DONE = "done"


@dataclass(frozen=True)
class Step:
    """The answer to a step. token: of the session from here on; None if nothing changed about the earlier one."""

    outcome: Outcome
    token: Redacted | None = None
    wait_seconds: int = 0
    member: Member | None = None


@dataclass(frozen=True)
class StaffSession:
    """A living session. Only what is_complete may see anything. missing: the step that comes next, or DONE."""

    member: Member
    created_at: datetime
    confirmed_at: datetime | None
    is_complete: bool
    missing: Outcome

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the password was asked for again in the last ten minutes."""
        return self.is_complete and _is_recent(self.confirmed_at, now)


WRONG = Step(Outcome.WRONG)


def missing(row: Row) -> Outcome:
    """What a session lacks. The password alone changes nothing about an account that has a second factor."""
    if row["is_complete"]:
        return Outcome.DONE
    if row["sealed"]:
        return Outcome.SECOND_FACTOR
    return Outcome.PASSWORD_CHANGE if row["is_first_password"] else Outcome.SETUP_SECOND_FACTOR


def may_set_up(row: Row, now: datetime) -> bool:
    """Whether a second factor may be set up: there is none, or its owner has just confirmed to be there."""
    if missing(row) is Outcome.DONE:
        return _is_recent(row["confirmed_at"], now)
    return missing(row) is Outcome.SETUP_SECOND_FACTOR


def session_of(row: Row) -> StaffSession:
    """A session's row as the rest of the product sees it."""
    times = (row["session_created_at"], row["confirmed_at"])
    return StaffSession(member_of(row), *times, bool(row["is_complete"]), missing(row))


def begun(unit: Unit, staff_id: str, now: datetime) -> Step:
    """The session of somebody who knew the password."""
    return _told(unit, staff_sessions.begin(unit, staff_id, now), now)


def followed(unit: Unit, row: Row, now: datetime, *, alone: bool = False) -> Step:
    """Go on with a session, as changed in the row, under a new token. alone: all others of its owner end."""
    token = staff_sessions.follow(unit, row, now)
    if alone and token is not None:
        staff_sessions.end_others(unit, row["id"], token)
    return _told(unit, token, now) if token is not None else WRONG


def count_try(unit: Unit, row: Row, now: datetime) -> int:
    """Count a try in the account's row; gives the seconds to wait if it may not be compared: then it did not count."""
    waits = staff_delays.seconds_until(row["next_try_at"], now)
    if not waits:
        failures = row["failures"] + 1
        next_try_at = now + timedelta(seconds=staff_delays.wait_after(failures))
        change(unit, row["id"], failures=failures, next_try_at=next_try_at)
    return waits


def forgive(unit: Unit, row: Row) -> None:
    """The try was right: the count begins anew."""
    change(unit, row["id"], failures=0, next_try_at=None)


def _told(unit: Unit, token: Redacted, now: datetime) -> Step:
    row = staff_sessions.find(unit, token, now)
    return Step(missing(row), token, 0, member_of(row)) if row is not None else WRONG


def _is_recent(confirmed_at: datetime | None, now: datetime) -> bool:
    return confirmed_at is not None and confirmed_at > now - CONFIRMED
