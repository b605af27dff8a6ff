"""The queue as staff see it: saved views with their counts, pages of them, search, and whether anything has changed.

However many requests there are, a look costs about the same: pages are found by their place in an index (keyset), and
counting stops at MOST_COUNTED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from tickets import audit, queue_search
from tickets.errors import InputError
from tickets.intake import check_time
from tickets.queue_lines import COLUMNS, NOBODY, UNFILTERED, Filter, Line, lines_of, narrowed
from tickets.queue_views import View, beyond, conditions, in_order, mark_of
from tickets.store import Store, Unit
from tickets.tables import requests

__all__ = ["MOST_COUNTED", "NOBODY", "UNFILTERED", "Filter", "Line", "Page", "Queue", "View", "count_in_words"]

MOST_COUNTED = 10_000
"""A view's count that is this number means: so many or more."""
_LARGEST_PAGE = 200


@dataclass(frozen=True)
class Page:
    """A part of a view. next: to be given as `after` for what follows, empty at the end.

    total: how many requests the view has, on its first page; None where nobody counted, or where it is MOST_COUNTED
    or more.
    """

    lines: tuple[Line, ...]
    next: str
    total: int | None


class Queue:
    """Reads alone. `now` is aware UTC; what is due "today" is due on the UTC date, as everywhere in the clocks."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def counts(self, staff_id: str, now: datetime) -> Mapping[View, int]:
        """How many requests each view has, in one query; MOST_COUNTED stands for so many or more."""
        check_time(now)
        each = [_counted(conditions(view, staff_id, now)).label(view.value) for view in View]
        with self._store.reading() as unit:
            found = unit.execute(sa.select(*each)).mappings().one()
        return {view: int(found[view.value]) for view in View}

    def page(
        self, view: View, chosen: Filter, staff_id: str, now: datetime, *, after: str = "", limit: int = 50
    ) -> Page:
        """A page of a view: what is due first on top, what is closed by its closing. Raises InputError."""
        check_time(now)
        if not 0 < limit <= _LARGEST_PAGE:
            raise InputError(f"a page has 1 to {_LARGEST_PAGE} lines")
        _check_plain(chosen.policy, chosen.assignee, after)
        rules = conditions(view, staff_id, now)
        found = narrowed(sa.select(*COLUMNS).where(*rules), chosen)
        found = found.where(beyond(view, after)) if after else found
        with self._store.reading() as unit:
            # One more than asked for tells whether there is a next page.
            rows = unit.execute(in_order(found, view).limit(limit + 1)).mappings().all()
            shown, more = rows[:limit], len(rows) > limit
            total = None if after else _total(unit, rules, chosen, len(shown), more)
            return Page(lines_of(unit, shown, now), mark_of(shown[-1], view) if more else "", total)

    def search(self, text: str, now: datetime, limit: int = 50) -> tuple[Line, ...]:
        """Requests by reference, by an exact contact, or else by the words in the texts of open ones."""
        check_time(now)
        with self._store.reading() as unit:
            return queue_search.search(unit, self._vault, text, now, limit)

    def mark(self) -> str:
        """Changes with every change of a request: each one has its entry in the trail."""
        with self._store.reading() as unit:
            return str(audit.newest(unit).sequence)

    def changed_since(self, version_mark: str) -> bool:
        """Whether anything in the queue has changed since mark() gave that mark."""
        return self.mark() != version_mark


def count_in_words(count: int) -> str:
    """A view's count as it is shown: "37", "10,000+"."""
    return f"{count:,}{'+' if count >= MOST_COUNTED else ''}"


def _check_plain(*typed: str) -> None:
    """What comes out of an address line may hold anything; a database takes no NUL and no half character."""
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for text in typed for char in text):
        raise InputError("this holds a character that cannot be looked for")


def _counted(rules: tuple[Any, ...]) -> Any:
    """A count that stops early."""
    some = sa.select(sa.literal_column("1")).select_from(requests).where(*rules).limit(MOST_COUNTED).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery()


def _total(unit: Unit, rules: tuple[Any, ...], chosen: Filter, shown: int, more: bool) -> int | None:
    if not more:
        return shown
    if chosen != UNFILTERED:
        return None  # counting would look at every request of the view
    total = int(unit.execute(sa.select(_counted(rules))).scalar())
    return total if total < MOST_COUNTED else None
