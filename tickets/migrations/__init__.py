"""Brings a database to the tables this code needs. SQLite and PostgreSQL; all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

# The option by which tickets.store makes a transaction a writing one from its first statement.
WRITES = "tickets_writes"


def upgrade(engine: Any, revision: str = "head") -> None:
    """Run what is missing, in one writing transaction: a kill in the middle leaves the old tables, run it again.

    `engine` is a Store's; its begin hook takes the writers' lock, so two processes do not migrate at once.
    """
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
    heads = set(ScriptDirectory.from_config(_config()).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
