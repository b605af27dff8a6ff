"""What arrives on a channel: durable before the channel is told so, kept in order, settled with its answer.

A row is unique by its source and key, so a message that is delivered twice is one message. A lane keeps its order:
nothing of it is given out while an earlier row of it waits or is held. Who takes a row holds it for LEASE. settle() is
called in the transaction that keeps the answer: an effect happens once, whatever dies in between. What was said is
sealed, and emptied once it is settled; the keyed hash of its key stays for a while, so that a repetition is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Vault
from tickets import deeds
from tickets.arriving import (
    WAITS,
    Incoming,
    Item,
    Received,
    Row,
    Stuck,
    after_failure,
    check,
    item_of,
    key_hash,
    mark_hash,
    opened,
    row_of,
)
from tickets.deeds import SYSTEM
from tickets.errors import KeyReusedError
from tickets.leasing import gathered
from tickets.settling import QUARANTINED, WAITING, erase, let_lanes_go, settle, settle_with
from tickets.store import Store, Unit
from tickets.tables_arrivals import inbox
from tickets.vocabulary import Arrival, Subject

__all__ = ["LEASE", "Inbox", "Incoming", "Item", "Received", "Stuck", "erase", "settle", "settle_with"]

LEASE = timedelta(seconds=60)
_UNREADABLE = "unreadable"
_LOST = "lease_ran_out"

_UNKNOWN = Received(is_new=True, item=None, is_settled=False, reply_id=None)


class Inbox:
    """The arrived messages, from the side of who takes them in, works on them or watches them. `now` is aware UTC."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def receive(self, incoming: Incoming, now: datetime, *, take: bool = False) -> Received:
        """Keep a message unless its key is known. take: hold it at once, if it is next in its lane and nobody does.

        Raises InputError, KeyReusedError for another mark under a known key, and StoreError: then nothing was kept.
        """
        check(incoming)
        with self._store.unit() as unit:
            row = self._found(unit, incoming.source, incoming.key)
            if row is None:
                item = self._insert(unit, incoming, now, take and _is_first(unit, incoming.lane))
                unit.commit()
                return Received(is_new=True, item=item, is_settled=False, reply_id=None)
            if incoming.mark and row["mark"] not in ("", mark_hash(self._vault, incoming.mark)):
                raise KeyReusedError("this key came before with other content")
            item = self._take(unit, row, now) if take and _is_free(unit, row, now) else None
            if item is not None:
                unit.commit()
        return _known(row, item)

    def receive_all(self, batch: Sequence[Incoming], now: datetime) -> int:
        """Keep messages in one transaction, in their order; known keys are skipped. Gives how many were new."""
        new = 0
        for incoming in batch:
            check(incoming)
        with self._store.unit() as unit:
            for incoming in batch:
                if self._found(unit, incoming.source, incoming.key) is None:
                    self._insert(unit, incoming, now, held=False)
                    new += 1
            unit.commit()
        return new

    def look(self, source: str, key: str) -> Received:
        """What is known of a key, without changing anything; is_new: it never came."""
        with self._store.reading() as unit:
            row = self._found(unit, source, key)
        return _known(row, None) if row is not None else _UNKNOWN

    def lease(self, now: datetime, limit: int = 1, sources: Collection[str] | None = None) -> list[Item]:
        """The oldest waiting row of each free lane whose time has come, held for LEASE by who calls.

        A row that does not open with this process's keys counts as failed once more; so does one whose lease ran out.
        """
        with self._store.reading() as unit:
            if not unit.execute(_due(now, 1, sources)).first():
                return []  # looking does not queue behind the writers
        with self._store.unit() as unit:
            items = gathered(
                limit,
                lambda number: unit.execute(_due(now, number, sources)).mappings().all(),
                lambda row: self._take(unit, row, now),
            )
            unit.commit()
        return items

    def let_go(self, item: Item, now: datetime) -> None:
        """Give it back untried, for example because the process ends. It comes again at once."""
        self._note(_if_still_held(item).values(leased_until=None, next_at=now))

    def failed(self, item: Item, problem: str, now: datetime) -> bool:
        """It could not be worked on; it comes again after a growing wait. True once the last try has failed.

        problem: the kind of failure in a word, never its text. What then is quarantined no longer holds up its lane.
        """
        values = after_failure(item.attempts, problem, now)
        noted = self._note(_if_still_held(item).values(**values)) == 1
        return noted and values["status"] == Arrival.QUARANTINED.value

    def settle(self, item: Item, now: datetime, reply_id: str | None = None) -> bool:
        """As settle() of this module, in a transaction of its own."""
        with self._store.unit() as unit:
            is_first = settle(unit, item, now, reply_id)
            unit.commit()
        return is_first

    def quarantined(self, limit: int = 100) -> tuple[Stuck, ...]:
        """What was given up, newest first, without what it says."""
        columns = (inbox.c.sequence, inbox.c.source, inbox.c.attempts, inbox.c.problem, inbox.c.received_at)
        found = sa.select(*columns).where(QUARANTINED).order_by(inbox.c.sequence.desc()).limit(limit)
        with self._store.reading() as unit:
            return tuple(Stuck(**row) for row in unit.execute(found).mappings())

    def try_again(self, sequence: int, now: datetime, *, actor: str = SYSTEM) -> bool:
        """Let a quarantined message wait once more, with all its tries. False if there is none of that number.

        actor: who lets it, for the audit trail.
        """
        stuck = sa.update(inbox).where(inbox.c.sequence == sequence, QUARANTINED)
        again = {"status": Arrival.WAITING.value, "attempts": 0, "next_at": now, "done_at": None}
        with self._store.unit() as unit:
            if unit.execute(stuck.values(**again)).rowcount != 1:
                return False
            deeds.note(unit, Subject.ARRIVAL, sequence, "arrival_tried_again", actor, now)
            unit.commit()
        return True

    def waiting(self, lane: str | None = None) -> int:
        """How many messages wait or are held, of all lanes or of one."""
        counted = sa.select(sa.func.count()).select_from(inbox).where(WAITING)
        with self._store.reading() as unit:
            return int(unit.execute(counted if lane is None else counted.where(inbox.c.lane == lane)).scalar())

    def oldest_waiting(self) -> datetime | None:
        """Since when the oldest of them waits."""
        with self._store.reading() as unit:
            oldest: datetime | None = unit.execute(sa.select(sa.func.min(inbox.c.received_at)).where(WAITING)).scalar()
        return oldest

    def free_leases(self, now: datetime) -> int:
        """End all leases; gives how many. Only for a process that is the only one, when it starts."""
        held = sa.update(inbox).where(WAITING, inbox.c.leased_until.is_not(None))
        with self._store.unit() as unit:
            ended = int(unit.execute(held.values(leased_until=None)).rowcount)
            let_lanes_go(unit)
            unit.commit()
        return ended

    def _insert(self, unit: Unit, incoming: Incoming, now: datetime, held: bool) -> Item | None:
        values = row_of(self._vault, incoming, now) | {"leased_until": now + LEASE if held else None}
        sequence = int(unit.execute(sa.insert(inbox).values(**values)).inserted_primary_key[0])
        return item_of(incoming, sequence, now, now + LEASE) if held else None

    def _take(self, unit: Unit, row: Row, now: datetime) -> Item | None:
        this = sa.update(inbox).where(inbox.c.sequence == row["sequence"])
        # Who held it before neither settled it nor noted a failure: they hang or died, perhaps because of it.
        failures = row["attempts"] + (row["leased_until"] is not None)
        if failures > len(WAITS):
            unit.execute(this.values(**after_failure(len(WAITS), _LOST, now)))
            return None
        try:
            item = opened(self._vault, {**row, "attempts": failures}, now + LEASE)
        except EncryptionError:
            unit.execute(this.values(**after_failure(failures, _UNREADABLE, now)))
            return None
        unit.execute(this.values(attempts=failures, leased_until=item.leased_until))
        return item

    def _found(self, unit: Unit, source: str, key: str) -> Row | None:
        same = (inbox.c.source == source, inbox.c.key == key_hash(self._vault, source, key))
        row: Row | None = unit.execute(sa.select(inbox).where(*same)).mappings().first()
        return row

    def _note(self, statement: Any) -> int:
        with self._store.unit() as unit:
            changed = int(unit.execute(statement).rowcount)
            unit.commit()
        return changed


