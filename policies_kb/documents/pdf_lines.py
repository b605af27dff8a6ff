"""Lines of a page as they stand on it: columns in reading order, without what every page repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from policies_kb.documents.lines import row_text

WIDE = 2.2  # heights of the type: a wider gap between words separates columns or cells
MARGIN = 0.12  # of the page's height, at the top and at the bottom, where running heads and page numbers stand
BESIDE = 18.0  # points: lines that begin within three times this of each other are in one column
FEW_LINES = 12  # of a page on which no line need be full
IN_COLUMNS = 0.6  # of a page's lines have a gap at one place if it is set in columns
_LETTER = re.compile(r"[^\W\d_]")
_PAGE_NUMBER = re.compile(
    r"(?:page\s+\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?|\d{1,4}\s*(?:of|/)\s*\d{1,4}|[-–—]\s*\d{1,4}\s*[-–—]|[ivx]{1,6})\Z",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,4}\Z")
_CONTENTS = re.compile(r"(?:\.\s?){5,}\s*\d{1,4}\Z")
_LABEL = re.compile(r"(?:[•▪◦‣·●○■□►➢✓*–—−o\uf0b7\uf0a7-]|\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,4})[.)]?)\Z")


@dataclass(frozen=True)
class Word:
    """A word and where it stands, in points from the page's lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    height: float  # of its type, not of its letters
    bold: bool = False


@dataclass(frozen=True)
class Line:
    """Words on one line of one column. margin: where the column ends on the right. top: share of the page above it."""

    words: tuple[Word, ...]
    page: int
    top: float
    margin: float = 0.0
    row: str = ""  # the line's text where it is a row of a table

    @cached_property
    def text(self) -> str:
        """The line's words."""
        return self.row or " ".join(word.text for word in self.words)

    @property
    def left(self) -> float:
        """Where its first word begins."""
        return self.words[0].left

    @property
    def right(self) -> float:
        """Where its last word ends."""
        return self.words[-1].right

    @property
    def bottom(self) -> float:
        """Where it stands."""
        return self.words[-1].bottom

    @cached_property
    def height(self) -> float:
        """The height of its type: that of most of its words."""
        return Counter(round(word.height, 1) for word in self.words).most_common(1)[0][0]

    @cached_property
    def bold(self) -> bool:
        """Whether all of it is set in bold type."""
        return all(word.bold for word in self.words)


def parts_of(line: Line) -> list[Line]:
    """The line cut at wide gaps; a bullet or a number stays with the words that it stands before."""
    parts: list[list[Word]] = [[line.words[0]]]
    for before, word in zip(line.words, line.words[1:]):
        gap = word.left - before.right > WIDE * max(before.height, 1)
        if gap and not (len(parts[-1]) == 1 and _LABEL.match(parts[-1][0].text)):
            parts.append([word])
        else:
            parts[-1].append(word)
    return [replace(line, words=tuple(part)) for part in parts]


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """A page's lines; those that run across two columns are read down the left one first."""
    cut = [parts_of(line) for line in lines]
    twos = [parts for parts in cut if len(parts) == 2]
    if len(twos) < 8 or len(twos) < IN_COLUMNS * len(cut):
        return [_row(parts) for parts in cut]
    starts = Counter(round(parts[1].left / 4) for parts in twos)
    if starts.most_common(1)[0][1] < 0.7 * len(twos):
        return [_row(parts) for parts in cut]
    gutter = min(parts[1].left for parts in twos) - 1
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for parts in cut:
        if len(parts) == 1 and parts[0].left < gutter < parts[0].right:
            ordered += [*left, *right, parts[0]]
            left, right = [], []
        else:
            left += [part for part in parts if part.left < gutter]
            right += [part for part in parts if part.left >= gutter]
    return [*ordered, *left, *right]


def _row(parts: list[Line]) -> Line:
    if len(parts) == 1:
        return parts[0]
    words = tuple(word for part in parts for word in part.words)
    return replace(parts[0], words=words, row=row_text([part.text for part in parts]))


def with_margins(pages: Sequence[Sequence[Line]]) -> list[Line]:
    """All lines in order, each with the right edge of its column: the furthest that lines begun near its left reach.

    On a page with a few lines nothing may reach the edge, so there the whole document's edge counts.
    """
    everywhere = _reaches([line for page in pages for line in page])
    out = []
    for page in pages:
        reaches = _reaches(page) if len(page) >= FEW_LINES else everywhere
        out += [replace(line, margin=max(line.right, _reach(reaches, line))) for line in page]
    return out


def _reaches(lines: Sequence[Line]) -> dict[int, float]:
    """By left edge, in steps of BESIDE, how far to the right lines reach."""
    reaches: dict[int, float] = {}
    for line in lines:
        if not line.row:
            step = round(line.left / BESIDE)
            reaches[step] = max(reaches.get(step, 0.0), line.right)
    return reaches


def _reach(reaches: dict[int, float], line: Line) -> float:
    step = round(line.left / BESIDE)
    return max(reaches.get(near, 0.0) for near in range(step - 3, step + 4))


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without page numbers, tables of contents, and the lines that most have at one place near an edge."""
    seen = Counter(key for page in pages for key in {_key(line) for line in page if _at_edge(line)})
    ahead = (number for page in pages for number in {_ahead(line) for line in page} if number is not None)
    counted: Counter[int | None] = Counter(ahead)
    most = max(2, (len(pages) + 1) // 2)

    def stays(line: Line) -> bool:
        if _CONTENTS.search(line.text):
            return False
        if not _at_edge(line):
            return True
        running = seen[_key(line)] >= most and _LETTER.search(line.text) is not None
        return not (running or _PAGE_NUMBER.match(line.text) or counted[_ahead(line)] >= 2)

    return [[line for line in page if stays(line)] for page in pages]


def _ahead(line: Line) -> int | None:
    """How far a number by itself near an edge is ahead of the page's: alike on two pages, it counts them."""
    if not _at_edge(line):
        return None
    numbers = [part.text for part in parts_of(line) if _NUMBER.match(part.text)]
    return int(numbers[-1]) - line.page if numbers else None


def _at_edge(line: Line) -> bool:
    return not MARGIN < line.top < 1 - MARGIN


def _key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", line.text), round(line.top * 50)
