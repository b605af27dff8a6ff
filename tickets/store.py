"""The database: how it is opened, and the unit of work.

SQLite runs with a rollback journal, not WAL: SQLite before 3.51.3 can corrupt a WAL file when two connections write or
checkpoint at once, and Debian's is older. journal_mode=TRUNCATE with synchronous=FULL syncs the file and the emptied
journal before a commit returns, so an acknowledged commit survives power loss (DELETE would need EXTRA for that).
secure_delete overwrites what is deleted. One process writes: a lock beside the file refuses a second. More writers need
PostgreSQL.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, final

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from sqlalchemy import event, exc  # type: ignore[import-untyped,unused-ignore]
from sqlalchemy.engine import make_url  # type: ignore[import-untyped,unused-ignore]
from sqlalchemy.pool import QueuePool  # type: ignore[import-untyped,unused-ignore]

from tickets import migrations
from tickets.errors import (
    ConstraintError,
    StoreError,
    StoreLockedError,
    StoreOutdatedError,
    StoreUnavailableError,
)

BUSY_MILLISECONDS = 5_000  # less than a person is kept waiting for an answer
CONNECT_SECONDS = 5
_WRITERS_LOCK = 7_305_512_011  # PostgreSQL's advisory lock: writers queue, as they do on SQLite
_PRAGMAS = {
    "busy_timeout": BUSY_MILLISECONDS,
    "journal_mode": "truncate",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "secure_delete": 1,
    "temp_store": 2,  # memory: no copies of rows in temporary files
    "trusted_schema": 0,
}
_UNDEFINED_TABLE = "42P01"


class Unit:
    """One transaction. What is not committed is rolled back. audit_key: see Store."""

    def __init__(self, connection: Any, audit_key: bytes | None = None) -> None:
        self.connection = connection
        self.audit_key = audit_key
        self.committed = False

    def execute(self, statement: Any) -> Any:
        """Run one statement in this transaction."""
        return self.connection.execute(statement)

    def refresh(self) -> None:
        """Look at the newest state from here on, and let writers in between; a writing transaction stays as it is."""
        if not self.connection.get_execution_options().get(migrations.WRITES, False):
            self.connection.rollback()
            self.connection.begin()

    def commit(self) -> None:
        """Make everything since the beginning durable, at once."""
        self.connection.commit()
        self.committed = True


@final
class Store:
    """An open database. Close it, or use it as a context manager, so that the writer's lock goes back."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Open the database at a SQLAlchemy URL (sqlite:///path or postgresql://…); tables come with migrate().

        read_only: for a process that only looks; it takes no lock and cannot write.
        Raises StoreLockedError, StoreUnavailableError, or StoreError for a URL that is neither of the two.
        """
        self.audit_key: bytes | None = None  # set by audit.use_key; without it entries are hashed without a key
        self.is_sqlite, path = _read_url(url)
        self._lock: _WriterLock | None = None
        self._writing = threading.Lock()
        self._path = path
        if path is not None:
            self._lock = _prepared(path, read_only)
        self.engine = _engine(url, read_only)

    def migrate(self) -> None:
        """Bring the tables to the newest revision."""
        with _translated():
            migrations.upgrade(self.engine)

    def check_current(self) -> None:
        """Raise StoreOutdatedError unless the tables are those this code needs."""
        with self.reading() as unit:
            if not migrations.is_current(unit.connection):
                raise StoreOutdatedError("the database's tables are not those of this version: run the migrations")

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A writing transaction; the only writer while it lasts. Leaving without commit() rolls back."""
        with self._turn(), self._transaction({migrations.WRITES: True}) as unit:
            yield unit

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite, whose writers sleep and look again, those of this process queue here instead."""
        if not self.is_sqlite:
            yield
            return
        if not self._writing.acquire(timeout=BUSY_MILLISECONDS / 1000):
            raise StoreUnavailableError("the database is too busy: nothing was saved")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._transaction({}) as unit:
            yield unit

    @contextmanager
    def _transaction(self, options: dict[str, bool]) -> Iterator[Unit]:
        if self._path is not None and not self._path.is_file():
            # A pooled connection would go on writing into the deleted file.
            raise StoreUnavailableError("the database's file is gone: nothing was saved")
        # Leaving the connection's block without a commit rolls back.
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**options)
            connection.begin()
            yield Unit(connection, self.audit_key)

    def close(self) -> None:
        """Close all connections and give the writer's lock back."""
        self.engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _WriterLock:
    """An advisory lock on a file. The system gives it back when the process dies, also by kill -9."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise StoreLockedError(
                f"{path.name} is held: another process already writes to this SQLite file. Stop it first, "
                "or use PostgreSQL, which takes several writers."
            ) from error

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would let two holders in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _read_url(url: str) -> tuple[bool, Path | None]:
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise StoreError("the database URL cannot be read: use sqlite:///path or postgresql://…") from error
    if parsed.get_backend_name() == "postgresql":
        return False, None
    if parsed.get_backend_name() != "sqlite":
        raise StoreError("only SQLite and PostgreSQL are supported")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError("SQLite needs a file: what is kept in memory is lost, and a request must not be")
    return True, Path(parsed.database)


def _prepared(path: Path, read_only: bool) -> _WriterLock | None:
    """Make sure the file is there, readable by its owner alone, and ours to write."""
    if read_only:
        if not path.is_file():
            raise StoreUnavailableError(f"there is no database at {path} yet")
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _WriterLock(path.with_name(path.name + ".lock"))
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreUnavailableError(f"the database at {path} cannot be opened: {error.strerror}") from error
    return lock


def _sync_directory(path: Path) -> None:
    """A new file's name survives power loss only once its directory is synced."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _engine(url: str, read_only: bool) -> Any:
    # hide_parameters: an error's text must not carry what a person typed.
    common = {"future": True, "hide_parameters": True, "pool_pre_ping": True}
    if make_url(url).get_backend_name() == "sqlite":
        arguments = {"check_same_thread": False, "timeout": BUSY_MILLISECONDS / 1000}
        engine = sa.create_engine(url, poolclass=QueuePool, connect_args=arguments, **common)
        event.listen(engine, "connect", _sqlite_set_up(read_only))
    else:
        engine = sa.create_engine(url, connect_args={"connect_timeout": CONNECT_SECONDS}, **common)
        event.listen(engine, "connect", _postgresql_set_up(read_only))
    event.listen(engine, "begin", _begin)
    return engine


