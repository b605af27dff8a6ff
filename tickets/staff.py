"""Who works here: members with a login and a role. Nobody has a password that was not made for them alone."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import argon2
import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
import structlog

from pii.encryption import Vault
from pii.masking import mask
from pii.redacted import Redacted
from tickets import deeds, staff_delays, staff_factors, staff_sessions
from tickets.deeds import SYSTEM
from tickets.errors import InputError
from tickets.rows import Row
from tickets.staff_passwords import Passwords, first_password, usual_hasher
from tickets.store import Store, Unit
from tickets.tables_staff import staff
from tickets.vocabulary import Role, Subject

_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")
LAST_ADMIN = (
    "This is the only administrator who can log in. "
    "Make somebody else an administrator first, and let them log in once."
)
_log = structlog.get_logger("tickets.staff")


@dataclass(frozen=True)
class Member:
    """One who works here. id: what the trail calls them ("staff:" and 16 hexadecimal digits)."""

    id: str
    login: str
    role: Role
    is_disabled: bool
    has_second_factor: bool
    is_first_password: bool


class Staff:
    """Adds, changes and lists members. What is changed counts at the member's next click.

    actor: who does it, for the audit trail. There is always an administrator who can log in: the last one is neither
    disabled nor made anything else.
    """

    def __init__(self, store: Store, vault: Vault, hasher: argon2.PasswordHasher | None = None) -> None:
        """hasher: None for the usual one."""
        self._store = store
        self._vault = vault
        self._passwords = Passwords(hasher or usual_hasher())

    def add(self, login: str, role: Role, now: datetime, *, actor: str = SYSTEM) -> tuple[Member, Redacted]:
        """A new member and the first password, which is shown once and has to be changed at the first login.

        Raises InputError for a login that is taken or odd.
        """
        name = login_of(login)
        if not _LOGIN.fullmatch(name):
            raise InputError("A login has 2 to 40 characters: a letter, then letters, digits, dots and dashes.")
        password = first_password()
        secret = {"password": self._passwords.hash(password), "is_first_password": True}
        nothing_yet = {"sealed": b"", "key_id": self._vault.current, "is_disabled": False, "created_at": now}
        values = {"id": _new_id(), "login": name, "role": role.value, **secret, **nothing_yet}
        with self._store.unit() as unit:
            if row_of_login(unit, name) is not None:
                raise InputError("This login is taken.")
            unit.execute(sa.insert(staff).values(**values))
            member = member_of(_known(unit, name))
            deeds.note(unit, Subject.STAFF, member.id, "staff_added", actor, now, role=role.value)
            unit.commit()
        _log.info("staff_added", staff=member.id, kind=role)
        return member, password

    def reset(self, login: str, now: datetime, *, actor: str = SYSTEM) -> tuple[Member, Redacted]:
        """A new first password; the second factor, the recovery codes and all sessions are gone. Raises InputError."""
        password = first_password()
        secret = {"password": self._passwords.hash(password), "is_first_password": True}
        no_factor = {"sealed": b"", "key_id": self._vault.current, "last_step": 0}
        with self._store.unit() as unit:
            row = _known(unit, login)
            staff_factors.forget_recovery_codes(unit, row["id"])
            staff_sessions.end_all(unit, row["id"])
            staff_delays.forget_account(unit, self._vault, row["login"])
            change(unit, row["id"], **secret, **no_factor, failures=0, next_try_at=None)
            member = member_of(_known(unit, login))
            deeds.note(unit, Subject.STAFF, member.id, "staff_reset", actor, now)
            unit.commit()
        _log.info("staff_reset", staff=member.id)
        return member, password

    def disable(self, login: str, now: datetime, *, actor: str = SYSTEM) -> None:
        """End all sessions of a member and let nobody in under that login. Raises InputError."""
        with self._store.unit() as unit:
            row = _known(unit, login)
            _check_another_admin(unit, row)
            staff_sessions.end_all(unit, row["id"])
            change(unit, row["id"], is_disabled=True)
            deeds.note(unit, Subject.STAFF, row["id"], "staff_disabled", actor, now)
            unit.commit()
        _log.info("staff_disabled", staff=row["id"])

    def enable(self, login: str, now: datetime, *, actor: str = SYSTEM) -> None:
        """Let a disabled member in again, with the password and the second factor from before. Raises InputError."""
        with self._store.unit() as unit:
            row = _known(unit, login)
            change(unit, row["id"], is_disabled=False)
            deeds.note(unit, Subject.STAFF, row["id"], "staff_enabled", actor, now)
            unit.commit()
        _log.info("staff_enabled", staff=row["id"])

    def set_role(self, login: str, role: Role, now: datetime, *, actor: str = SYSTEM) -> None:
        """Let a member do what that role may. Raises InputError."""
        with self._store.unit() as unit:
            row = _known(unit, login)
            if role is not Role.ADMIN:
                _check_another_admin(unit, row)
            change(unit, row["id"], role=role.value)
            deeds.note(unit, Subject.STAFF, row["id"], "staff_role_set", actor, now, role=role.value, was=row["role"])
            unit.commit()
        _log.info("staff_role_set", staff=row["id"], kind=role)

    def members(self) -> tuple[Member, ...]:
        """All of them, by login."""
        with self._store.reading() as unit:
            return tuple(member_of(row) for row in unit.execute(sa.select(staff).order_by(staff.c.login)).mappings())

    def member(self, staff_id: str) -> Member | None:
        """The member of that id."""
        with self._store.reading() as unit:
            row = unit.execute(sa.select(staff).where(staff.c.id == staff_id)).mappings().first()
        return member_of(row) if row is not None else None

    def is_empty(self) -> bool:
        """Whether nobody was ever added."""
        with self._store.reading() as unit:
            return unit.execute(sa.select(staff.c.id).limit(1)).first() is None


def login_of(typed: str) -> str:
    """A login as it is kept, from how it was typed."""
    return typed[:200].strip().lower()


def row_of_login(unit: Unit, login: str) -> Row | None:
    """The row of a login as login_of() gives it."""
    if not _LOGIN.fullmatch(login):
        login = ""  # the database would refuse some of what can be typed, and nobody has an empty one
    row: Row | None = unit.execute(sa.select(staff).where(staff.c.login == login)).mappings().first()
    return row


def member_of(row: Row) -> Member:
    """A row as the rest of the product sees it."""
    return Member(
        id=row["id"],
        login=row["login"],
        role=Role(row["role"]),
        is_disabled=bool(row["is_disabled"]),
        has_second_factor=bool(row["sealed"]),
        is_first_password=bool(row["is_first_password"]),
    )


def change(unit: Unit, staff_id: str, **values: Any) -> None:
    """Write new values into a member's row."""
    mine = sa.update(staff).where(staff.c.id == staff_id)
    unit.execute(mine.values(**values, row_version=staff.c.row_version + 1))


def _known(unit: Unit, login: str) -> Row:
    row = row_of_login(unit, login_of(login))
    if row is None:
        raise InputError("There is no such login.")
    return row


def _check_another_admin(unit: Unit, row: Row) -> None:
    """Raise InputError if nobody would be left who can manage staff.

    Where this member has come in before, so must the other: a first password that nobody used may be lost.
    """
    if row["role"] != Role.ADMIN.value or row["is_disabled"]:
        return
    others = (staff.c.id != row["id"], staff.c.role == Role.ADMIN.value, staff.c.is_disabled.is_(False))
    found = unit.execute(sa.select(staff).where(*others)).mappings().all()
    if not [one for one in found if _has_come_in(one) or not _has_come_in(row)]:
        raise InputError(LAST_ADMIN)


def _has_come_in(row: Row) -> bool:
    return bool(row["sealed"]) and not row["is_first_password"]


def _new_id() -> str:
    """An id that nothing takes for a phone number: the trail refuses an actor that looks like contact data."""
    while mask(made := f"staff:{secrets.token_hex(8)}").found:
        pass
    return made
