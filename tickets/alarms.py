"""Deadlines that come near: 50, 75, 90 and 100 % of the time to answer, each told once.

The time runs from the receipt to the end of the last day, in UTC. A date that moves (an extension, a pause) makes the
alarms of the earlier date void: the same shares of the new time are told again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
import structlog

from tickets.store import Store, Unit
from tickets.tables import requests
from tickets.tables_proof import alarms

PERCENTS = (50, 75, 90, 100)
_BATCH = 1_000


@dataclass(frozen=True)
class Alarm:
    """A request and the largest share of its time to answer that has passed. 100: the last day is over."""

    reference: str
    percent: int
    answer_by: date


def due_alarms(store: Store, now: datetime) -> tuple[Alarm, ...]:
    """Write down and log what came near since the last look; gives it, one for each request. To be called hourly.

    Where several shares have passed since, all are written down and the largest is told.
    """
    raised: list[Alarm] = []
    last = ""
    while True:
        with store.reading() as unit:
            page = _page(unit, last)
            told = _told(unit, [row.id for row in page])
        fresh = {row.id: some for row in page if (some := _fresh(row, told.get(row.id, {}), now))}
        if fresh:
            raised += _write(store, fresh, now)
        if len(page) < _BATCH:
            return tuple(sorted(raised, key=lambda alarm: (alarm.answer_by, alarm.reference)))
        last = page[-1].id


def due(store: Store, now: datetime) -> tuple[Alarm, ...]:
    """Every open request of whose time half or more has passed, those due first at the top; for staff."""
    found = []
    with store.reading() as unit:
        for row in _open(unit):
            passed = [percent for percent in PERCENTS if _moment(row, percent) <= now]
            if passed:
                found.append(Alarm(row.reference, passed[-1], row.answer_by))
    return tuple(sorted(found, key=lambda alarm: (alarm.answer_by, alarm.reference)))


def _moment(row: Any, percent: int) -> datetime:
    """When that share of the time to answer has passed."""
    end = datetime.combine(row.answer_by, time.min, timezone.utc) + timedelta(days=1)
    received: datetime = row.received_at
    return received + (end - received) * percent / 100


def _fresh(row: Any, told: dict[int, datetime], now: datetime) -> list[int]:
    """The shares that have passed and were not told since they did."""
    passed = [percent for percent in PERCENTS if _moment(row, percent) <= now]
    return [percent for percent in passed if percent not in told or told[percent] < _moment(row, percent)]


def _page(unit: Unit, last: str) -> list[Any]:
    columns = (requests.c.id, requests.c.reference, requests.c.received_at, requests.c.answer_by)
    found = sa.select(*columns).where(requests.c.closed_at.is_(None), requests.c.id > last)
    return list(unit.execute(found.order_by(requests.c.id).limit(_BATCH)))


def _open(unit: Unit) -> Iterator[Any]:
    last = ""
    while page := _page(unit, last):
        yield from page
        last = page[-1].id


def _told(unit: Unit, ids: list[str]) -> dict[str, dict[int, datetime]]:
    told: dict[str, dict[int, datetime]] = {}
    for row in unit.execute(sa.select(alarms).where(alarms.c.request_id.in_(ids))):
        told.setdefault(row.request_id, {})[row.percent] = row.at
    return told


def _write(store: Store, fresh: dict[str, list[int]], now: datetime) -> list[Alarm]:
    """Look again in the writer's turn: another process may have been first, or the request closed."""
    raised = []
    with store.unit() as unit:
        open_now = sa.select(requests).where(requests.c.id.in_(fresh), requests.c.closed_at.is_(None))
        rows = unit.execute(open_now.order_by(requests.c.id)).all()
        told = _told(unit, [row.id for row in rows])
        for row in rows:
            some = _fresh(row, told.get(row.id, {}), now)
            for percent in some:
                same = (alarms.c.request_id == row.id, alarms.c.percent == percent)
                unit.execute(sa.delete(alarms).where(*same))
                unit.execute(sa.insert(alarms).values(request_id=row.id, percent=percent, at=now))
            if some:
                raised.append(Alarm(row.reference, some[-1], row.answer_by))
        unit.commit()
    log = structlog.get_logger("tickets")
    for alarm in raised:
        log.warning("deadline_near", reference=alarm.reference, percent=alarm.percent, due=str(alarm.answer_by))
    return raised