def _sqlite_set_up(read_only: bool) -> Callable[[Any, Any], None]:
    def set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions begin where _begin says, not where the driver guesses
        for name, value in _PRAGMAS.items():
            got = connection.execute(f"PRAGMA {name} = {value}").fetchone()
            got = got or connection.execute(f"PRAGMA {name}").fetchone()
            if got[0] != value:
                raise StoreError(f"SQLite did not accept {name} = {value}")
        if read_only:
            # Not mode=ro: after a crash the first to look must be able to roll the journal back.
            connection.execute("PRAGMA query_only = 1")

    return set_up


def _postgresql_set_up(read_only: bool) -> Callable[[Any, Any], None]:
    def set_up(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute(f"SET lock_timeout = {BUSY_MILLISECONDS}")
            cursor.execute("SET TIME ZONE 'UTC'")
            if read_only:
                cursor.execute("SET default_transaction_read_only = on")
        connection.commit()

    return set_up


def _begin(connection: Any) -> None:
    """Writers queue from the first statement on, so what they read stays true until they commit."""
    writes = connection.get_execution_options().get(migrations.WRITES, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except exc.IntegrityError as error:
        raise ConstraintError("the database refused the row: it would break a rule that always holds") from error
    except exc.DBAPIError as error:
        if _is_missing_table(error):
            raise StoreOutdatedError("the database has no tables yet: run the migrations") from error
        raise StoreUnavailableError("the database did not answer or is full: nothing was saved") from error
    except exc.StatementError as error:
        raise StoreError("a value does not fit its column's type: nothing was saved") from error
    except exc.TimeoutError as error:
        raise StoreUnavailableError("the database is too busy: nothing was saved") from error


def _is_missing_table(error: exc.DBAPIError) -> bool:
    return getattr(error.orig, "pgcode", None) == _UNDEFINED_TABLE or "no such table" in str(error.orig)
