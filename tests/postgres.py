"""Places on the PostgreSQL server of the tests: TEST_POSTGRES_URL, which .ci/run always sets."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "")


@contextmanager
def own_schema() -> Iterator[str]:
    """The URL of an empty schema, which is gone afterwards."""
    schema = f"test_{secrets.token_hex(8)}"
    engine = sa.create_engine(POSTGRES, future=True)
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    yield f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@contextmanager
def own_database() -> Iterator[str]:
    """The URL of an empty database, which is gone afterwards with whoever is still connected."""
    name = f"desk_{secrets.token_hex(6)}"
    engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT", future=True)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
