"""Which requests a report is about: the period, and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from tickets.errors import InputError

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Choice:
    """A period, both days included, in UTC, and a policy; "" for all."""

    start: date
    end: date
    policy: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], today: date) -> "Choice":
        """As a link or the form says it; without dates the last twelve months. Raises InputError for no date."""
        usual = twelve_months(today)
        try:
            start = date.fromisoformat(query["from"]) if query.get("from") else usual.start
            end = date.fromisoformat(query["to"]) if query.get("to") else usual.end
        except ValueError:
            raise InputError("a period's days are written like 2026-03-31") from None
        if end < start:
            raise InputError("the period ends before it begins")
        return cls(start, end, query.get("policy", "")[:_LONGEST_NAME])

    def at(self, path: str) -> str:
        """A link to it."""
        said = {"from": self.start.isoformat(), "to": self.end.isoformat(), "policy": self.policy}
        return f"{path}?{urlencode({name: value for name, value in said.items() if value})}"

    def file_name(self, what: str, ending: str) -> str:
        """For a download: letters, digits, dots and hyphens only."""
        policy = "".join(char for char in self.policy if char.isascii() and (char.isalnum() or char in "-_"))
        return f"{'-'.join(filter(None, (what, policy, self.start.isoformat(), self.end.isoformat())))}.{ending}"


def twelve_months(today: date) -> Choice:
    """This month so far, and the eleven before it."""
    return Choice(_months_before(today, 11), today)


def offered(today: date, policy: str) -> list[tuple[str, Choice]]:
    """The periods that are a click away."""
    this_month = today.replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    year = today.replace(month=1, day=1)
    day = timedelta(days=1)
    named = [
        ("Last 12 months", twelve_months(today)),
        ("This month", Choice(this_month, today)),
        ("Last month", Choice(_months_before(today, 1), this_month - day)),
        ("This quarter", Choice(quarter, today)),
        ("Last quarter", Choice(_months_before(quarter, 3), quarter - day)),
        ("This year", Choice(year, today)),
        (f"{today.year - 1}", Choice(year.replace(year=today.year - 1), year - day)),
    ]
    return [(words, replace(choice, policy=policy)) for words, choice in named]


def _months_before(day: date, months: int) -> date:
    """The first day of the month that many months earlier."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
