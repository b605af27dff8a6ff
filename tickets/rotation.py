"""Changing the keys: a fresh one, everything sealed anew with it, and only then the old ones are forgotten.

Killed at any point it goes on where it was: the key file is saved before the first value is sealed with its new key,
each value names its key, and an old key leaves the file only when no value names it any more.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, KeyRing, Sealed, Vault, load_ring, save_ring
from pii.redacted import Redacted
from tickets.chats import CHAT_INDEX
from tickets.contacts import CONTACT_INDEX
from tickets.errors import StoreError
from tickets.store import Store, Unit
from tickets.tables_arrivals import chats, inbox, votes
from tickets.tables_proof import held_contacts, request_contacts
from tickets.tables_staff import findings, remarks, staff
from tickets.tables_talk import conversations, outbox
from tickets.vocabulary import Way

SEALED_TABLES = (held_contacts, request_contacts, outbox, conversations, inbox, chats, votes, staff, remarks, findings)
_INDEXES = {request_contacts.name: CONTACT_INDEX, chats.name: CHAT_INDEX}
SETTLE_SECONDS = 30.0
"""On PostgreSQL: longer than any transaction that sealed a value with a key from before the change."""
_BATCH = 200


@dataclass(frozen=True)
class Rotated:
    """What was done. unreadable: values that do not open with their key; while there are some, old keys are kept."""

    key: str
    sealed_anew: int
    unreadable: int
    dropped: tuple[str, ...]


def rotate(
    store: Store, ring_path: Path, spool: Path | None = None, sleep: Callable[[float], None] = time.sleep
) -> Rotated:
    """Change the keys; goes on with a change that was interrupted. spool: the folder of tickets.spool.

    On SQLite the store's lock keeps the bot away. On PostgreSQL bots run on if their vault follows the key file.
    Raises StoreError, also if another change is under way, and EncryptionError.
    """
    with _alone(ring_path):
        ring = load_ring(ring_path)
        if len(ring.keys) == 1:
            ring = ring.with_new_key()
            save_ring(ring_path, ring)
        vault = Vault(ring)
        done, unreadable = _seal_all(store, vault, spool)
        if not store.is_sqlite:
            sleep(SETTLE_SECONDS)
            more, unreadable = _seal_all(store, vault, spool)
            done += more
        dropped = () if unreadable else _forget_old(ring_path, ring)
    return Rotated(ring.current, done, unreadable, dropped)


@contextmanager
def _alone(ring_path: Path) -> Iterator[None]:
    """Two changes at once would each make a key, and one of the two keys would be lost with what it sealed."""
    descriptor = os.open(ring_path.with_name(ring_path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StoreError("the keys are being changed by another process") from error
    finally:
        os.close(descriptor)


def _forget_old(ring_path: Path, ring: KeyRing) -> tuple[str, ...]:
    save_ring(ring_path, ring.with_current_only())
    return tuple(name for name in ring.keys if name != ring.current)


def _seal_all(store: Store, vault: Vault, spool: Path | None) -> tuple[int, int]:
    """Seal everything anew that is not sealed with the current key; gives how much was, and how much does not open."""
    done = unreadable = 0
    for table in SEALED_TABLES:
        last = ""
        while True:
            with store.unit() as unit:
                old = sa.select(table).where(table.c.key_id != vault.current, table.c.id > last)
                rows = unit.execute(old.order_by(table.c.id).limit(_BATCH)).mappings().all()
                failed = sum(not _seal_row(unit, vault, table, row) for row in rows)
                unit.commit()
            done, unreadable = done + len(rows) - failed, unreadable + failed
            if len(rows) < _BATCH:
                break
            last = rows[-1]["id"]
    for path in _spooled(spool):
        sealed = _seal_file(path, vault)
        done, unreadable = done + (sealed is True), unreadable + (sealed is None)
    return done, unreadable


def _seal_row(unit: Unit, vault: Vault, table: Any, row: Mapping[str, Any]) -> bool:
    """False if the value does not open."""
    place = f"{table.name}.sealed:{row['id']}"
    change: dict[str, Any] = {"key_id": vault.current}
    opened = b""
    if row["sealed"]:  # a mail that was sent is empty, and so is a second factor that nobody set up
        try:
            opened = vault.open_bytes(Sealed(row["key_id"], row["sealed"]), place)
        except EncryptionError:
            return False
        change["sealed"] = vault.seal_bytes(opened, place).data
    if table.name in _INDEXES:
        change["look_up"] = vault.look_up(Redacted(opened.decode()), _INDEXES[table.name])
    if table is outbox and row["way"] == Way.MAIL.value:
        change["lane"] = _lane(vault, opened) or row["id"]
    unit.execute(sa.update(table).where(table.c.id == row["id"]).values(**change))
    return True


def _lane(vault: Vault, letter: bytes) -> str:
    """A mail's lane is the blind index of its address; that of a sent one would still show it to the old key."""
    return vault.look_up(Redacted(json.loads(letter)["recipient"]), CONTACT_INDEX) if letter else ""


def _spooled(spool: Path | None) -> list[Path]:
    found = spool.iterdir() if spool is not None and spool.is_dir() else ()
    return sorted(path for path in found if path.suffix in (".request", ".bad"))


def _seal_file(path: Path, vault: Vault) -> bool | None:
    """Whether a spooled request was sealed anew; None if it does not open."""
    place = f"spool:{path.stem}"
    try:
        outer = json.loads(path.read_text("utf-8"))
        if outer["key"] == vault.current:
            return False
        opened = vault.open_bytes(Sealed(outer["key"], bytes.fromhex(outer["data"])), place)
    except FileNotFoundError:
        return False  # it was filed meanwhile
    except (EncryptionError, ValueError, KeyError, TypeError):
        return None
    sealed = vault.seal_bytes(opened, place)
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"key": sealed.key, "data": sealed.data.hex()}, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return True


def unknown_keys(unit: Unit, vault: Vault) -> dict[str, int]:
    """How many values name a key that the key file does not have; for a database out of an old backup."""
    found: dict[str, int] = {}
    for table in SEALED_TABLES:
        counted = sa.select(table.c.key_id, sa.func.count()).where(sa.func.length(table.c.sealed) > 0)
        for name, count in unit.execute(counted.group_by(table.c.key_id)):
            if name not in vault.keys:
                found[name] = found.get(name, 0) + count
    return found
