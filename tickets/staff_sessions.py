"""Who is logged in where: rows that a token of 128 bits leads to, of which only the hash is kept.

Every step of a login begins a new row and ends the one before, so a token that somebody planted or saw earlier is dead.
A session ends when it was idle for half an hour, twelve hours after its login, or as soon as its owner is disabled.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.redacted import Redacted
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables_staff import staff, staff_sessions

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
HALF_WAY = timedelta(minutes=30)
"""In it a login is completed, or begins anew."""
CONFIRMED = timedelta(minutes=10)
"""How long a password that was asked for again counts."""
SEEN_EVERY = timedelta(minutes=1)  # a page loads many parts: only one of them has to write
_TOKEN_BYTES = 16  # 128 bits


def begin(unit: Unit, staff_id: str, now: datetime) -> Redacted:
    """A new session of somebody who has shown nothing but the password; gives its token."""
    return _written(unit, now, staff_id=staff_id, is_complete=False, created_at=now, confirmed_at=None)


def follow(unit: Unit, session: Row, now: datetime) -> Redacted | None:
    """End a session and begin one like the row, of the same age; None if it had ended already."""
    if unit.execute(sa.delete(staff_sessions).where(staff_sessions.c.hash == session["hash"])).rowcount != 1:
        return None
    same = {"is_complete": session["is_complete"], "confirmed_at": session["confirmed_at"]}
    return _written(unit, now, staff_id=session["id"], created_at=session["session_created_at"], **same)


def find(unit: Unit, token: Redacted, now: datetime) -> Row | None:
    """A living session with its owner's row; when the session was created is called session_created_at."""
    own = staff_sessions.c
    columns = (own.hash, own.is_complete, own.seen_at, own.confirmed_at, own.created_at.label("session_created_at"))
    joined = sa.join(staff, staff_sessions, own.staff_id == staff.c.id)
    found = sa.select(staff, *columns).select_from(joined).where(own.hash == hash_of(token), ~staff.c.is_disabled)
    row: Row | None = unit.execute(found).mappings().first()
    return row if row is not None and _lives(row, now) else None


def touch(unit: Unit, session: Row, now: datetime) -> None:
    """Its owner did something."""
    mine = (staff_sessions.c.hash == session["hash"], staff_sessions.c.seen_at < now)
    unit.execute(sa.update(staff_sessions).where(*mine).values(seen_at=now))


def end(unit: Unit, token: Redacted) -> None:
    """Forget one session."""
    unit.execute(sa.delete(staff_sessions).where(staff_sessions.c.hash == hash_of(token)))


def end_all(unit: Unit, staff_id: str) -> None:
    """Forget all sessions of a member."""
    unit.execute(sa.delete(staff_sessions).where(staff_sessions.c.staff_id == staff_id))


def end_others(unit: Unit, staff_id: str, token: Redacted) -> None:
    """Forget all sessions of a member but this one."""
    others = (staff_sessions.c.staff_id == staff_id, staff_sessions.c.hash != hash_of(token))
    unit.execute(sa.delete(staff_sessions).where(*others))


def hash_of(token: Redacted) -> str:
    """Without a key, because 128 random bits cannot be guessed."""
    return hashlib.sha256(token.reveal().encode("utf-8", "replace")).hexdigest()


def _written(unit: Unit, now: datetime, **values: Any) -> Redacted:
    token = Redacted(secrets.token_urlsafe(_TOKEN_BYTES))
    unit.execute(sa.insert(staff_sessions).values(**values, hash=hash_of(token), seen_at=now))
    return token


def _lives(row: Row, now: datetime) -> bool:
    longest = ABSOLUTE if row["is_complete"] else HALF_WAY
    return bool(row["seen_at"] > now - IDLE and row["session_created_at"] > now - longest)
