"""What the public may see of the requests about one policy: how many of each right in each year, small counts hidden.

A count under ten is never shown, nor can it be worked out: where the year's total and the counts that are shown would
tell a hidden one, or narrow it down, the next smallest count is left out as well, or else the total. The counts of the
year that is not over are rounded down to tens, so that who looks every day does not see single requests arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.store import Store
from tickets.tables import request_rights, requests
from tickets.vocabulary import Right

LEAST = 10
"""The smallest count that is shown."""


class Hidden(str, Enum):
    """Why a count is not shown. withheld: it is large enough, but would tell one that is not."""

    SMALL = "small"
    WITHHELD = "withheld"


@dataclass(frozen=True)
class PublicCount:
    """A count as the public sees it. value: None if hidden. is_floor: it may be up to nine more."""

    value: int | None
    hidden: Hidden | None = None
    is_floor: bool = False

    @property
    def text(self) -> str:
        """For example "1,240", "30 or more", "fewer than 10", "not shown"."""
        if self.value is None:
            return f"fewer than {LEAST}" if self.hidden is Hidden.SMALL else "not shown"
        return f"{self.value:,} or more" if self.is_floor else f"{self.value:,}"


@dataclass(frozen=True)
class PublicYear:
    """One year. received: requests; rights: every right, a request that holds several counts under each."""

    year: int
    is_over: bool
    received: PublicCount
    rights: Mapping[Right, PublicCount]


@dataclass(frozen=True)
class Transparency:
    """The years, newest first, from that of the first request on. as_of: the day it was counted, in UTC."""

    policy: str
    as_of: date
    years: tuple[PublicYear, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data: each count as its text."""
        return {
            "policy": self.policy,
            "as_of": self.as_of.isoformat(),
            "years": [
                {
                    "year": one.year,
                    "is_over": one.is_over,
                    "received": one.received.text,
                    "rights": {right.value: count.text for right, count in one.rights.items()},
                }
                for one in self.years
            ],
        }


def transparency(store: Store, policy: str, now: datetime) -> Transparency:
    """Count anew. It reads all requests about the policy: whoever shows it keeps it for a while. Raises StoreError."""
    today = now.astimezone(timezone.utc).date()
    year = sa.extract("year", requests.c.received_at)
    about = requests.c.policy == policy
    joined = sa.join(requests, request_rights, request_rights.c.request_id == requests.c.id)
    with store.reading() as unit:
        received = unit.execute(sa.select(year, sa.func.count()).where(about).group_by(year)).all()
        by_right = sa.select(year, request_rights.c.right, sa.func.count()).select_from(joined).where(about)
        counted = unit.execute(by_right.group_by(year, request_rights.c.right)).all()
    totals = {int(one): int(count) for one, count in received}
    counts = {(int(one), Right(word)): int(count) for one, word, count in counted}
    span = range(max((*totals, today.year)), min(totals, default=today.year + 1) - 1, -1)
    years = [
        _year(one, today, totals.get(one, 0), {right: counts.get((one, right), 0) for right in Right}) for one in span
    ]
    return Transparency(policy, today, tuple(years))


def _year(year: int, today: date, total: int, counts: Mapping[Right, int]) -> PublicYear:
    is_over = year < today.year
    withheld, is_total_shown = withholding(total, counts)
    rights = {
        right: PublicCount(None, Hidden.WITHHELD) if right in withheld else _public(count, is_over)
        for right, count in counts.items()
    }
    small = total < LEAST
    received = _public(total, is_over) if is_total_shown or small else PublicCount(None, Hidden.WITHHELD)
    return PublicYear(year, is_over, received, rights)


def _public(count: int, is_over: bool) -> PublicCount:
    if count < LEAST:
        return PublicCount(None, Hidden.SMALL)
    return PublicCount(count) if is_over else PublicCount(count - count % LEAST, is_floor=True)


def withholding(total: int, counts: Mapping[Right, int]) -> tuple[frozenset[Right], bool]:
    """Which large counts are left out too, and whether the total can be shown beside the others.

    Worked out as if a request held one right each, which is the case that tells most.
    """
    small = [right for right, count in counts.items() if count < LEAST]
    shown = sorted((right for right, count in counts.items() if count >= LEAST), key=lambda right: counts[right])
    if total < LEAST:
        return frozenset(), False
    nothing: frozenset[Right] = frozenset()
    if _tells_nothing(total, counts, len(small), shown, 0):
        return nothing, True
    if len(shown) > 1 and _tells_nothing(total, counts, len(small), shown[1:], 1):
        return frozenset(shown[:1]), True
    return nothing, False  # more than one right given for the total would be a bad bargain


def _tells_nothing(total: int, counts: Mapping[Right, int], small: int, shown: list[Right], withheld: int) -> bool:
    """Whether each small count may be anything from 0 to 9, for all that the total and the shown counts say.

    What is withheld is known to be ten or more, and no more than the smallest that is shown.
    """
    if small == 0:
        return True
    in_sight = sum(counts[right] for right in shown)
    most = counts[shown[0]] if shown else total
    for whole in (total, sum(counts.values())):
        hidden = whole - in_sight
        if not (LEAST - 1) + LEAST * withheld <= hidden <= (LEAST - 1) * (small - 1) + most * withheld:
            return False
    return True
