"""A Word file's styles and numbering: which paragraphs are headings or items, and the numbers that Word shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from policies_kb.documents.numerals import numeral

_HEADING = re.compile(r"heading (\d)\Z", re.IGNORECASE)
_BODY_LEVEL = 9  # Word's outline level of ordinary text
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True)
class Style:
    """A paragraph style. heading: its level from 1, 0 of ordinary text. number: list id and level, if it numbers."""

    name: str
    based_on: str
    heading: int | None
    number: tuple[str, int | None] | None


def value(parent: Element | None, path: str) -> str | None:
    """The w:val of that child, or None without such a child; a child without the attribute is on."""
    found = parent.find(path) if parent is not None else None
    return None if found is None else found.get("w_val", "1")


def is_on(parent: Element | None, path: str) -> bool:
    """Whether that property is there and not switched off."""
    return value(parent, path) not in (None, "0", "false", "off", "none")


def read_styles(root: Element | None) -> dict[str, Style]:
    """The styles by id."""
    found = {}
    for element in root.findall("w_style") if root is not None else ():
        properties = element.find("w_pPr")
        name = value(element, "w_name") or ""
        found[element.get("w_styleId", "")] = Style(
            name, value(element, "w_basedOn") or "", _heading_level(name, properties), number_of(properties)
        )
    return found


def _heading_level(name: str, properties: Element | None) -> int | None:
    named = _HEADING.match(name)
    if named:
        return int(named[1])
    return 1 if name.casefold() == "title" else outline_level(properties)


def outline_level(properties: Element | None) -> int | None:
    """The level that a paragraph's properties give it in the outline: 0 of ordinary text, None if they say nothing."""
    level = value(properties, "w_outlineLvl")
    if level is None or not level.isdecimal():
        return None
    return 0 if int(level) >= _BODY_LEVEL else int(level) + 1


def number_of(properties: Element | None) -> tuple[str, int | None] | None:
    """The list that a paragraph's properties put it in, and the level in it."""
    number = properties.find("w_numPr") if properties is not None else None
    if number is None:
        return None
    level = value(number, "w_ilvl")
    return value(number, "w_numId") or "", int(level) if level and level.isdecimal() else None


def chain(styles: Mapping[str, Style], style_id: str) -> list[Style]:
    """The style and those that it is based on, nearest first; a circle ends."""
    found: list[Style] = []
    seen = set()
    while style_id in styles and style_id not in seen:
        seen.add(style_id)
        found.append(styles[style_id])
        style_id = styles[style_id].based_on
    return found


@dataclass(frozen=True)
class Level:
    """How one level of a list counts. text: "%1.%2" shows the numbers of the first two levels."""

    style: str
    text: str
    start: int


@dataclass
class Numbering:
    """The lists of a file, and how far each has counted."""

    levels: dict[str, dict[int, Level]]  # by list id
    shared: dict[str, str]  # list id -> what lists that count on from one another have in common
    starts: dict[str, dict[int, int]]  # by list id: levels that begin anew
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def knows(self, list_id: str) -> bool:
        """Whether there is such a list; "0" takes a paragraph out of its style's list."""
        return list_id in self.levels

    def next_label(self, list_id: str, depth: int) -> str:
        """The number that the list's next paragraph at that level shows; empty for a bullet."""
        levels = self.levels[list_id]
        level = levels.get(depth, Level("bullet", "", 1))
        counts = self.counts.setdefault(self.shared[list_id], {})
        if list_id not in self.begun:
            self.begun.add(list_id)
            counts.update({at: start - 1 for at, start in self.starts[list_id].items()})
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [at for at in counts if at > depth]:
            del counts[deeper]
        if level.style in ("bullet", "none"):
            return ""
        return _PLACE.sub(lambda place: self._shown(levels, counts, int(place[1]) - 1), level.text)

    @staticmethod
    def _shown(levels: dict[int, Level], counts: dict[int, int], depth: int) -> str:
        level = levels.get(depth, Level("decimal", "", 1))
        return numeral(counts.get(depth, level.start), level.style)


def read_numbering(root: Element | None) -> Numbering:
    """The lists that the numbering part defines."""
    numbering = Numbering({}, {}, {})
    if root is None:
        return numbering
    abstract = {element.get("w_abstractNumId", ""): _levels(element) for element in root.findall("w_abstractNum")}
    for element in root.findall("w_num"):
        list_id, base = element.get("w_numId", ""), value(element, "w_abstractNumId") or ""
        levels = dict(abstract.get(base, {}))
        starts = {}
        for change in element.findall("w_lvlOverride"):
            depth = _whole(change.get("w_ilvl"), 0)
            start = value(change, "w_startOverride")
            if start is not None:
                starts[depth] = _whole(start, 1)
            levels.update(_levels(change))
        numbering.levels[list_id] = levels
        numbering.shared[list_id] = base
        numbering.starts[list_id] = starts
    return numbering


def _levels(element: Element) -> dict[int, Level]:
    return {
        _whole(level.get("w_ilvl"), 0): Level(
            value(level, "w_numFmt") or "decimal", value(level, "w_lvlText") or "", _whole(value(level, "w_start"), 1)
        )
        for level in element.findall("w_lvl")
    }


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else otherwise
