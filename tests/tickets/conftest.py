"""A store on a real SQLite file, and on PostgreSQL too where TEST_POSTGRES_URL names a server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from postgres import POSTGRES, own_schema

from pii.encryption import KeyRing, Vault
from tickets.letters import Correspondence
from tickets.model import OpenRequest
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Channel, Regime, Right

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)
VAULT = Vault(KeyRing.new())


def company(policy: str) -> str:
    """As in the product, only a policy that there is has a name."""
    if not policy.startswith(("kl", "policy")):
        raise KeyError(policy)
    return policy.title()


MAIL = Correspondence("https://desk.example.org", company)


def service_on(store: Store, **numbers: Any) -> RequestService:
    """A service with the keys and letters of the tests."""
    return RequestService(store, VAULT, MAIL, **numbers)


def wish(**changes: Any) -> OpenRequest:
    """A request that can be filed; name what matters to the test."""
    usual = OpenRequest(
        policy="klasso",
        policy_version="2026-04",
        rights=frozenset({Right.DELETION}),
        channel=Channel.WEB,
        conversation="conversation-1",
        text="please delete everything, answer to [email-1]",
        regimes=frozenset({Regime.GDPR}),
        idempotency_key="key-1",
    )
    return replace(usual, **changes)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its tables, made once and copied."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
    return path


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'privacy-desk.db'}"
        return
    with own_schema() as url:
        yield url


@pytest.fixture
def url(empty_url: str, migrated_file: Path) -> str:
    """The URL of an empty database with its tables."""
    if empty_url.startswith("sqlite"):
        shutil.copyfile(migrated_file, empty_url.removeprefix("sqlite:///"))
    else:
        with Store(empty_url) as store:
            store.migrate()
    return empty_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as opened:
        yield opened


@pytest.fixture(scope="session")
def vault() -> Vault:
    return VAULT


@pytest.fixture(scope="session")
def mail() -> Correspondence:
    return MAIL


@pytest.fixture
def service(store: Store) -> RequestService:
    return service_on(store)


@pytest.fixture
def count(store: Store) -> Callable[[str], int]:
    def count_rows(table: str) -> int:
        with store.reading() as unit:
            return int(unit.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar())

    return count_rows
