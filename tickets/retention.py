"""How long what is kept, and how it leaves: on schedule, or because a person asks to be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Sealed, Vault
from tickets import erasing, outbox, remarks, rows, settling
from tickets.compacting import AT_ONCE_BYTES, compact
from tickets.contacts import hint
from tickets.expiring import KEEPER, expire, unproven
from tickets.findings import not_asked_since
from tickets.ledger import CONVERSATION, REQUEST, Ledger, newest_of
from tickets.letters import CODE_KINDS, Correspondence
from tickets.schedule import NOTHING, Forgotten, Holdings, Purged, Reapplied, Schedule
from tickets.staff_sessions import ABSOLUTE
from tickets.store import Store, Unit
from tickets.tables import idempotency_keys, requests
from tickets.tables_arrivals import chats, inbox, votes
from tickets.tables_proof import budgets, challenges, grants, held_contacts, request_contacts
from tickets.tables_staff import findings, staff_sessions, viewers
from tickets.tables_talk import conversations
from tickets.tables_talk import outbox as messages
from tickets.vocabulary import Arrival, ContactKind, Delivery, Status

__all__ = ["Forgotten", "Holdings", "Keeper", "Purged", "Reapplied", "Schedule"]

REQUESTER = "requester"
_LAST_WORD = timedelta(minutes=10)  # in it the last answer in a chat that is left is put into the outbox
_LOOKED = timedelta(hours=1)
_BATCH = 200  # rows of one transaction: nobody waits long for the writer's turn


class Keeper:
    """Looks after what leaves. Purging twice, or after a kill in the middle, does no harm."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        schedule: Schedule | None = None,
        *,
        ledger: Path | None = None,
        mail: Correspondence | None = None,
    ) -> None:
        """ledger: the file of erasures beside the database. mail: without it nobody is told that a request expired."""
        self._store = store
        self._vault = vault
        self.schedule = schedule or Schedule()
        self._ledger = Ledger(vault, ledger)
        self._mail = mail

    def my_data(self, conversation: str) -> Holdings:
        """What is kept of this conversation."""
        with self._store.reading() as unit:
            last = unit.execute(sa.select(conversations.c.at).where(conversations.c.id == conversation)).scalar()
            return Holdings(
                requests=rows.of_conversation(unit, conversation),
                hints=_hints(unit, self._vault, conversation),
                last_talk=last,
                talk_until=last and last + timedelta(days=self.schedule.conversation),
                messages=_count(unit, messages, messages.c.lane == conversation),
                votes=_count(unit, votes, votes.c.conversation == conversation),
                answers=remarks.answers_in(unit, conversation),
            )

    def forget(self, conversation: str, now: datetime) -> Forgotten:
        """Erase the conversation at once; its closed requests lose their person, its open ones stay until answered.

        Raises StoreError: then the database is as it was, and the person must hear so.
        """
        filed = sa.select(requests.c.id).where(requests.c.conversation == conversation).order_by(requests.c.id)
        with self._store.unit() as unit:
            ids = list(unit.execute(filed).scalars())
            self._ledger.write(unit, [(CONVERSATION, conversation), *((REQUEST, name) for name in ids)], now)
            erased = erasing.erase_talk(unit, self._vault, conversation, now, now)
            for name in ids:
                outbox.cancel(unit, name, now, CODE_KINDS)  # the codes have just ended
            pseudonymised = erasing.pseudonymise(unit, ids, REQUESTER, now)
            staying = rows.of_conversation(unit, conversation)
            unit.commit()
        if erased or pseudonymised:
            compact(self._store, largest=AT_ONCE_BYTES)
        return Forgotten(staying, pseudonymised, erased)

    def purge(self, now: datetime) -> Purged:
        """Let everything leave that is due, in small transactions: what is done stays done if it is interrupted."""
        before = self.schedule.before(now)
        keys, held = idempotency_keys.c, held_contacts.c
        settled = sa.func.coalesce(messages.c.done_at, messages.c.created_at)
        over = sa.and_(messages.c.status != Delivery.WAITING.value, settled < before["message"])
        purged = Purged(
            conversations=self._sweep(
                conversations, (conversations.c.id,), conversations.c.at < before["conversation"]
            ),
            held_contacts=self._sweep(held_contacts, (held.id,), held.at < before["held_contact"]),
            expired=self._expired(before["unverified"], now),
            pseudonymised=self._pseudonymised(before, now),
            keys=self._sweep(idempotency_keys, (keys.conversation, keys.key), keys.at < before["key"]),
            messages=self._sweep(messages, (messages.c.id,), over),
            budgets=self._sweep(budgets, (budgets.c.name,), budgets.c.began_at < before["budget"]),
            arrivals=self._arrivals(before, now),
            chats=self._silent_chats(before, now),
            votes=self._sweep(votes, (votes.c.id,), votes.c.at < before["conversation"]),
            sessions=self._sessions(now),
            findings=self._sweep(findings, (findings.c.id,), not_asked_since(before)),
        )
        if purged != NOTHING:
            compact(self._store, largest=AT_ONCE_BYTES)
        return purged

    def catch_up(self, now: datetime) -> Reapplied | None:
        """At every start: if the ledger's file knows erasures that the database does not, it came out of a backup."""
        outside = self._ledger.outside()
        with self._store.reading() as unit:
            known = self._ledger.entries(unit)
        return None if newest_of(known, outside) == known else self.reapply_erasures(now)

    def reapply_erasures(self, now: datetime) -> Reapplied:
        """Erase again what the ledger says: for a database that came out of a backup. What is newer stays."""
        with self._store.reading() as unit:
            entries = newest_of(self._ledger.entries(unit), self._ledger.outside())
            if not entries:
                return Reapplied(0, 0, 0)
            talks = [(name, self._ledger.hash_of(CONVERSATION, name)) for name in _all_conversations(unit)]
            left = sa.select(requests.c.id, requests.c.closed_at).where(requests.c.pseudonymised_at.is_(None))
            erased = [row for row in unit.execute(left) if self._ledger.hash_of(REQUEST, row.id) in entries]
        again = [(name, entries[value]) for name, value in talks if value in entries]
        for name, until in again:
            with self._store.unit() as unit:
                erasing.erase_talk(unit, self._vault, name, until, now)
                unit.commit()
        ids = [row.id for row in erased if row.closed_at is not None]
        changed = self._each(ids, lambda unit, some: erasing.pseudonymise(unit, some, KEEPER, now))
        with self._store.unit() as unit:  # last: what was interrupted before is done again
            self._ledger.take_over(unit, entries)
            unit.commit()
        compact(self._store, largest=AT_ONCE_BYTES)
        return Reapplied(len(again), changed, len(erased) - len(ids))

    def _pseudonymised(self, before: dict[str, datetime], now: datetime) -> int:
        """Closed requests whose time is over, and those of people who asked to be forgotten while they were open."""
        left = sa.select(requests.c.id).where(requests.c.pseudonymised_at.is_(None))
        expired = sa.and_(
            requests.c.status == Status.EXPIRED_UNVERIFIED.value, requests.c.closed_at < before["unverified"]
        )
        due = left.where(sa.or_(requests.c.closed_at < before["closed"], expired))
        # Looked at once their answer had its time to be read, and a month longer in case no purge ran.
        answered = left.where(
            requests.c.closed_at < before["message"], requests.c.closed_at > before["message"] - timedelta(days=31)
        )
        with self._store.reading() as unit:
            ids = list(unit.execute(due).scalars())
            known = self._ledger.entries(unit)
            if known:
                some = unit.execute(answered).scalars()
                ids += [name for name in some if self._ledger.hash_of(REQUEST, name) in known]
        return self._each(ids, lambda unit, some: erasing.pseudonymise(unit, some, KEEPER, now))

    def _arrivals(self, before: dict[str, datetime], now: datetime) -> int:
        with self._store.unit() as unit:
            settling.let_lanes_go(unit, now)
            unit.commit()
        return self._sweep(inbox, (inbox.c.sequence,), _arrived_before(before))

    def _silent_chats(self, before: dict[str, datetime], now: datetime) -> int:
        """In two steps: a chat of which nothing is kept is left first, and goes later, if nobody came back.

        So an answer that is on its way while the last of a conversation goes still finds its chat.
        """
        kept = sa.exists().where(conversations.c.id == chats.c.conversation)
        silent = (chats.c.forgotten_at.is_(None), chats.c.bound_at < before["conversation"], ~kept, ~_is_awaited())
        with self._store.unit() as unit:
            unit.execute(sa.update(chats).where(*silent).values(is_current=False, forgotten_at=now))
            unit.commit()
        left = (chats.c.forgotten_at < now - _LAST_WORD, ~_is_awaited())
        return self._sweep(chats, (chats.c.id,), sa.and_(*left))

    def _sessions(self, now: datetime) -> int:
        """Logins that have ended by their age, and the traces of who had a request open."""
        ended = self._sweep(staff_sessions, (staff_sessions.c.hash,), staff_sessions.c.created_at < now - ABSOLUTE)
        key = (viewers.c.request_id, viewers.c.staff_id)
        return ended + self._sweep(viewers, key, viewers.c.seen_at < now - _LOOKED)

    def _expired(self, asked_before: datetime, now: datetime) -> int:
        with self._store.reading() as unit:
            ids = list(unit.execute(unproven(asked_before)).scalars())
        return self._each(ids, lambda unit, some: expire(unit, self._vault, self._mail, some, asked_before, now))

    def _each(self, ids: list[str], change: Callable[[Unit, list[str]], int]) -> int:
        """Found while reading, changed in batches: a change looks again whether it still may."""
        changed = 0
        for start in range(0, len(ids), _BATCH):
            with self._store.unit() as unit:
                changed += change(unit, ids[start : start + _BATCH])
                unit.commit()
        return changed

    def _sweep(self, table: Any, key: tuple[Any, ...], old: Any) -> int:
        """Delete the old rows of a table, batch by batch."""
        columns = sa.tuple_(*key) if len(key) > 1 else key[0]
        some = sa.delete(table).where(columns.in_(sa.select(*key).where(old).limit(_BATCH)))
        gone = 0
        while True:
            with self._store.unit() as unit:
                batch = int(unit.execute(some).rowcount)
                unit.commit()
            gone += batch
            if batch < _BATCH:
                return gone


