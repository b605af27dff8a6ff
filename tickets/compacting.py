"""Leaves no copies of deleted rows behind in a SQLite file.

secure_delete overwrites a row that is deleted. But when SQLite moves entries between pages, an older copy can stay in
the unused part of a page; deleting the entry does not find it (seen with 1,000 conversations: three pages of an index
still held pieces of erased ids). VACUUM writes the file anew from what is there.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from tickets.store import Store

AT_ONCE_BYTES = 200_000_000
"""Up to this size a file is written anew at once (measured: two seconds); above it, by `python -m tickets purge`."""
_MEMORY, _FILE = 2, 1  # PRAGMA temp_store


def compact(store: Store, *, largest: int | None = None) -> bool:
    """Write a SQLite file anew; nobody else may write or read meanwhile. PostgreSQL does it by itself (autovacuum).

    largest: leave a bigger file alone. False if that was so, or somebody was reading: the next time tries again.
    """
    if not store.is_sqlite:
        return True
    size = Path(store.engine.url.database).stat().st_size
    if largest is not None and size > largest:
        return False
    connection = store.engine.raw_connection()
    plain = connection.dbapi_connection
    try:
        # What does not fit into memory goes to a file without a name, which the system removes with the process.
        plain.execute(f"PRAGMA temp_store = {_MEMORY if size <= AT_ONCE_BYTES else _FILE}")
        plain.execute("VACUUM")
    except plain.OperationalError:
        structlog.get_logger("tickets").warning("compact_put_off", size=size)
        return False
    finally:
        plain.execute(f"PRAGMA temp_store = {_MEMORY}")
        connection.close()
    return True
