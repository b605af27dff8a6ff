"""A request as one line of the queue, and what a list is narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets import rows
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables import request_rights, requests
from tickets.vocabulary import Channel, Regime, Right, Status

SNIPPET = 120
NOBODY = "none"
"""In Filter.assignee: requests that nobody has taken."""


@dataclass(frozen=True)
class Filter:
    """What a view is narrowed to. assignee: empty for all, NOBODY, or the id of a member of staff."""

    policy: str = ""
    right: Right | None = None
    status: Status | None = None
    channel: Channel | None = None
    regime: Regime | None = None
    assignee: str = ""


UNFILTERED = Filter()


@dataclass(frozen=True)
class Line:
    """A request in the queue. days_left: below zero once it is late. snippet: the beginning of the masked text.

    assignee: the id of a member of staff, or empty. version: to be given back with a change.
    """

    reference: str
    policy: str
    rights: tuple[Right, ...]
    status: Status
    channel: Channel
    received: datetime
    answer_by: date
    days_left: int
    is_target: bool
    assignee: str
    version: int
    snippet: str = field(repr=False)


_NAMES = ("id", "reference", "policy", "status", "channel", "received_at", "closed_at", "answer_by", "is_target")
# The text is cut by the database: most of it would be read, moved and thrown away.
COLUMNS = (
    *(requests.c[name] for name in _NAMES),
    requests.c.assignee,
    requests.c.row_version,
    sa.func.substr(requests.c.text, 1, SNIPPET).label("snippet"),
)


def narrowed(found: Any, chosen: Filter) -> Any:
    """The query with the filter's conditions added."""
    if chosen.policy:
        found = found.where(requests.c.policy == chosen.policy)
    if chosen.status is not None:
        found = found.where(requests.c.status == chosen.status.value)
    if chosen.channel is not None:
        found = found.where(requests.c.channel == chosen.channel.value)
    if chosen.regime is not None:
        # The column is a JSON list; with its quotes, "gdpr" does not stand in "uk_gdpr".
        found = found.where(requests.c.regimes.contains(f'"{chosen.regime.value}"', autoescape=True))
    if chosen.right is not None:
        same = (request_rights.c.request_id == requests.c.id, request_rights.c.right == chosen.right.value)
        found = found.where(sa.exists().where(*same))
    if chosen.assignee:
        own = requests.c.assignee
        found = found.where(own.is_(None) if chosen.assignee == NOBODY else own == chosen.assignee)
    return found


def lines_of(unit: Unit, found: Sequence[Row], now: datetime) -> tuple[Line, ...]:
    """Rows of COLUMNS as lines, in their order; the rights are read in one go."""
    rights: dict[str, list[Right]] = {row["id"]: [] for row in found}
    asked = sa.select(request_rights).where(request_rights.c.request_id.in_(list(rights)))
    for held in unit.execute(asked):
        rights[held.request_id].append(Right(held.right))
    return tuple(_line(row, rights[row["id"]], now.date()) for row in found)


def _line(row: Row, rights: list[Right], today: date) -> Line:
    return Line(
        reference=row["reference"],
        policy=row["policy"],
        rights=rows.in_order(rights),
        status=Status(row["status"]),
        channel=Channel(row["channel"]),
        received=row["received_at"],
        answer_by=row["answer_by"],
        days_left=(row["answer_by"] - today).days,
        is_target=row["is_target"],
        assignee=row["assignee"] or "",
        version=row["row_version"],
        snippet=" ".join(row["snippet"].split()),
    )
