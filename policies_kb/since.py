"""Since when: the date, or the version, that a question such as "what changed since March?" counts from.

Pure reading of English words; `today` is passed in. What the words leave open is not guessed: a date that can be read
in two ways gives both, and a day that only the person knows ("since I signed up") gives none.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from dateutil.relativedelta import relativedelta

_MONTHS = {name: place for place, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: place for name, place in _MONTHS.items()} | {"Sept": 9}
_MONTHS = {name.lower(): place for name, place in _MONTHS.items()}
_DAYS = {name.lower(): place for place, name in enumerate(calendar.day_name)}
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_COUNTS |= {"ten": 10, "eleven": 11, "twelve": 12}
_COUNTS |= {"a": 1, "an": 1, "couple of": 2, "few": 3, "several": 3, "": 1}
_UNITS = {"day": "days", "week": "weeks", "month": "months", "year": "years"}

_MONTH = r"(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_SINCE = (
    r"(?:since|from|after|as of|in|before|until|till|by|and|last|this)\s+(?:early |late |mid[- ]|about |around |the )*"
)
_COUNT = r"(?P<count>\d{1,3}|" + "|".join(sorted(filter(None, _COUNTS), key=len, reverse=True)) + r")"

_ISO = re.compile(rf"\b{_YEAR}-(?P<month>\d{{1,2}})(?:-(?P<day>\d{{1,2}}))?\b")
_SLASHED = re.compile(r"\b(?P<first>\d{1,2})(?P<sign>[/.-])(?P<second>\d{1,2})(?P=sign)(?P<year>(?:19|20)?\d{2})\b")
_MONTH_SLASH_YEAR = re.compile(rf"\b(?P<month>\d{{1,2}})[/.]{_YEAR}\b")
_DAY_MONTH = re.compile(rf"\b{_DAY}(?: day)?(?: of)? {_MONTH}\b(?:,? {_YEAR})?", re.I)
_MONTH_DAY = re.compile(rf"\b{_MONTH} (?:the )?{_DAY}\b(?!\d)(?:,? {_YEAR})?", re.I)
_MONTH_YEAR = re.compile(rf"\b{_MONTH}(?: of)?,? (?:{_YEAR}|['’](?P<short>\d{{2}})\b)", re.I)
_MONTH_ALONE = re.compile(rf"\b{_SINCE}{_MONTH}(?!\w)", re.I)
_ONLY_MONTH = re.compile(rf"^\W*{_MONTH}\W*$", re.I)
_AGO = re.compile(rf"\b{_COUNT} (?P<unit>day|week|month|year)s? (?:ago|back)\b", re.I)
_LAST_SO_MANY = re.compile(
    rf"\b(?:last|past|previous|recent)(?: {_COUNT})? (?P<unit>day|week|month|year)(?P<many>s)?\b", re.I
)
_THIS = re.compile(r"\bthis (?P<unit>week|month|year)\b", re.I)
_WEEKDAY = re.compile(rf"\b(?:since|last|from|after)\s+(?:last )?(?P<weekday>{'|'.join(_DAYS)})\b", re.I)
_YEAR_ALONE = re.compile(rf"(?:\b{_SINCE}|^\W*){_YEAR}\b(?!-)", re.I)
_YESTERDAY = re.compile(r"\b(?P<yesterday>yesterday)\b|\bsince (?:today|this morning)\b", re.I)
_OWN_DEEDS = (
    r"sign(?:ed)?[ -]?(?:up|in|on)?|join(?:ed)?|regist\w+|creat\w+|open(?:ed)?|start\w*|began|beg[iu]n|becom\w*|became|"
    r"agreed?|accept\w*|consent\w*|last|read|look\w*|check\w*|enroll?\w*|subscrib\w*|bought|install\w*|download\w*|"
    r"visit\w*|was here|got|came|saw"
)
_OWN_DAY = re.compile(
    r"\b(?:since|when|after|before|day|time|moment|that|which|one|version|what)\b.{0,25}?"
    rf"\b(?:i|we|my (?:son|daughter|child|kid))\b.{{0,20}}?\b(?:{_OWN_DEEDS})\b|"
    r"\bsince (?:my|our) (?:sign[ -]?up|registration|enrolment|last (?:visit|login|look)|account)\b|"
    r"\bsince (?:then|i've been|last time)\b",
    re.I,
)


class Whence(str, Enum):
    """What a question counts from."""

    DAY = "day"
    VERSION = "version"
    PREVIOUS = "previous"  # the version before the current one; also where nothing is said
    OWN_DAY = "own_day"  # a day that only the person knows


@dataclass(frozen=True)
class Since:
    """days: of DAY, one, or two where the words can be read in two ways, the earlier first. version: of VERSION."""

    whence: Whence
    days: tuple[date, ...] = ()
    version: str = ""


def since_when(text: str, today: date, versions: Collection[str]) -> Since:
    """What a question counts from. versions: the names of the versions that the policy has."""
    named = _version_named(text, versions)
    if named:
        return Since(Whence.VERSION, version=named)
    for reader in _READERS:
        days = sorted(set(reader(text, today)))
        if days:
            return Since(Whence.DAY, tuple(days if reader is _slashed else days[:1]))
    if _OWN_DAY.search(text):
        return Since(Whence.OWN_DAY)
    return Since(Whence.PREVIOUS)


def _version_named(text: str, versions: Collection[str]) -> str:
    """The version that a question names; one whose name is a date only where it stands as it is written."""
    for version in sorted(versions, key=len, reverse=True):
        if re.search(rf"(?<![\w.-]){re.escape(version)}(?![\w-]|\.\w)", text, re.I):
            is_year = version.isdigit()  # "since 2024" is a date, "since version 2024" is not
            if not is_year or re.search(rf"\b(?:version|edition)\s+{re.escape(version)}\b", text, re.I):
                return version
    return ""


def _exact(text: str, today: date) -> Iterator[date]:
    """A day with its month, the year said or not."""
    for pattern in (_ISO, _DAY_MONTH, _MONTH_DAY):
        for found in pattern.finditer(text):
            month = found["month"].lower()
            yield from _day(found["year"], int(month) if month.isdigit() else _MONTHS[month], found["day"], today)


def _slashed(text: str, today: date) -> Iterator[date]:
    """Day and month in figures. Which comes first is not known, but with dots it is the day."""
    for found in _SLASHED.finditer(text):
        year = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
        first, second = int(found["first"]), int(found["second"])
        yield from _day(year, second, str(first), today)
        if found["sign"] != ".":
            yield from _day(year, first, str(second), today)


def _month(text: str, today: date) -> Iterator[date]:
    for found in _MONTH_YEAR.finditer(text):
        yield from _day(found["year"] or f"20{found['short']}", _MONTHS[found["month"].lower()], None, today)
    for found in _MONTH_SLASH_YEAR.finditer(text):
        yield from _day(found["year"], int(found["month"]), None, today)


def _month_alone(text: str, today: date) -> Iterator[date]:
    for pattern in (_MONTH_ALONE, _ONLY_MONTH):
        for found in pattern.finditer(text):
            yield from _day(None, _MONTHS[found["month"].lower()], None, today)


def _relative(text: str, today: date) -> Iterator[date]:
    for found in _AGO.finditer(text):
        yield _back(today, found["count"], found["unit"])
    for found in _LAST_SO_MANY.finditer(text):
        unit = found["unit"].lower()
        if found["count"] or found["many"]:
            yield _back(today, found["count"] or ("few" if found["many"] else ""), unit)
        else:
            yield _beginning(_back(today, "", unit), unit)
    for found in _THIS.finditer(text):
        yield _beginning(today, found["unit"].lower())
    for found in _WEEKDAY.finditer(text):
        yield today - timedelta(days=(today.weekday() - _DAYS[found["weekday"].lower()] - 1) % 7 + 1)
    for found in _YESTERDAY.finditer(text):
        yield today - timedelta(days=bool(found["yesterday"]))


def _year(text: str, today: date) -> Iterator[date]:
    for found in _YEAR_ALONE.finditer(text):
        yield date(int(found["year"]), 1, 1)


def _day(year: str | None, month: int, day: str | None, today: date) -> Iterator[date]:
    """That day if there is one; without a year the last such day that is not to come."""
    try:
        found = date(int(year or today.year), month, int(day or 1))
        yield found if year or found <= today else found.replace(year=today.year - 1)
    except ValueError:
        return


def _back(today: date, count: str, unit: str) -> date:
    number = int(count) if count.isdigit() else _COUNTS[count.lower()]
    return today - relativedelta(**{_UNITS[unit.lower()]: number})  # type: ignore[arg-type]


def _beginning(day: date, unit: str) -> date:
    """The first day of its week, month or year."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1) if unit == "year" else day


_READERS = (_exact, _slashed, _month, _relative, _month_alone, _year)
