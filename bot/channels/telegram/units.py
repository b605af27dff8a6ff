"""Telegram counts in UTF-16 units: lengths and places in a text, as it counts them."""

from __future__ import annotations

LONGEST = 4_096
"""Units of one message."""


def units(text: str) -> int:
    """How long Telegram takes a text to be."""
    return len(text) + sum(char > "\uffff" for char in text)


def part(text: str, start: int, length: int) -> str:
    """What stands at a place that Telegram named; of a character that is cut in two, nothing."""
    raw = text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * (start + length)]
    return raw.decode("utf-16-le", "ignore")


def first(text: str, most: int) -> str:
    """The longest beginning of at most that many units; no character is cut in two."""
    if units(text) <= most:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * max(0, most)].decode("utf-16-le", "ignore")


def parts_of(text: str) -> list[str]:
    """A text in messages that Telegram takes, cut at the last line or word that fits."""
    parts = []
    rest = text.strip()
    while units(rest) > LONGEST:
        fits = first(rest, LONGEST)
        cut = max(fits.rfind("\n"), fits.rfind(" "))
        end = cut if cut > 0 else len(fits)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest else parts
