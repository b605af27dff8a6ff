"""Rows as the rest of the product writes them, for the tests of what is kept and what leaves."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets import audit
from tickets.arriving import Incoming, row_of
from tickets.chats import CHAT_INDEX, Chat
from tickets.chats import packed as packed_chat
from tickets.contacts import CONTACT_INDEX
from tickets.conversations import place_of
from tickets.outgoing import Letter, packed
from tickets.store import Store, Unit
from tickets.tables import idempotency_keys, request_rights, requests
from tickets.tables_arrivals import chats, votes
from tickets.tables_arrivals import inbox as arrivals
from tickets.tables_proof import budgets, challenges, evidence, grants, held_contacts, request_contacts, stop_links
from tickets.tables_staff import staff
from tickets.tables_talk import conversations, outbox
from tickets.vocabulary import CLOSED, Right, Role, Status, Way


def put(unit: Unit, table: Any, **values: Any) -> None:
    unit.execute(sa.insert(table).values(**values))


def sealed(vault: Vault, table: str, row: str, value: str) -> dict[str, Any]:
    box = vault.seal(Redacted(value), f"{table}.sealed:{row}")
    return {"sealed": box.data, "key_id": box.key}


def add_request(
    store: Store, vault: Vault, conversation: str, now: datetime, status: Status = Status.RECEIVED, **changes: Any
) -> str:
    """As put_request, in a transaction of its own."""
    with store.unit() as unit:
        name = put_request(unit, vault, conversation, now, status, **changes)
        unit.commit()
    return name


def put_request(
    unit: Unit, vault: Vault, conversation: str, now: datetime, status: Status = Status.RECEIVED, **changes: Any
) -> str:
    """A request with a contact, a challenge, a stop link, a key, a sent message and its audit entry; gives its id."""
    name = secrets.token_hex(16)
    values = {
        "id": name,
        "reference": f"KLS-{name[:9]}",
        "policy": "klasso",
        "policy_version": "2026-04",
        "channel": "web",
        "conversation": conversation,
        "text": f"text of {conversation}",
        "regimes": json.dumps(["gdpr"]),
        "received_at": now,
        "answer_by": (now + timedelta(days=30)).date(),
        "working": json.dumps(["received", "one month"]),
        "is_target": False,
        "status": Status.RECEIVED.value,
        "filer": f"requester:{conversation}",
    }
    put(unit, requests, **values)
    put(unit, request_rights, request_id=name, right=Right.DELETION.value)
    moved = {"status": status.value, "closed_at": now if status in CLOSED else None}
    asked = {"proof_asked_at": now if status is Status.UNVERIFIED else None}
    unit.execute(sa.update(requests).where(requests.c.id == name).values(**(moved | asked | changes)))
    audit.append(unit, audit.Entry(now, name, "requester", "opened", None, Status(status), {}))
    add_contact(unit, vault, name, f"{conversation}@example.org")
    add_traces(unit, name, conversation, now)
    add_message(unit, vault, conversation, now, status="sent", request_id=name)
    return name


def add_contact(unit: Unit, vault: Vault, request_id: str, address: str) -> None:
    row = secrets.token_hex(16)
    look_up = vault.look_up(Redacted(address), CONTACT_INDEX)
    box = sealed(vault, "request_contacts", row, address)
    put(unit, request_contacts, id=row, request_id=request_id, kind="email", look_up=look_up, **box)


def add_traces(unit: Unit, request_id: str, conversation: str, now: datetime) -> None:
    times = {"sent_at": now, "expires_at": now + timedelta(minutes=10)}
    row = {"id": secrets.token_hex(16), "request_id": request_id, "conversation": conversation}
    put(unit, challenges, **row, purpose="prove", code_hash="0" * 64, tries=2, **times)
    put(unit, stop_links, hash=secrets.token_hex(32), request_id=request_id, at=now)
    key = {"key": secrets.token_hex(8), "fingerprint": "0" * 64, "receipt": f'"{conversation}"', "at": now}
    put(unit, idempotency_keys, conversation=conversation, request_id=request_id, **key)


def add_evidence(store: Store, request_id: str, kind: str, now: datetime) -> None:
    with store.unit() as unit:
        put(unit, evidence, id=secrets.token_hex(16), request_id=request_id, kind=kind, at=now, actor="requester")
        unit.commit()


def add_grant(store: Store, request_id: str, conversation: str, now: datetime) -> None:
    with store.unit() as unit:
        put(unit, grants, request_id=request_id, conversation=conversation, at=now)
        unit.commit()


def add_message(unit: Unit, vault: Vault, lane: str, now: datetime, **changes: Any) -> None:
    row = secrets.token_hex(16)
    letter = Letter(Way(changes.get("way", "web")), lane, "news", Redacted(lane), "", f"to {lane}")
    box = sealed(vault, "outbox", row, packed(letter).reveal())
    usual = {"way": "web", "kind": "news", "status": "waiting", "created_at": now, "next_at": now}
    put(unit, outbox, **(usual | {"id": row, "lane": lane, **box} | changes))


def add_talk(store: Store, vault: Vault, conversation: str, now: datetime) -> None:
    """As put_talk, in a transaction of its own."""
    with store.unit() as unit:
        put_talk(unit, vault, conversation, now)
        unit.commit()


def put_talk(unit: Unit, vault: Vault, conversation: str, now: datetime) -> None:
    """A kept conversation, a held contact and a waiting message."""
    box = vault.seal_bytes(b"talk", place_of(conversation))
    put(unit, conversations, id=conversation, sealed=box.data, key_id=box.key, at=now)
    row = secrets.token_hex(16)
    contact = sealed(vault, "held_contacts", row, f"held-{conversation}@example.org")
    put(unit, held_contacts, id=row, conversation=conversation, kind="email", at=now, **contact)
    add_message(unit, vault, conversation, now)


def put_arrivals(unit: Unit, vault: Vault, conversation: str, chat: int, now: datetime) -> None:
    """A message that waits, a chat and a vote."""
    incoming = Incoming("web", f"{conversation}:1", conversation, Redacted('"hello"'))
    put(unit, arrivals, **row_of(vault, incoming, now))
    row, value = secrets.token_hex(16), packed_chat(Chat("7", chat))
    named = {"id": row, "conversation": conversation, "policy": "klasso", "look_up": vault.look_up(value, CHAT_INDEX)}
    put(unit, chats, **named, **sealed(vault, "chats", row, value.reveal()), is_current=True, bound_at=now)
    row = secrets.token_hex(16)
    about = dict.fromkeys(("policy", "version", "topic", "kind"), "x") | {"clauses": "[]", "is_right": True}
    said = sealed(vault, "votes", row, '{"note": "", "question": "why"}')
    put(unit, votes, id=row, conversation=conversation, message_id="m1", **about, **said, at=now)


def put_staff(unit: Unit, vault: Vault, login: str, now: datetime, role: Role = Role.AGENT) -> str:
    """A member of staff with a second factor that nobody has; gives the id."""
    name = f"staff:{secrets.token_hex(8)}"
    usual = {"password": "", "is_first_password": False, "is_disabled": False, "created_at": now}
    put(unit, staff, id=name, login=login, role=role.value, **sealed(vault, "staff", name, "JBSWY3DPEHPK3PXP"), **usual)
    return name


def add_budget(store: Store, name: str, now: datetime) -> None:
    with store.unit() as unit:
        put(unit, budgets, name=name, began_at=now, spent=1)
        unit.commit()


def drop_kept_aside(url: str) -> None:
    """Drop the schemas that restores on PostgreSQL have kept beside that of the URL."""
    if not url.startswith("postgresql"):
        return
    kept = f"{url.rpartition('%3D')[2]}_before_%"
    with Store(url) as store, store.unit() as unit:
        named = sa.text("SELECT nspname FROM pg_namespace WHERE nspname LIKE :name").bindparams(name=kept)
        for name in unit.execute(named).scalars().all():
            unit.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        unit.commit()
