"""The allowed moves of a request, as a table, and the guards that stand before them.

A pair that is not in MOVES is not allowed. A closed request never moves again: who wants more files a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tickets.errors import MoveError
from tickets.vocabulary import OPEN, RefusalReason, Status


class Guard(str, Enum):
    """A condition that must hold before a move. The values are names, used in errors and in the audit trail."""

    IDENTITY_SETTLED = "identity_settled"
    SECOND_PERSON = "second_person"
    REFUSAL_REASONED = "refusal_reasoned"
    ORIGINAL_NAMED = "original_named"
    CONTROLLER_NAMED = "controller_named"
    PROOF_WINDOW_OVER = "proof_window_over"
    HOLD_OVER = "hold_over"


@dataclass(frozen=True)
class Case:
    """What the guards look at. verified_at: when the question of identity was settled, also by "none is needed".

    actor: who makes the move. destructive: what is asked for cannot be undone, so one member of staff alone does not do
    it. hold_over, proof_window_over: worked out from the request and the time; not over where nobody did that.
    """

    status: Status
    filer: str
    approver: str | None = None
    verified_at: datetime | None = None
    refusal_reason: RefusalReason | None = None
    refusal_basis: str | None = None  # the clause or law
    duplicate_of: str | None = None
    referred_to: str | None = None
    proof_window_over: bool = False
    hold_over: bool = False
    destructive: bool = False
    actor: str = ""


_Table = Mapping[tuple[Status, Status], tuple[Guard, ...]]

_DONE = (Guard.IDENTITY_SETTLED, Guard.SECOND_PERSON, Guard.HOLD_OVER)
_BEFORE_WORK = frozenset({Status.RECEIVED, Status.UNVERIFIED, Status.VERIFIED})


def _table() -> dict[tuple[Status, Status], tuple[Guard, ...]]:
    table: dict[tuple[Status, Status], tuple[Guard, ...]] = {
        (Status.RECEIVED, Status.UNVERIFIED): (),
        (Status.RECEIVED, Status.VERIFIED): (Guard.IDENTITY_SETTLED,),
        (Status.UNVERIFIED, Status.VERIFIED): (Guard.IDENTITY_SETTLED,),
        (Status.UNVERIFIED, Status.EXPIRED_UNVERIFIED): (Guard.PROOF_WINDOW_OVER,),
        (Status.VERIFIED, Status.IN_PROGRESS): (Guard.IDENTITY_SETTLED,),
        (Status.IN_PROGRESS, Status.AWAITING_REQUESTER): (),
        (Status.IN_PROGRESS, Status.AWAITING_CONTROLLER): (),
        (Status.AWAITING_REQUESTER, Status.IN_PROGRESS): (Guard.IDENTITY_SETTLED,),
        (Status.AWAITING_CONTROLLER, Status.IN_PROGRESS): (Guard.IDENTITY_SETTLED,),
        (Status.IN_PROGRESS, Status.FULFILLED): _DONE,
        (Status.IN_PROGRESS, Status.PARTLY_FULFILLED): (*_DONE, Guard.REFUSAL_REASONED),
    }
    for status in OPEN:
        table[status, Status.WITHDRAWN] = ()
        table[status, Status.DENIED] = (Guard.REFUSAL_REASONED,)
        table[status, Status.REFERRED] = (Guard.CONTROLLER_NAMED,)
        if status in _BEFORE_WORK:
            table[status, Status.DUPLICATE] = (Guard.ORIGINAL_NAMED,)
    return table


MOVES: _Table = _table()


def _has_second_person(case: Case) -> bool:
    """The approver is not the filer; where nothing can be undone, not the one who does it either."""
    return (
        bool(case.approver) and case.approver != case.filer and not (case.destructive and case.approver == case.actor)
    )


GUARDS: Mapping[Guard, Callable[[Case], bool]] = {
    Guard.IDENTITY_SETTLED: lambda case: case.verified_at is not None,
    Guard.SECOND_PERSON: _has_second_person,
    Guard.REFUSAL_REASONED: lambda case: case.refusal_reason is not None and bool(case.refusal_basis),
    Guard.ORIGINAL_NAMED: lambda case: bool(case.duplicate_of),
    Guard.CONTROLLER_NAMED: lambda case: bool(case.referred_to),
    Guard.PROOF_WINDOW_OVER: lambda case: case.proof_window_over,
    Guard.HOLD_OVER: lambda case: case.hold_over,
}


def check_move(case: Case, to: Status) -> None:
    """Raise MoveError unless the case may go to that status now."""
    guards = MOVES.get((case.status, to))
    if guards is None:
        raise MoveError(f"a request that is {case.status.value} cannot become {to.value}")
    for guard in guards:
        if not GUARDS[guard](case):
            raise MoveError(f"a request cannot become {to.value}: {guard.value} does not hold")
