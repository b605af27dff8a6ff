"""Members of staff with cheap passwords, an app for their second factor, and short ways through a login."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import argon2
import pyotp
from conftest import NOW, VAULT

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets.staff import Member, Staff
from tickets.staff_login import StaffLogins, Step
from tickets.store import Store
from tickets.vocabulary import Role

OWN = Redacted("a quiet river runs to the sea")
OTHER = Redacted("seven lamps along the harbour")
WRONG = Redacted("not this one at all")
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


class CountedHasher(argon2.PasswordHasher):
    """Takes hardly any memory, and counts what it compares."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=8, parallelism=1)
        self.compared = 0
        self._turn = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        argon2.extract_parameters(str(hash))  # what is no hash is refused without work, and does not count
        with self._turn:
            self.compared += 1
        return super().verify(hash, password)


class StaffRoom:
    """Staff and their logins on one store."""

    def __init__(self, store: Store, vault: Vault = VAULT, hasher: CountedHasher | None = None) -> None:
        self.store = store
        self.hasher = hasher or CountedHasher()
        self.staff = Staff(store, vault, self.hasher)
        self.logins = StaffLogins(store, vault, self.hasher)
        self.secrets: dict[str, Redacted] = {}

    def first(self, login: str = "agent-one", role: Role = Role.AGENT, now: datetime = NOW) -> tuple[Member, Redacted]:
        """A member as added, and the first password."""
        return self.staff.add(login, role, now)

    def settled(
        self, login: str = "agent-one", role: Role = Role.AGENT, now: datetime = NOW
    ) -> tuple[Member, Redacted, tuple[Redacted, ...]]:
        """A member who went through the first login from HOME; the token of that session, and the recovery codes."""
        _, password = self.first(login, role, now)
        step = self.changed(login, password, now)
        assert step.token is not None
        secret = self.logins.begin_second_factor(step.token, now).secret
        self.secrets[login] = secret
        done, recovery = self.logins.confirm_second_factor(step.token, code_of(secret, now), now)
        assert done.token is not None and done.member is not None
        return done.member, done.token, recovery

    def changed(self, login: str, password: Redacted, now: datetime = NOW) -> Step:
        """Log in with a first password and set OWN."""
        step = self.logins.log_in(login, password, HOME, now)
        assert step.token is not None
        return self.logins.change_password(step.token, password, OWN, now)

    def code(self, now: datetime, login: str = "agent-one") -> Redacted:
        """What the app of that member shows."""
        return code_of(self.secrets[login], now)

    def half(self, now: datetime, login: str = "agent-one", address: str = HOME) -> Redacted:
        """The token of a login that lacks the second factor."""
        token = self.logins.log_in(login, OWN, address, now).token
        assert token is not None
        return token

    def whole(self, now: datetime, login: str = "agent-one", address: str = HOME) -> Redacted:
        """The token of a login with everything."""
        token = self.logins.second_factor(self.half(now, login, address), self.code(now, login), now).token
        assert token is not None
        return token


def code_of(secret: Redacted, now: datetime) -> Redacted:
    """What an app with that secret shows."""
    return Redacted(pyotp.TOTP(secret.reveal()).at(now))
