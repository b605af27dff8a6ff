"""How a message of the inbox ends: answered, or erased. In the caller's transaction. See tickets.inbox."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.arriving import Item
from tickets.store import Unit
from tickets.tables_arrivals import inbox
from tickets.vocabulary import Arrival

# Written out, because SQLite uses an index over a part of a table only for a condition that it can read.
WAITING = sa.text("inbox.status = 'waiting'")
QUARANTINED = sa.text("inbox.status = 'quarantined'")
_ERASED = sa.text("inbox.status = 'settled' AND inbox.lane <> ''")


def settle(unit: Unit, item: Item, now: datetime, reply_id: str | None = None) -> bool:
    """Note in the caller's transaction that this was dealt with, and empty it; also a quarantined one.

    False if it was settled before: then somebody else has answered, and the caller must post nothing.
    """
    # What was erased under its holder's hands is settled, but the holder may still say that it was.
    mine = sa.or_(inbox.c.status != Arrival.SETTLED.value, inbox.c.leased_until == item.leased_until)
    this = sa.update(inbox).where(inbox.c.sequence == item.sequence, mine)
    return int(unit.execute(this.values(**settled(now), leased_until=None, reply_id=reply_id)).rowcount) == 1


def settle_with(unit: Unit, item: Item, now: datetime, post: Callable[[], str | None]) -> bool:
    """As settle(), with the reply that `post` puts into the outbox; it is not called if this was settled before."""
    is_first = settle(unit, item, now)
    reply_id = post() if is_first else None
    if reply_id is not None:
        unit.execute(sa.update(inbox).where(inbox.c.sequence == item.sequence).values(reply_id=reply_id))
    return is_first


def erase(unit: Unit, lanes: Collection[str], until: datetime, now: datetime) -> int:
    """Empty what came in these lanes until that time, in the caller's transaction; gives how many.

    A message that is held now may be the very wish to be forgotten: it is emptied, but its holder may still answer
    it. What waits behind it was written after it, and stays to be answered.
    """
    own = (inbox.c.lane.in_(list(lanes)), inbox.c.received_at <= until)
    erased = settled(now) | {"mark": "", "problem": None}
    gone = unit.execute(sa.update(inbox).where(QUARANTINED, *own).values(**erased)).rowcount
    held = _first_held(unit, lanes, now)
    waits = sa.update(inbox).where(WAITING, *own)
    if held is not None:
        waits = waits.where(inbox.c.sequence <= held)
        # It keeps its lane while it is held: a chat is forgotten conversation by conversation.
        this = waits.where(inbox.c.sequence == held)
        gone += unit.execute(this.values(**{**erased, "lane": inbox.c.lane})).rowcount
    return int(gone + unit.execute(waits.values(**erased)).rowcount)


def _first_held(unit: Unit, lanes: Collection[str], now: datetime) -> int | None:
    """The earliest message of these lanes that somebody works on, also if it was erased a moment ago."""
    own = (inbox.c.lane.in_(list(lanes)), inbox.c.leased_until > now)
    first = sa.select(sa.func.min(inbox.c.sequence)).where(*own)
    found = [unit.execute(first.where(rule)).scalar() for rule in (WAITING, _ERASED)]
    return min((sequence for sequence in found if sequence is not None), default=None)


def settled(now: datetime) -> dict[str, Any]:
    """The columns of a row of which nothing is left but its key."""
    return {"status": Arrival.SETTLED.value, "sealed": b"", "lane": "", "done_at": now}


def let_lanes_go(unit: Unit, before: datetime | None = None) -> None:
    """Take away the lanes of what was erased under its holder's hands, if that lease ended before, or of all."""
    gone = sa.update(inbox).where(_ERASED)
    if before is not None:
        gone = gone.where(inbox.c.leased_until < before)
    unit.execute(gone.values(lane="", leased_until=None))
