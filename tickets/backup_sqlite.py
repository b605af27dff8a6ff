"""Backups of a SQLite file, by the driver's own backup: copying the file beside a writer would tear it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tickets.errors import StoreError, StoreUnavailableError
from tickets.lines import sync_folder
from tickets.store import Store


def dump(store: Store, target: Path) -> None:
    """Copy the database as it is at one moment, and check the copy. Writers wait while it lasts."""
    source = store.engine.raw_connection()
    copy = sqlite3.connect(target)
    try:
        source.dbapi_connection.backup(copy)
        _check(copy)
    except sqlite3.Error as error:
        raise StoreUnavailableError(
            "the database could not be read, or there is no space: nothing was saved"
        ) from error
    finally:
        copy.close()
        source.close()


@contextmanager
def staged(store: Store, backup: Path) -> Iterator[Path]:
    """A checked copy of the backup beside the database, to be made ready before it counts."""
    place = _path_of(store)
    staging = place.with_name(place.name + ".restoring")
    _remove(staging)
    try:
        os.close(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        shutil.copyfile(backup, staging)
        copy = sqlite3.connect(staging)
        try:
            _check(copy)
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{backup.name} is not a backup of a SQLite database") from error
        finally:
            copy.close()
        yield staging
    except OSError as error:
        raise StoreUnavailableError(f"the backup could not be put in place: {error.strerror}") from error
    finally:
        _remove(staging)


def swap(store: Store, staging: Path, now: datetime) -> str:
    """Put the copy in the database's place at once; gives where the earlier one is now, or "" if it was empty."""
    store.engine.dispose()
    place = _path_of(store)
    aside = place.with_name(f"{place.name}.before-{now:%Y%m%dT%H%M%S%f}")
    with staging.open("rb+") as file:
        os.fsync(file.fileno())
    if place.stat().st_size:
        os.link(place, aside)
    journal = place.with_name(place.name + "-journal")
    if journal.exists():  # of a crash: SQLite would play it back into the new file
        journal.rename(aside.with_name(aside.name + "-journal"))
    staging.replace(place)
    sync_folder(place.parent)
    return aside.name if aside.exists() else ""


def _check(connection: sqlite3.Connection) -> None:
    whole = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    if not whole or connection.execute("PRAGMA foreign_key_check").fetchone():
        raise StoreError("the copy is damaged: SQLite's own check fails")


def _remove(staging: Path) -> None:
    for ending in ("", "-journal", ".lock"):
        staging.with_name(staging.name + ending).unlink(missing_ok=True)


def _path_of(store: Store) -> Path:
    return Path(store.engine.url.database)