def _known(row: Row, item: Item | None) -> Received:
    return Received(False, item, row["status"] == Arrival.SETTLED.value, row["reply_id"])


def _is_first(unit: Unit, lane: str, before: int | None = None) -> bool:
    """Whether nothing waits in the lane, or nothing before that sequence."""
    earlier = sa.select(inbox.c.sequence).where(WAITING, inbox.c.lane == lane)
    if before is not None:
        earlier = earlier.where(inbox.c.sequence < before)
    return unit.execute(earlier.limit(1)).first() is None


def _is_free(unit: Unit, row: Row, now: datetime) -> bool:
    is_held = row["leased_until"] is not None and row["leased_until"] > now
    is_waiting = row["status"] == Arrival.WAITING.value
    return is_waiting and not is_held and _is_first(unit, row["lane"], row["sequence"])


def _due(now: datetime, limit: int, sources: Collection[str] | None) -> Any:
    # The first of each lane, found in one pass: asking for each row whether another is before it takes PostgreSQL
    # 150 ms where 10,000 messages of one lane wait. Materialized, or its planner asks again for each row after all.
    heads = sa.select(sa.func.min(inbox.c.sequence).label("first")).where(WAITING).group_by(inbox.c.lane).subquery()
    free = sa.or_(inbox.c.leased_until.is_(None), inbox.c.leased_until <= now)
    found = sa.select(inbox).join(heads, inbox.c.sequence == heads.c.first).where(inbox.c.next_at <= now, free)
    if sources is not None:
        found = found.where(inbox.c.source.in_(list(sources)))
    due = found.cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
    return sa.select(due).order_by(due.c.next_at, due.c.sequence).limit(limit)


def _if_still_held(item: Item) -> Any:
    """Who comes back after the lease has gone to another may not undo what the other found."""
    mine = (inbox.c.sequence == item.sequence, inbox.c.leased_until == item.leased_until)
    return sa.update(inbox).where(WAITING, *mine)
