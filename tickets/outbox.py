"""The outgoing messages: written in the transaction of what they tell, sent afterwards by tickets.worker.

A lane keeps its order: nothing of it is given out while an earlier message of it waits. Who takes a message holds it
for LEASE; a worker that dies lets it go by that. So a message is sent at least once, and twice only where a worker
died between sending and noting it. What is said is sealed at rest, and emptied once it is of no use any more.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Vault
from tickets import deeds
from tickets.deeds import SYSTEM
from tickets.errors import InputError
from tickets.leasing import gathered
from tickets.outgoing import (
    LONGEST_KIND,
    DeadLetter,
    FeedMessage,
    Letter,
    Parcel,
    Row,
    check,
    given_up,
    opened,
    row_of,
    said,
)
from tickets.store import Store, Unit
from tickets.tables_talk import outbox
from tickets.vocabulary import Delivery, Subject, Way

__all__ = ["DeadLetter", "FeedMessage", "Letter", "Outbox", "Parcel", "cancel", "post", "post_sent"]

LEASE = timedelta(seconds=60)
WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1_800, 7_200, *(21_600,) * 7))
"""How long after each failure the next try is made: 13 tries in about two days."""
_JITTER = 0.15  # so that what failed together does not come back together
_LONGEST_WAIT = timedelta(days=7)  # a server that asks for more is not believed
_MOST_AT_ONCE = 200

# Written out, because SQLite uses an index over a part of a table only for a condition that it can read.
_WAITING = sa.text("outbox.status = 'waiting'")


def post(unit: Unit, vault: Vault, letter: Letter, now: datetime) -> str:
    """Put a message into the outbox, in the caller's transaction. Gives its id. Raises InputError."""
    check(letter, now)
    values = row_of(vault, letter, now)
    unit.execute(sa.insert(outbox).values(**values, status=Delivery.WAITING.value))
    return str(values["id"])


def post_sent(unit: Unit, vault: Vault, letter: Letter, now: datetime) -> tuple[str, int]:
    """Put a message of a web conversation into the outbox as already sent; gives its id and sequence.

    What still waits for this conversation is shown before it: who reads on after this one would never see that.
    Raises InputError.
    """
    check(letter, now)
    if letter.way is not Way.WEB:
        raise InputError("only a message to a web conversation is sent by being written down")
    earlier = sa.select(outbox).where(_WAITING, outbox.c.lane == letter.lane, outbox.c.way == Way.WEB.value)
    for row in unit.execute(earlier.order_by(outbox.c.sequence)).mappings().all():
        _show(unit, vault, row, now)
    values = row_of(vault, letter, now) | _ended(Delivery.SENT, now)
    return values["id"], int(unit.execute(sa.insert(outbox).values(**values)).inserted_primary_key[0])


def _show(unit: Unit, vault: Vault, row: Row, now: datetime) -> None:
    try:
        is_late = opened(vault, row, now).is_late(now)
    except EncryptionError:
        return  # a process that has its key may still show it
    unit.execute(_of_row(row["id"]).values(**(_too_late(row, now) if is_late else _sent(now))))


def cancel(unit: Unit, request_id: str, now: datetime, kinds: Collection[str] = ()) -> int:
    """Take back what still waits for a request, of those kinds or of all; gives how many. What left stays sent."""
    of_request = sa.update(outbox).where(outbox.c.request_id == request_id, _WAITING)
    if kinds:
        of_request = of_request.where(outbox.c.kind.in_(list(kinds)))
    return int(unit.execute(of_request.values(**_ended(Delivery.CANCELLED, now), sealed=b"")).rowcount)


