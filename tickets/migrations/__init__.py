"""Brings a database to the tables this code needs. SQLite and PostgreSQL; all or nothing.

Alembic is imported where something is to be done: a database that is current costs a start no time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0006"  # the newest revision under versions/
# The option by which tickets.store makes a transaction a writing one from its first statement.
WRITES = "tickets_writes"


def upgrade(engine: Any, revision: str = "head") -> None:
    """Run what is missing, in one writing transaction: a kill in the middle leaves the old tables, run it again.

    `engine` is a Store's; its begin hook takes the writers' lock, so two processes do not migrate at once.
    """
    if revision in ("head", HEAD):
        with engine.connect() as connection:
            if is_current(connection):
                return
    from alembic import command

    with engine.connect() as plain, _without_foreign_keys(plain):
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            _check_foreign_keys(connection)


@contextmanager
def _without_foreign_keys(connection: Any) -> Iterator[None]:
    """SQLite makes a table anew to change it; dropping the old one would count as deleting its rows.

    The setting holds outside transactions only, so it is sent past SQLAlchemy, which would begin one.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    plain = connection.connection.dbapi_connection
    plain.execute("PRAGMA foreign_keys = 0")
    try:
        yield
    finally:
        plain.execute("PRAGMA foreign_keys = 1")


def _check_foreign_keys(connection: Any) -> None:
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise RuntimeError("the migration left a row whose parent is missing: nothing was changed")


def is_current(connection: Any) -> bool:
    """Whether the database stands at the newest revision."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    return list(found) == [HEAD]


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
