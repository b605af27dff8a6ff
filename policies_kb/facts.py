"""Facts that a clause states in a form a program can read: periods, contacts, ages, references to sections."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty|sixty|ninety"
_PERIOD = re.compile(
    rf"\b(?:\d+|{_NUMBER_WORDS})[ -](?:business |calendar |working )?(?:hour|day|week|month|year)s?\b", re.I
)
_OF_AGE = re.compile(r"[ -](?:old\b|of age\b|(?:or|and) (?:older|over|above|younger)\b)", re.I)
_AGE_BEFORE = re.compile(r"\b(?:under|below|age of|aged?)(?: the age of)? $", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+\d[\d ()-]{7,}\d")
_AGE = re.compile(r"\b(?:under(?: the age of)?|below(?: the age of)?|at least|age of|over) (?P<age>\d{1,2})\b", re.I)
_SECTION = re.compile(r"\b[Ss]ection (?P<number>\d{1,2}(?:\.\d+)?)\b")


def periods(text: str) -> tuple[str, ...]:
    """Durations as they stand in the text: "6 months", "30 days"; how old somebody is, is none."""
    return _unique(match.group() for match in _PERIOD.finditer(text) if not _is_age(match, text))


def _is_age(period: re.Match[str], text: str) -> bool:
    if not period.group().lower().rstrip("s").endswith("year"):
        return False
    is_number = bool(re.match(r"\d", period.group())) and _AGE_BEFORE.search(text[: period.start()])
    return bool(_OF_AGE.match(text, period.end()) or is_number)


def contacts(text: str) -> tuple[str, ...]:
    """E-mail addresses and international phone numbers as they stand in the text."""
    return _unique([*(m.group() for m in _EMAIL.finditer(text)), *(m.group() for m in _PHONE.finditer(text))])


def ages(text: str) -> tuple[int, ...]:
    """Age limits that the text names, in years."""
    found = [int(match["age"]) for match in _AGE.finditer(text)]
    return tuple(dict.fromkeys(age for age in found if 5 <= age <= 21))


def section_references(text: str) -> tuple[str, ...]:
    """Numbers of sections that the text refers to: "see section 8" gives "8"."""
    return _unique(match["number"] for match in _SECTION.finditer(text))


def _unique(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