class Outbox:
    """The messages that wait, from the side of who sends, reads or watches them. `now` is aware UTC everywhere."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def lease(self, now: datetime, limit: int = 20, ways: Collection[Way] = tuple(Way)) -> list[Parcel]:
        """The oldest waiting message of each lane whose time has come, held for LEASE by who calls.

        A message past its deadline is cancelled instead. One that does not open with this process's keys waits for a
        process that has them, as after a failure.
        """
        with self._store.reading() as unit:
            if not unit.execute(_due(now, 1, ways)).first():
                return []  # looking does not queue behind the writers
        with self._store.unit() as unit:
            parcels = gathered(
                limit,
                lambda number: unit.execute(_due(now, number, ways)).mappings().all(),
                lambda row: self._taken(unit, row, now),
            )
            unit.commit()
        return parcels

    def _taken(self, unit: Unit, row: Row, now: datetime) -> Parcel | None:
        leased_until = now + LEASE
        try:
            parcel = opened(self._vault, row, leased_until)
        except EncryptionError:
            unit.execute(_of_row(row["id"]).values(**_after_failure(row["attempts"], None, "unreadable", now, None)))
            return None
        if parcel.is_late(now):
            unit.execute(_of_row(parcel.id).values(**_too_late(row, now)))
            return None
        unit.execute(_of_row(parcel.id).values(leased_until=leased_until))
        return parcel

    def delivered(self, parcel: Parcel, now: datetime) -> None:
        """It has left. Counts also if the lease ran out or it was cancelled on its way: sent is sent.

        Not so on the web, where it is this note that shows the message: there a cancelled one stays unseen.
        """
        if parcel.way is Way.WEB:
            self._note(_of_row(parcel.id).where(_WAITING).values(**_sent(now)))
        else:
            self._note(_of_row(parcel.id).values(**_sent(now), sealed=b""))

    def failed(self, parcel: Parcel, problem: str, now: datetime, retry_after: float | None = None) -> None:
        """It did not leave; try again after retry_after seconds exactly, or after a growing wait; dead after all tries.

        problem: the kind of failure in a word, never its text. A letter whose deadline is sooner is cancelled.
        """
        values = _after_failure(parcel.attempts, parcel.deadline, problem, now, retry_after)
        self._note(_if_still_held(parcel).values(**values))

    def put_off(self, parcel: Parcel, now: datetime, seconds: float) -> None:
        """It was not tried: its lane has to wait so long, and that costs no try. Past its deadline it is cancelled."""
        next_at = now + timedelta(seconds=min(max(0.0, seconds), _LONGEST_WAIT.total_seconds()))
        self._note(_if_still_held(parcel).values(next_at=next_at, leased_until=None))

    def refused(self, parcel: Parcel, problem: str, now: datetime) -> None:
        """It can never be delivered: dead at once."""
        self._note(_if_still_held(parcel).values(**_dead(parcel.attempts + 1, parcel.deadline, problem, now)))

    def try_again(self, letter_id: str, now: datetime, *, actor: str = SYSTEM) -> bool:
        """Let a dead letter wait once more, with all its tries. False if there is none, or nothing is left of it.

        actor: who lets it, for the audit trail.
        """
        dead = _of_row(letter_id).where(outbox.c.status == Delivery.DEAD.value, sa.func.length(outbox.c.sealed) > 0)
        again = {"status": Delivery.WAITING.value, "attempts": 0, "next_at": now, "done_at": None}
        with self._store.unit() as unit:
            if unit.execute(dead.values(**again)).rowcount != 1:
                return False
            deeds.note(unit, Subject.LETTER, letter_id, "letter_tried_again", actor, now)
            unit.commit()
        return True

    def free_leases(self) -> int:
        """End all leases; gives how many. Only for a process that is the only one, when it starts."""
        return self._note(
            sa.update(outbox).where(_WAITING, outbox.c.leased_until.is_not(None)).values(leased_until=None)
        )

    def feed(self, conversation: str, after: int, limit: int = 50) -> tuple[FeedMessage, ...]:
        """What was delivered to a web conversation with a sequence greater than `after`, in order."""
        found = (
            sa.select(outbox)
            .where(outbox.c.lane == conversation, outbox.c.sequence > after)
            .where(outbox.c.way == Way.WEB.value, outbox.c.status == Delivery.SENT.value)
            .order_by(outbox.c.sequence)
            .limit(max(1, min(limit, _MOST_AT_ONCE)))
        )
        with self._store.reading() as unit:
            rows = unit.execute(found).mappings().all()
        return tuple(said(self._vault, row) for row in rows)

    def read(self, letter_id: str) -> FeedMessage | None:
        """One message that was delivered to a web conversation; None if there is none of that id any more."""
        shown = (outbox.c.way == Way.WEB.value, outbox.c.status == Delivery.SENT.value)
        with self._store.reading() as unit:
            row = unit.execute(sa.select(outbox).where(outbox.c.id == letter_id, *shown)).mappings().first()
        return said(self._vault, row) if row is not None else None

    def dead(self, limit: int = 100) -> tuple[DeadLetter, ...]:
        """What was given up, newest first. Neither the recipient nor the text is shown."""
        found = sa.select(outbox).where(sa.text("outbox.status = 'dead'"))
        with self._store.reading() as unit:
            rows = unit.execute(found.order_by(outbox.c.sequence.desc()).limit(limit)).mappings().all()
        return tuple(given_up(row) for row in rows)

    def counts(self) -> dict[Delivery, int]:
        """How many messages stand where."""
        counted = sa.select(outbox.c.status, sa.func.count()).group_by(outbox.c.status)
        with self._store.reading() as unit:
            found = {Delivery(status): int(number) for status, number in unit.execute(counted)}
        return {delivery: found.get(delivery, 0) for delivery in Delivery}

    def oldest_waiting(self) -> datetime | None:
        """Since when the oldest unsent message waits; cheap enough to be asked all the time."""
        with self._store.reading() as unit:
            oldest: datetime | None = unit.execute(sa.select(sa.func.min(outbox.c.created_at)).where(_WAITING)).scalar()
        return oldest

    def _note(self, statement: Any) -> int:
        with self._store.unit() as unit:
            changed = int(unit.execute(statement).rowcount)
            unit.commit()
        return changed


def _due(now: datetime, limit: int, ways: Collection[Way]) -> Any:
    earlier = outbox.alias("earlier")
    blocked = sa.exists().where(
        earlier.c.lane == outbox.c.lane, earlier.c.sequence < outbox.c.sequence, sa.text("earlier.status = 'waiting'")
    )
    free = sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)
    found = sa.select(outbox).where(_WAITING, outbox.c.next_at <= now, free, ~blocked)
    found = found.where(outbox.c.way.in_([way.value for way in ways]))
    return found.order_by(outbox.c.next_at, outbox.c.sequence).limit(limit)


def _of_row(letter_id: str) -> Any:
    return sa.update(outbox).where(outbox.c.id == letter_id)


def _if_still_held(parcel: Parcel) -> Any:
    """Who comes back after the lease has gone to another may not undo what the other found."""
    return _of_row(parcel.id).where(_WAITING, outbox.c.leased_until == parcel.leased_until)


def _ended(status: Delivery, now: datetime) -> dict[str, Any]:
    return {"status": status.value, "done_at": now, "leased_until": None}


def _sent(now: datetime) -> dict[str, Any]:
    return _ended(Delivery.SENT, now) | {"problem": None}


def _too_late(row: Row, now: datetime) -> dict[str, Any]:
    return _ended(Delivery.CANCELLED, now) | {"sealed": b"", "problem": row["problem"] or "late"}


def _dead(attempts: int, deadline: datetime | None, problem: str, now: datetime) -> dict[str, Any]:
    # What has a deadline is of no use to anybody later; other letters are kept, so that staff can send them again.
    emptied = {"sealed": b""} if deadline is not None else {}
    return _ended(Delivery.DEAD, now) | emptied | {"attempts": attempts, "problem": problem[:LONGEST_KIND]}


def _after_failure(
    failures: int, deadline: datetime | None, problem: str, now: datetime, retry_after: float | None
) -> dict[str, Any]:
    if failures >= len(WAITS):
        return _dead(failures + 1, deadline, problem, now)
    next_at = now + _wait(failures, retry_after)
    noted = {"attempts": failures + 1, "problem": problem[:LONGEST_KIND]}
    if deadline is not None and next_at >= deadline:
        return _ended(Delivery.CANCELLED, now) | noted | {"sealed": b""}
    return noted | {"next_at": next_at, "leased_until": None}


def _wait(failures: int, retry_after: float | None) -> timedelta:
    if retry_after is not None and math.isfinite(retry_after) and 0 <= retry_after <= _LONGEST_WAIT.total_seconds():
        return timedelta(seconds=retry_after)
    return WAITS[failures] * random.uniform(1 - _JITTER, 1 + _JITTER)
