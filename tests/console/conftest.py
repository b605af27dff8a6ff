"""A console over a store of its own. See staff_people for who comes in and how.

house: all services over an empty store; shell_house: one whose rooms are empty but for the staff's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from doors import console_of_doors
from fastapi.testclient import TestClient
from staff_people import CHEAP, Clock, Person, browser, let_in, settings_of

from console.app import create_app
from console.house import House
from console.launch import make_house
from console.rendering import Renderer
from pii.encryption import KeyRing, Vault
from policies_kb.knowledge import KnowledgeBase
from tickets.letters import Correspondence
from tickets.staff import Staff
from tickets.staff_login import StaffLogins
from tickets.store import Store
from tickets.vocabulary import Role


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its tables, made once and copied."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
    return path


@pytest.fixture
def store(tmp_path: Path, migrated_file: Path) -> Iterator[Store]:
    path = tmp_path / "privacy-desk.db"
    shutil.copyfile(migrated_file, path)
    with Store(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(KeyRing.new())


@pytest.fixture
def house(store: Store, vault: Vault, clock: Clock, tmp_path: Path, knowledge: KnowledgeBase) -> House:
    """All services, as the product has them; only the passwords are hashed with less work."""
    mail = Correspondence("https://desk.example.org", knowledge.name_of)
    return make_house(store, vault, knowledge, mail, tmp_path, settings_of(tmp_path), clock, CHEAP)


@pytest.fixture
def shell_house(store: Store, vault: Vault, clock: Clock, tmp_path: Path) -> House:
    """A house whose rooms are empty but for the staff's: enough for the doors, the login and the staff."""
    settings = settings_of(tmp_path)
    staff, logins = Staff(store, vault, CHEAP), StaffLogins(store, vault, CHEAP)
    rooms = {name: MagicMock(name=name) for name in House.__dataclass_fields__}
    mail = Correspondence("https://desk.example.org", str.title)
    known = {"settings": settings, "store": store, "vault": vault, "mail": mail, "clock": clock}
    return House(**{**rooms, **known, "staff": staff, "logins": logins, "look": Renderer(settings.is_https)})


@pytest.fixture
def shell(shell_house: House) -> Iterator[TestClient]:
    """A browser without a login at a console that has nothing but its shell."""
    with browser(create_app(shell_house, ("entry", "people"))) as client:
        yield client


@pytest.fixture
def enter(shell: TestClient, shell_house: House, clock: Clock) -> Callable[..., Person]:
    """Let somebody of a role in, each at a browser of their own."""

    def one(role: Role, login: str = "") -> Person:
        return let_in(browser(shell.app), shell_house, clock, role, login)

    return one


@pytest.fixture
def doors(shell_house: House) -> Iterator[TestClient]:
    """A browser without a login at a console whose pages are replaced by a word."""
    with browser(console_of_doors(shell_house)) as client:
        yield client


@pytest.fixture
def enter_doors(doors: TestClient, shell_house: House, clock: Clock) -> Callable[..., Person]:
    """The same as enter, at the doors."""

    def one(role: Role, login: str = "") -> Person:
        return let_in(browser(doors.app), shell_house, clock, role, login)

    return one
