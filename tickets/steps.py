"""How a request moves: by the table, past its guards, with an entry in the trail. All in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets import audit, gate, outbox, rows
from tickets.clocks import Clock, Facts, Pause, due
from tickets.errors import MoveError, UnknownRequestError
from tickets.letters import CODE_KINDS
from tickets.moves import Case, check_move
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables_proof import pauses
from tickets.vocabulary import CLOSED, SIGNALS, EvidenceKind, Regime, Status

PROOF_WINDOW = timedelta(days=7)
_COLLIDED = "somebody else changed this request in the meantime: look at it again"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_BY_REQUESTER = frozenset({EvidenceKind.MAILBOX_CONTROL, EvidenceKind.LOGIN_TOKEN})


def move(
    unit: Unit,
    row: Row,
    to: Status,
    action: str,
    actor: str,
    now: datetime,
    *,
    change: Mapping[str, Any] = _NOTHING,
    detail: Mapping[str, Any] = _NOTHING,
) -> Row:
    """The one way a status changes; gives the row as it is then. change: columns set with it, seen by the guards.

    Raises MoveError. Closing a request takes back the codes that wait in its outbox.
    """
    case = case_of(unit, {**row, **change}, actor, now)
    check_move(case, to)
    if not rows.set_status(unit, row, to, now, change):
        raise MoveError(_COLLIDED)
    audit.append(unit, audit.Entry(now, row["id"], actor, action, case.status, to, dict(detail)))
    if to in CLOSED:
        outbox.cancel(unit, row["id"], now, CODE_KINDS)
    return reread(unit, row)


def note(
    unit: Unit,
    row: Row,
    action: str,
    actor: str,
    now: datetime,
    *,
    change: Mapping[str, Any] = _NOTHING,
    detail: Mapping[str, Any] = _NOTHING,
    bears: bool = True,
) -> Row:
    """Something happened that leaves the status as it is; gives the row as it is then.

    bears: whether it bears on a decision that staff are about to make; then their view is out of date by it.
    """
    if bears and not rows.change(unit, row, change):
        raise MoveError(_COLLIDED)
    status = Status(row["status"])
    audit.append(unit, audit.Entry(now, row["id"], actor, action, status, status, dict(detail)))
    return reread(unit, row)


def reread(unit: Unit, row: Row) -> Row:
    """The row as it is now."""
    current = rows.by_id(unit, row["id"])
    if current is None:
        raise UnknownRequestError("there is no such request here")
    return current


def case_of(unit: Unit, row: Row, actor: str, now: datetime) -> Case:
    """What the guards look at, with what depends on the time and on who acts."""
    destructive = gate.is_destructive(rows.rights_of(unit, row["id"]))
    hold_until, asked = row["hold_until"], row["proof_asked_at"]
    return replace(
        rows.case_of(row),
        actor=actor,
        destructive=destructive,
        hold_over=now >= hold_until if hold_until else not destructive,
        proof_window_over=bool(asked and asked + PROOF_WINDOW <= now and not shown(unit, row) & SIGNALS),
    )


def shown(unit: Unit, row: Row) -> frozenset[EvidenceKind]:
    """The kinds of evidence that a request has."""
    return frozenset(EvidenceKind(one["kind"]) for one in rows.evidence_of(unit, row["id"]))


def clock_now(unit: Unit, row: Row, *, extended: bool | None = None) -> Clock:
    """The clock from what is stored: the regimes, country and aim of the day of filing, and what happened since.

    The proof counts as arrived when the requester gave their part of it; how long staff took to check theirs does not
    move a date. A question that waits for its answer does not move one either, until the answer is there.
    """
    rights = rows.rights_of(unit, row["id"])
    arrived = [one["at"] for one in rows.evidence_of(unit, row["id"]) if EvidenceKind(one["kind"]) in _BY_REQUESTER]
    facts = Facts(
        extended=bool(row["extended_at"]) if extended is None else extended,
        proof_arrived=max(arrived) if arrived and gate.signals_needed(rights) else None,
        pauses=_pauses(unit, row),
    )
    regimes = [Regime(word) for word in json.loads(row["regimes"])]
    aim = row["target_days"]
    return due(regimes, rights, row["received_at"], country=row["country"], target_days=aim, facts=facts)


def _pauses(unit: Unit, row: Row) -> tuple[Pause, ...]:
    over = sa.select(pauses).where(pauses.c.request_id == row["id"], pauses.c.answered_at.is_not(None))
    found = unit.execute(over.order_by(pauses.c.asked_at)).mappings()
    return tuple(Pause(asked=one["asked_at"], answered=one["answered_at"]) for one in found)


def dates(clock: Clock) -> dict[str, Any]:
    """The columns of a clock."""
    return {
        "acknowledge_by": clock.acknowledge_by,
        "answer_by": clock.answer_by,
        "working": json.dumps(clock.working),
        "is_target": clock.is_target,
    }
