"""What is taken away, row by row, in the caller's transaction: of a closed request, and of a conversation."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Vault
from tickets import audit, remarks, settling
from tickets.chats import chat_of, lane_of
from tickets.store import Unit
from tickets.tables import idempotency_keys, requests
from tickets.tables_arrivals import chats, votes
from tickets.tables_proof import challenges, grants, held_contacts, request_contacts, stop_links
from tickets.tables_talk import conversations, outbox
from tickets.vocabulary import Delivery, Purpose, Status, Way

ERASED = "erased:"
_CHATS = (Way.WEB.value, Way.TELEGRAM.value)


def pseudonymise(unit: Unit, request_ids: Collection[str], actor: str, now: datetime) -> int:
    """Take the person out of closed requests: contacts, proof, words, conversation. Gives how many were changed.

    What stays is the record that 11 CCR 7101 asks for: dates, rights, manner, answer and its basis. A mail that still
    waits to be sent stays too: it is the answer; it empties itself once it is sent.
    """
    found = sa.select(requests.c.id, requests.c.status, requests.c.row_version).where(
        requests.c.id.in_(request_ids), requests.c.closed_at.is_not(None), requests.c.pseudonymised_at.is_(None)
    )
    rows = unit.execute(found.order_by(requests.c.id)).all()
    ids = [row.id for row in rows]
    drop_contacts(unit, ids)
    remarks.drop(unit, ids)
    unit.execute(sa.delete(idempotency_keys).where(idempotency_keys.c.request_id.in_(ids)))
    unit.execute(sa.delete(grants).where(grants.c.request_id.in_(ids)))
    done = (outbox.c.request_id.in_(ids), outbox.c.status != Delivery.WAITING.value)
    unit.execute(sa.delete(outbox).where(*done))
    for row in rows:
        nobody = ERASED + secrets.token_hex(16)
        change = {"conversation": nobody, "filer": nobody, "text": "", "pseudonymised_at": now}
        same = sa.update(requests).where(requests.c.id == row.id)
        unit.execute(same.values(**change, row_version=row.row_version + 1))
        status = Status(row.status)
        audit.append(unit, audit.Entry(now, row.id, actor, "pseudonymised", status, status, {}))
    return len(rows)


def drop_contacts(unit: Unit, request_ids: Collection[str]) -> None:
    """Take away how the person of a request is reached, and the codes and links that were sent there."""
    for table in (request_contacts, challenges, stop_links):
        unit.execute(sa.delete(table).where(table.c.request_id.in_(request_ids)))


def erase_talk(unit: Unit, vault: Vault, conversation: str, until: datetime, now: datetime) -> int:
    """Take away everything of a conversation from before that time, but its requests. Gives the number of rows.

    The code of an open request of this conversation ends, but its row stays: with the row its counted tries would go,
    and being forgotten would be a way to guess on.
    """
    gone = _deleted(unit, conversations, conversations.c.id, conversation, conversations.c.at, until)
    said = outbox.c.way.in_(_CHATS)
    gone += _deleted(unit, outbox, outbox.c.lane, conversation, outbox.c.created_at, until, said)
    gone += settling.erase(unit, _lanes(unit, vault, conversation), until, now)
    gone += _leave_chat(unit, conversation, until, now)
    for table in (held_contacts, grants, idempotency_keys, votes):
        gone += _deleted(unit, table, table.c.conversation, conversation, table.c.at, until)
    own = sa.select(requests.c.id).where(requests.c.conversation == conversation, requests.c.closed_at.is_(None))
    still_counted = sa.and_(challenges.c.request_id.in_(own), challenges.c.purpose == Purpose.PROVE.value)
    ended = sa.update(challenges).where(challenges.c.conversation == conversation, challenges.c.sent_at <= until)
    unit.execute(ended.where(still_counted, challenges.c.expires_at > now).values(expires_at=now))
    old = sa.delete(challenges).where(challenges.c.conversation == conversation, challenges.c.sent_at <= until)
    return gone + int(unit.execute(old.where(sa.not_(still_counted))).rowcount)


def _lanes(unit: Unit, vault: Vault, conversation: str) -> list[str]:
    """Where its messages arrive: a web conversation's own lane, or that of its Telegram chat."""
    try:
        chat = chat_of(unit, vault, conversation)
    except EncryptionError:
        chat = None  # a row that is damaged must not keep the rest from being erased
    return [conversation] if chat is None else [conversation, lane_of(vault, chat)]


def _leave_chat(unit: Unit, conversation: str, until: datetime, now: datetime) -> int:
    """The row stays as long as there is something to be said there: purging takes it then."""
    own = (chats.c.conversation == conversation, chats.c.bound_at <= until, chats.c.forgotten_at.is_(None))
    return int(unit.execute(sa.update(chats).where(*own).values(is_current=False, forgotten_at=now)).rowcount)


def _deleted(unit: Unit, table: Any, column: Any, value: str, time: Any, until: datetime, *more: Any) -> int:
    return int(unit.execute(sa.delete(table).where(column == value, time <= until, *more)).rowcount)
