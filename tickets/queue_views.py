"""The saved views of the queue: which requests each one shows, and in which order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.errors import InputError
from tickets.rows import Row
from tickets.tables import requests
from tickets.vocabulary import Status

SOON_DAYS = 7
REFERRED_DAYS = 30
_BETWEEN = "|"


class View(str, Enum):
    """A list that staff open by one click.

    The first three share no request: due_soon begins tomorrow. referred: closed within the last week, because another
    party decides. closed: what is kept in full; a request whose person was erased is found by its reference.
    """

    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    UNASSIGNED = "unassigned"
    MINE = "mine"
    AWAITING_REQUESTER = "awaiting_requester"
    UNVERIFIED = "unverified"
    REFERRED = "referred"
    ALL_OPEN = "all_open"
    CLOSED = "closed"


BY_CLOSING = frozenset({View.REFERRED, View.CLOSED})
"""Views of what is closed: the newest first. All others: what is due first."""

# Written out, because a part of a table has its own index only for a condition that the database can read.
_KEPT = sa.text("requests.closed_at IS NOT NULL AND requests.pseudonymised_at IS NULL")


def conditions(view: View, staff_id: str, now: datetime) -> tuple[Any, ...]:
    """What holds for the requests of a view. staff_id: whose view it is."""
    if view in BY_CLOSING:
        referred = (_status(Status.REFERRED), requests.c.closed_at >= now - timedelta(days=REFERRED_DAYS))
        return (_KEPT, *(referred if view is View.REFERRED else ()))
    return requests.c.closed_at.is_(None), *_of_open(view, staff_id, now.date())


def _of_open(view: View, staff_id: str, today: date) -> tuple[Any, ...]:
    due, assignee = requests.c.answer_by, requests.c.assignee
    rules: dict[View, tuple[Any, ...]] = {
        View.DUE_TODAY: (due == today,),
        View.OVERDUE: (due < today,),
        View.DUE_SOON: (due > today, due <= today + timedelta(days=SOON_DAYS)),
        View.UNASSIGNED: (assignee.is_(None),),
        View.MINE: (assignee == staff_id,),
        View.AWAITING_REQUESTER: (_status(Status.AWAITING_REQUESTER),),
        View.UNVERIFIED: (_status(Status.UNVERIFIED),),
        View.ALL_OPEN: (),
    }
    return rules[view]


def _status(status: Status) -> Any:
    return requests.c.status == sa.literal_column(f"'{status.value}'")


def in_order(found: Any, view: View) -> Any:
    """The query with the order of the view."""
    if view in BY_CLOSING:
        return found.order_by(requests.c.closed_at.desc(), requests.c.id.desc())
    return found.order_by(requests.c.answer_by, requests.c.id)


def mark_of(row: Row, view: View) -> str:
    """The place of a row in its view, for the page after it."""
    place = row["closed_at"] if view in BY_CLOSING else row["answer_by"]
    return f"{place.isoformat()}{_BETWEEN}{row['id']}"


def beyond(view: View, after: str) -> Any:
    """The condition for what comes after a mark. Raises InputError for what is no mark of this view."""
    place, _, request_id = after.partition(_BETWEEN)
    try:
        value: date = datetime.fromisoformat(place) if view in BY_CLOSING else date.fromisoformat(place)
    except ValueError as error:
        raise InputError("this is no place in that list: open it from its beginning") from error
    if not request_id or (isinstance(value, datetime) and value.tzinfo is None):
        raise InputError("this is no place in that list: open it from its beginning")
    column = requests.c.closed_at if view in BY_CLOSING else requests.c.answer_by
    here, there = sa.tuple_(column, requests.c.id), sa.tuple_(sa.literal(value, column.type), request_id)
    return here < there if view in BY_CLOSING else here > there
