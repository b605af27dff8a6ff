"""Leasing what is due from a table of lanes, shared by inbox and outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_MOST_LOOKS = 200  # in one transaction; others want to write too


def gathered(
    limit: int, due: Callable[[int], Sequence[Any]], take: Callable[[Any], "_Item | None"], looks: int = _MOST_LOOKS
) -> list[_Item]:
    """Up to `limit` items of the rows that are due.

    due(n): the next n rows; take(row): the item, or None for a row that it has settled or put off instead. Another row
    stands in for such a one, so that a hundred that are past their time do not make the next one wait.
    """
    found: list[_Item] = []
    for _ in range(looks):
        rows = due(limit - len(found))
        items = [item for row in rows if (item := take(row)) is not None]
        found += items
        if len(items) == len(rows):
            break
    return found
