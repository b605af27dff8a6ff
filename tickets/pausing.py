"""From a question to the requester until the answer: always written down, and counted where the law allows it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.rows import Row
from tickets.store import Unit
from tickets.tables_proof import pauses


def begin(unit: Unit, row: Row, now: datetime) -> None:
    """A question went out."""
    same = (pauses.c.request_id == row["id"], pauses.c.asked_at == now)
    if unit.execute(sa.update(pauses).where(*same).values(answered_at=None)).rowcount == 0:
        unit.execute(sa.insert(pauses).values(request_id=row["id"], asked_at=now))


def end(unit: Unit, row: Row, now: datetime) -> None:
    """The answer came. A clock that was set back makes no pause of less than nothing."""
    waiting = (pauses.c.request_id == row["id"], pauses.c.answered_at.is_(None))
    later = sa.case((pauses.c.asked_at > now, pauses.c.asked_at), else_=now)
    unit.execute(sa.update(pauses).where(*waiting).values(answered_at=later))
