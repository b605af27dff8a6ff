"""Reports on the requests that were received in a period: counts, days, deadlines, reasons; as data, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from itertools import takewhile
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]
from sqlalchemy.dialects.postgresql import aggregate_order_by  # type: ignore[import-untyped,unused-ignore]

from tickets import counting, export, spreadsheet
from tickets.counting import Alike
from tickets.errors import InputError
from tickets.model import RightResult
from tickets.report_model import CCPA_TYPES, FIELDS, Metric, Report, Tally
from tickets.store import Store, Unit
from tickets.tables import MAX_NAME, request_rights, requests, right_outcomes
from tickets.transparency import Transparency, transparency
from tickets.vocabulary import DelayReason, RefusalReason, Regime, Right, RightOutcome, Status

__all__ = ["CCPA_TYPES", "Metric", "Report", "Reports", "Tally", "Transparency", "transparency"]

LONGEST_YEARS = 20


class Reports:
    """Reads the requests of a period, those of one policy or ("") of all. Both days are included, in UTC."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def summary(self, policy: str, start: date, end: date, now: datetime | None = None) -> Report:
        """The report. now: with it, open requests whose last day is over are counted too, as missed deadlines.

        Raises InputError for a period that ends before it begins or is longer than 20 years, and StoreError.
        """
        _check(policy, start, end)
        today = now.astimezone(timezone.utc).date() if now else None
        found = self._alike(policy, start, end, today)
        return counting.counted(policy, start, end, found, with_overdue=today is not None)

    def csv(self, policy: str, start: date, end: date) -> str:
        """A line for each request, with the fields that 11 CCR 7101 asks for and the clock; nothing of the person."""
        found = map(export.flat, self._records(policy, start, end))
        return spreadsheet.written(export.FIELDS, ([record[name] for name in export.FIELDS] for record in found))

    def summary_csv(self, policy: str, start: date, end: date, now: datetime | None = None) -> str:
        """The report's lines: all, each month, policy and right, under the same columns."""
        report = self.summary(policy, start, end, now)
        lines: list[tuple[str, str, Tally]] = [("total", "", report.total)]
        lines += [("month", month, tally) for month, tally in report.by_month.items()]
        lines += [("policy", name, tally) for name, tally in report.by_policy.items()]
        lines += [("right", right.value, tally) for right, tally in report.by_right.items()]
        rows = ([group, name, *tally.to_json().values()] for group, name, tally in lines)
        return spreadsheet.written(("group", "name", *FIELDS, "share_on_time"), rows)

    def json(self, policy: str, start: date, end: date, now: datetime | None = None) -> str:
        """The report, with the metrics of 11 CCR 7102, and the records of 11 CCR 7101."""
        summary = self.summary(policy, start, end, now).to_json()
        data = summary | {"records_7101": list(self._records(policy, start, end))}
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"

    def _records(self, policy: str, start: date, end: date) -> Iterator[dict[str, Any]]:
        _check(policy, start, end)
        found = export.records(self._store, policy or None, start)  # oldest first
        return takewhile(lambda record: record["received"][:10] <= end.isoformat(), found)

    def _alike(self, policy: str, start: date, end: date, today: date | None) -> Iterator[Alike]:
        """Month by month, each a short transaction: on SQLite a long one would keep the bot from writing."""
        for month in counting.months(start, end):
            first = date.fromisoformat(f"{month}-01")
            after = (first + timedelta(days=31)).replace(day=1)
            begin, over = _midnight(max(start, first)), _midnight(min(end + timedelta(days=1), after))
            with self._store.reading() as unit:
                rows = _grouped(unit, begin, over, today, self._store.is_sqlite)
            # Not left to the database: it would look through all of the policy's requests for every month.
            yield from (_as_alike(row, month) for row in rows if policy in ("", row.policy))


def _check(policy: str, start: date, end: date) -> None:
    if end < start or end.year - start.year > LONGEST_YEARS:
        raise InputError(f"a report's period ends on or after the day it begins, at most {LONGEST_YEARS} years later")
    if end >= date.max or len(policy) > MAX_NAME or "\0" in policy:
        raise InputError("there is no such period, or no such policy")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.utc)


def _grouped(unit: Unit, begin: datetime, over: datetime, today: date | None, is_sqlite: bool) -> list[Any]:
    """The requests received from begin to before over, counted by all that a report looks at."""
    received, closed = sa.func.date(requests.c.received_at), sa.func.date(requests.c.closed_at)
    days = sa.func.julianday(closed) - sa.func.julianday(received) if is_sqlite else closed - received
    is_open = requests.c.closed_at.is_(None)
    names = ("policy", "regimes", "status", "refusal_reason", "extension_reason")
    each = sa.select(
        *(requests.c[name] for name in names),
        days.label("days"),
        (closed <= requests.c.answer_by).label("is_on_time"),
        (sa.false() if today is None else sa.and_(is_open, requests.c.answer_by < today)).label("is_overdue"),
        _rights(is_sqlite).label("rights"),
        _results(is_sqlite).label("results"),
    ).where(requests.c.received_at >= begin, requests.c.received_at < over)
    table = each.subquery()
    counted = sa.select(*table.c, sa.func.count().label("times")).group_by(*table.c)
    return list(unit.execute(counted))


def _rights(is_sqlite: bool) -> Any:
    """The rights of a request as one text, so that requests for the same can be put together."""
    right = request_rights.c.right
    in_order = aggregate_order_by(",", right)
    joined = sa.func.group_concat(right, ",") if is_sqlite else sa.func.string_agg(right, in_order)
    return sa.select(joined).where(request_rights.c.request_id == requests.c.id).scalar_subquery()


def _results(is_sqlite: bool) -> Any:
    """What became of each right as one text, "deletion:refused:LegallyExempted", of what was done in part."""
    told = right_outcomes.c
    one = told.right + ":" + told.outcome + ":" + sa.func.coalesce(told.refusal_reason, "")
    in_order = aggregate_order_by(",", told.right)
    joined = sa.func.group_concat(one, ",") if is_sqlite else sa.func.string_agg(one, in_order)
    found = sa.select(joined).where(told.request_id == requests.c.id).scalar_subquery()
    return sa.case((requests.c.status == Status.PARTLY_FULFILLED.value, found))


def _results_in(text: str | None) -> dict[Right, RightResult]:
    """What _results wrote."""
    found = (one.split(":") for one in (text or "").split(",") if one)
    return {
        Right(right): RightResult(Right(right), RightOutcome(outcome), RefusalReason(reason) if reason else None)
        for right, outcome, reason in found
    }


def _as_alike(row: Any, month: str) -> Alike:
    results = _results_in(row.results)
    of_all = {RefusalReason(row.refusal_reason)} if row.refusal_reason else set()
    return Alike(
        policy=row.policy,
        month=month,
        rights=[Right(word) for word in row.rights.split(",")] if row.rights else [],
        status=Status(row.status),
        days=None if row.days is None else int(row.days),
        is_on_time=bool(row.is_on_time),
        is_overdue=bool(row.is_overdue),
        reasons=frozenset(one.reason for one in results.values() if one.reason) | of_all,
        delay=DelayReason(row.extension_reason) if row.extension_reason else None,
        is_ccpa=Regime.CCPA.value in json.loads(row.regimes),
        times=row.times,
        results=results,
    )
