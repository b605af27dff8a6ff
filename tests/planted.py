"""Five thousand made-up contacts, and how to find one again wherever it may have got to."""

from __future__ import annotations

import itertools
import random
import re
import string
from collections.abc import Iterator

EMAILS = (
    "planted{0}@example.org",
    "pat.planted{0}@mail.example.org",
    "Planted{0}+news@example.org",
    "planted{0} [at] example.org",
    "planted{0}\uff20example.org",
)
BRITISH = ("+44 {0} {1}", "+44 (0){0} {1}", "0044 {0} {1}", "(0{0}) {1}", "0{0} {1}", "0{0}-{1}", "+44{0}{1}")
AMERICAN = ("+1 {0} 555 {1}", "+1 ({0}) 555-{1}", "({0}) 555-{1}", "{0}-555-{1}", "{0}.555.{1}", "1-{0}-555-{1}")
AREAS = ("202", "206", "212", "213", "303", "305", "312", "404", "415", "503", "512", "602", "615", "617", "702")
_MARK = re.compile(r"planted[a-z]{12}", re.IGNORECASE)
_RUN = re.compile(r"\d(?:[ \-()/\u00a0]{0,2}\d){9,14}|\d{3}\.\d{3}\.\d{4}")


def emails(count: int) -> list[str]:
    """Addresses in several spellings, each with a word of its own that stands nowhere else."""
    shaken = random.Random(5000)
    words = {"".join(shaken.choices(string.ascii_lowercase, k=12)) for _ in range(count + 10)}
    return [EMAILS[n % len(EMAILS)].format(word) for n, word in enumerate(sorted(words)[:count])]


def phones() -> list[str]:
    """2,500 numbers in several spellings, no two the same."""
    films = [f"7946 0{n:03d}" for n in range(1000)]  # numbers that ring nowhere
    british = [BRITISH[n % len(BRITISH)].format("20", number) for n, number in enumerate(films)]
    pairs = [(area, f"01{n:02d}") for area in AREAS for n in range(100)]
    return british + [AMERICAN[n % len(AMERICAN)].format(*pair) for n, pair in enumerate(pairs)]


def contacts() -> list[str]:
    """5,000 different contacts, mixed."""
    found = emails(2500) + phones()
    random.Random(2500).shuffle(found)
    return found


class Planted:
    """Hands contacts out, each once, and looks for them. It knows a number by its ten digits in any spelling."""

    def __init__(self) -> None:
        self.all = contacts()
        self._left: Iterator[str] = iter(self.all)
        self.given = 0
        self._numbers = {_digits(one)[-10:] for one in self.all if not _MARK.search(one)}

    @property
    def left(self) -> int:
        """How many were not handed out yet."""
        return len(self.all) - self.given

    def some(self, most: int = 20, between: str = ", ") -> str:
        """The next ones, in one text; a word where none are left."""
        found = list(itertools.islice(self._left, most))
        self.given += len(found)
        return between.join(found) or "nobody"

    def found_in(self, text: str | bytes) -> set[str]:
        """Traces of planted contacts: the word of an address, the digits of a number."""
        read = text.decode("latin-1") if isinstance(text, bytes) else text
        traces = set(_MARK.findall(read))
        for run in _RUN.findall(read):
            digits = _digits(run)
            windows = {digits[at : at + 10] for at in range(len(digits) - 9)}
            traces |= windows & self._numbers
        return traces


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())
