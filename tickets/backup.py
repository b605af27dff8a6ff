"""Backups: one file and its checksum, taken beside a running bot, and put back so that erased people stay erased.

The key file is NOT in a backup: keep a copy of it somewhere else, or the contacts in the backup cannot be read. After
a change of keys, earlier backups need the earlier key file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from alembic.util.exc import CommandError

from pii.encryption import Vault
from tickets import anchors, audit, backup_postgresql, backup_sqlite
from tickets.errors import StoreError
from tickets.ledger import Ledger
from tickets.lines import sync_folder
from tickets.retention import Keeper
from tickets.rotation import unknown_keys
from tickets.schedule import Reapplied
from tickets.store import Store, Unit
from tickets.tables import requests
from tickets.tables_arrivals import chats, inbox, votes
from tickets.tables_staff import staff, staff_sessions, viewers
from tickets.tables_talk import conversations, erasures, outbox

_CHUNK = 1 << 20
_FURTHER = 1_000_000  # more messages than are sent between two backups; two thousand restores until the numbers end


@dataclass(frozen=True)
class Around:
    """What lies around the database and is not replaced by a restore."""

    vault: Vault
    ledger: Path
    anchors: Path


@dataclass(frozen=True)
class Restored:
    """What came back. aside: where the database from before is now. unreadable: values whose key is not known."""

    requests: int
    aside: str
    erased: Reapplied
    unreadable: int


def back_up(store: Store, target: Path) -> str:
    """Write a backup that restore() reads; gives its SHA-256, which also stands beside it (as sha256sum writes it).

    The store may be read-only, and the bot may write meanwhile: the backup shows one moment. Raises StoreError.
    """
    if target.exists():
        raise StoreError(f"{target.name} is there already: a backup is never overwritten")
    part = target.with_name(target.name + ".part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        (backup_sqlite if store.is_sqlite else backup_postgresql).dump(store, part)
        _sync(part)
        checksum = _checksum(part)
        part.replace(target)
        # Last: a backup without its checksum is one that was interrupted.
        _checksum_file(target).write_text(f"{checksum}  {target.name}\n")
        _sync(_checksum_file(target))
        sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"the backup could not be written to {target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return checksum


def restore(url: str, source: Path, around: Around, now: datetime, *, force: bool = False) -> Restored:
    """Put a backup in the place of the database, which must be empty unless force keeps it aside.

    Bots must be stopped; on SQLite the writer's lock sees to it. The backup is checked, brought to the newest tables,
    and erased anew by the ledger before it counts (on PostgreSQL right after). Raises StoreError, and then on SQLite
    the database is as it was.
    """
    check(source)
    with Store(url) as store:
        if not force and not _is_empty(store):
            raise StoreError("the database is not empty: --force keeps it aside and puts the backup in its place")
        ledger = _ledger_of(store)
        if store.is_sqlite:
            with backup_sqlite.staged(store, source) as staging:
                requests_, erased, unreadable = _made_ready(f"sqlite:///{staging}", around, ledger, now)
                aside = backup_sqlite.swap(store, staging, now)
        else:
            aside = backup_postgresql.replace(store, source, now)
            requests_, erased, unreadable = _made_ready(url, around, ledger, now)
        with store.reading() as unit:
            anchors.mark_restored(unit, around.anchors, now)
    return Restored(requests_, aside, erased, unreadable)


def check(source: Path) -> None:
    """Raise StoreError unless the backup is whole by its checksum."""
    try:
        expected = _checksum_file(source).read_text().split()[0]
        found = _checksum(source)
    except (OSError, IndexError) as error:
        raise StoreError(f"{source.name} or its checksum {_checksum_file(source).name} cannot be read") from error
    if found != expected:
        raise StoreError(f"{source.name} does not fit its checksum: it is damaged or was changed")


def _made_ready(url: str, around: Around, ledger: Mapping[str, datetime], now: datetime) -> tuple[int, Reapplied, int]:
    """Migrate what came out of the backup, and erase what was erased since; gives what there is to tell."""
    with Store(url) as store:
        audit.use_key(store, around.vault)
        try:
            store.migrate()
        except CommandError as error:
            raise StoreError("the backup was made by a newer version of this program: use that one") from error
        with store.unit() as unit:
            Ledger(around.vault, around.ledger).take_over(unit, ledger)
            _number_on(store, unit)
            for table in (staff_sessions, viewers):
                unit.execute(sa.delete(table))  # logins that were ended since must not come back to life
            unit.commit()
        erased = Keeper(store, around.vault, ledger=around.ledger).reapply_erasures(now)
        with store.reading() as unit:
            count = int(unit.execute(sa.select(sa.func.count()).select_from(requests)).scalar())
            unreadable = sum(unknown_keys(unit, around.vault).values())
    return count, erased, unreadable


def _number_on(store: Store, unit: Unit) -> None:
    """Let new messages have numbers that none had before: readers have seen some that the backup does not know."""
    highest = int(unit.execute(sa.select(sa.func.coalesce(sa.func.max(outbox.c.sequence), 0))).scalar())
    if store.is_sqlite:
        first = "INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', 0"
        unit.execute(sa.text(f"{first} WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')"))
        change = "UPDATE sqlite_sequence SET seq = max(seq, :highest) + :further WHERE name = 'outbox'"
    else:
        serial = "pg_get_serial_sequence('outbox', 'sequence')"
        change = f"SELECT setval({serial}, greatest(nextval({serial}), :highest) + :further)"
    unit.execute(sa.text(change).bindparams(highest=highest, further=_FURTHER))


def _is_empty(store: Store) -> bool:
    """Whether nobody's data would be replaced. What cannot be read counts as data."""
    try:
        with store.reading() as unit:
            if not sa.inspect(unit.connection).has_table(requests.name):
                return True
            tables = (requests, conversations, inbox, chats, votes, staff)
            known = [table for table in tables if sa.inspect(unit.connection).has_table(table.name)]
            return not any(unit.execute(sa.select(table.c.id).limit(1)).first() for table in known)
    except (StoreError, sa.exc.DBAPIError):
        return False


def _ledger_of(store: Store) -> Mapping[str, datetime]:
    """The ledger of the database that is replaced, as far as it can be read: it may know more than the backup."""
    try:
        with store.reading() as unit:
            return {row.hash: row.at for row in unit.execute(sa.select(erasures))}
    except (StoreError, sa.exc.DBAPIError):
        return {}


def _checksum_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