def _arrived_before(before: dict[str, datetime]) -> Any:
    """Settled messages, of which only the key is left, and given up ones; what waits never leaves unanswered."""
    return sa.or_(
        sa.and_(inbox.c.status == Arrival.SETTLED.value, inbox.c.done_at < before["arrival"]),
        sa.and_(inbox.c.status == Arrival.QUARANTINED.value, inbox.c.done_at < before["quarantine"]),
    )


def _is_awaited() -> Any:
    """Whether something is still to be said in a chat: a request is open, or a message of ours waits."""
    of_chat = chats.c.conversation
    still_open = sa.exists().where(requests.c.conversation == of_chat, requests.c.closed_at.is_(None))
    unsent = sa.exists().where(messages.c.lane == of_chat, messages.c.status == Delivery.WAITING.value)
    return sa.or_(still_open, unsent)


def _count(unit: Unit, table: Any, rule: Any) -> int:
    return int(unit.execute(sa.select(sa.func.count()).select_from(table).where(rule)).scalar())


def _hints(unit: Unit, vault: Vault, conversation: str) -> tuple[str, ...]:
    """The contacts of this conversation as they may be said back, each once."""
    own = sa.select(requests.c.id).where(requests.c.conversation == conversation)
    found = []
    for table, of_it in (
        (held_contacts, held_contacts.c.conversation == conversation),
        (request_contacts, request_contacts.c.request_id.in_(own)),
    ):
        for row in unit.execute(sa.select(table).where(of_it).order_by(table.c.id)):
            value = vault.open(Sealed(row.key_id, row.sealed), f"{table.name}.sealed:{row.id}")
            found.append(hint(ContactKind(row.kind), value))
    return tuple(sorted(set(found)))


def _all_conversations(unit: Unit) -> list[str]:
    columns = (conversations.c.id, held_contacts.c.conversation, challenges.c.conversation, grants.c.conversation)
    more = (idempotency_keys.c.conversation, messages.c.lane, inbox.c.lane, chats.c.conversation, votes.c.conversation)
    every = sa.union(*(sa.select(column) for column in (*columns, *more)))
    return list(unit.execute(every).scalars())
