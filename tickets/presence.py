"""Who has a request open on the screen just now, so that two members of staff see each other."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.store import Store, Unit
from tickets.tables_staff import viewers

SEEN_FOR = timedelta(seconds=60)
_NOTED_EVERY = timedelta(seconds=20)
"""A page asks more often than it is worth a synced write."""


def look(store: Store, request_id: str, staff_id: str, now: datetime) -> tuple[str, ...]:
    """Note that somebody looks at a request; gives who else does."""
    with store.reading() as unit:
        seen = _seen(unit, request_id, now)
    last = seen.get(staff_id)
    if last is None or last < now - _NOTED_EVERY:
        with store.unit() as unit:
            unit.execute(sa.delete(viewers).where(viewers.c.seen_at < now - SEEN_FOR))
            own = (viewers.c.request_id == request_id, viewers.c.staff_id == staff_id)
            if unit.execute(sa.update(viewers).where(*own).values(seen_at=now)).rowcount == 0:
                unit.execute(sa.insert(viewers).values(request_id=request_id, staff_id=staff_id, seen_at=now))
            seen = _seen(unit, request_id, now)
            unit.commit()
    return tuple(sorted(other for other in seen if other != staff_id))


def _seen(unit: Unit, request_id: str, now: datetime) -> dict[str, datetime]:
    fresh = (viewers.c.request_id == request_id, viewers.c.seen_at >= now - SEEN_FOR)
    return {row.staff_id: row.seen_at for row in unit.execute(sa.select(viewers).where(*fresh))}
