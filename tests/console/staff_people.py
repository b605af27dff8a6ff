"""People at the console in tests: a browser, a login, an authenticator app, and a clock that tests move."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import argon2
import httpx
import pyotp
from fastapi.testclient import TestClient

from console.house import House
from console.settings import ConsoleSettings
from pii.redacted import Redacted
from tickets.staff_login import Outcome
from tickets.vocabulary import Role

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
URL = "http://127.0.0.1:8090"
PASSWORD = "a kettle on the windowsill"
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Clock:
    """The present, as tests say."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        """Let time go by."""
        self.now += timedelta(**time)


@dataclass
class Person:
    """A member of staff at a browser. secret: of the authenticator app."""

    client: TestClient
    clock: Clock
    login: str
    role: Role
    id: str
    secret: str = field(repr=False)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page; redirects are not followed."""
        return self.client.get(path, headers=headers)

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a form as a page of the console would: with its origin and its token."""
        data = {"token": self.token(), **(form or {})}
        return self.client.post(path, data=data, headers={"origin": URL, **headers})

    def token(self) -> str:
        """What forms carry just now."""
        return token_in(self.client.get("/account").text)

    def code(self) -> str:
        """What the authenticator app shows."""
        return pyotp.TOTP(self.secret).at(self.clock.now)

    def confirm(self) -> None:
        """Show the password again, at a door that asks for it."""
        answer = self.post("/account/second-factor", {"again": PASSWORD})
        assert answer.status_code == 303, answer.text


def token_in(page: str) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found, page[:2000]
    return found.group(1)


def settings_of(folder: Path, **variables: str) -> ConsoleSettings:
    """Settings as the environment gives them."""
    return ConsoleSettings.from_environment({"PRIVACY_DESK_DATA": str(folder), **variables})


def browser(app: Any) -> TestClient:
    """One more browser at the same console."""
    return TestClient(app, base_url=URL, follow_redirects=False)


def let_in(client: TestClient, house: House, clock: Clock, role: Role, login: str = "") -> Person:
    """A new member of that role who has come in through the login's own services; the pages have tests of their own."""
    name = login or f"{role.value}-one"
    member, first = house.staff.add(name, role, clock.now)
    step = house.logins.log_in(name, first, "127.0.0.1", clock.now)
    assert step.token
    step = house.logins.change_password(step.token, first, Redacted(PASSWORD), clock.now)
    assert step.token
    factor = house.logins.begin_second_factor(step.token, clock.now)
    secret = factor.secret.reveal()
    code = Redacted(pyotp.TOTP(secret).at(clock.now))
    step, _ = house.logins.confirm_second_factor(step.token, code, clock.now)
    assert step.token and step.outcome is Outcome.DONE
    client.cookies.set("desk", step.token.reveal(), domain="127.0.0.1", path="/")
    return Person(client, clock, name, role, member.id, secret)
