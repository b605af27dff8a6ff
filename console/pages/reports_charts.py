"""The geometry of the charts: numbers in, places in a drawing out. The templates draw them as SVG, without script.

Every chart stands beside a table with its numbers, and tells its parts apart by pattern as well as by colour, so that
it reads on paper and without colour vision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10

from tickets.report_model import Tally

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 30
_MOST_LABELS = 12
_LEAST_LABELLED = 24  # columns up to which a number stands at each
PART_WORDS = {"answered": "done", "refused": "refused", "other": "closed otherwise", "open": "open"}
"""What became of requests, in the order in which the parts are stacked."""


@dataclass(frozen=True)
class Label:
    """A word in the drawing, at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Block:
    """A rectangle. says: what it stands for."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True)
class Columns:
    """A column for each month, in parts."""

    blocks: tuple[Block, ...]
    totals: tuple[Label, ...]
    names: tuple[Label, ...]
    grid: tuple[Label, ...]


@dataclass(frozen=True)
class Spread:
    """A month's median, and the day by which 95 of 100 were answered."""

    x: float
    median_y: float
    high_y: float
    median: str
    high: str
    says: str


@dataclass(frozen=True)
class Days:
    """A spread for each month that has answers."""

    spreads: tuple[Spread, ...]
    names: tuple[Label, ...]
    grid: tuple[Label, ...]
    is_labelled: bool


@dataclass(frozen=True)
class Slice:
    """A part of a bar, in per cent of its room."""

    kind: str
    x: float
    width: float


def parts_of(tally: Tally) -> dict[str, int]:
    """What became of the requests, in four parts that add up to all."""
    other = tally.withdrawn + tally.referred + tally.duplicate + tally.expired
    return {"answered": tally.answered, "refused": tally.refused, "other": other, "open": tally.open}


def columns(by_month: Mapping[str, Tally]) -> Columns:
    """Requests by the month in which they were received."""
    top = _top(max((tally.received for tally in by_month.values()), default=0))
    places = _places(len(by_month))
    blocks, totals = [], []
    for (x, width), (month, tally) in zip(places, by_month.items()):
        below = 0
        for kind, count in parts_of(tally).items():
            if count:
                y = _y(below + count, top)
                says = f"{month}: {count:,} {PART_WORDS[kind]}"
                blocks.append(Block(kind, x, y, width, round(_y(below, top) - y, 2), says))
            below += count
        if below and len(by_month) <= _LEAST_LABELLED:
            totals.append(Label(x + width / 2, _y(below, top) - 4, f"{below:,}"))
    return Columns(tuple(blocks), tuple(totals), _names(list(by_month), places), _grid(top))


def days(by_month: Mapping[str, Tally]) -> Days:
    """How long answers took, by the month in which the request was received."""
    top = _top(max((tally.percentile_95 or 0 for tally in by_month.values()), default=0))
    places = _places(len(by_month))
    spreads = []
    for (x, width), (month, tally) in zip(places, by_month.items()):
        if tally.median is None or tally.percentile_95 is None:
            continue
        median, high = in_days(tally.median), in_days(tally.percentile_95)
        middle, says = x + width / 2, f"{month}: half within {median} days, 95 of 100 within {high}"
        spreads.append(Spread(middle, _y(tally.median, top), _y(tally.percentile_95, top), median, high, says))
    return Days(tuple(spreads), _names(list(by_month), places), _grid(top), len(by_month) <= _MOST_LABELS + 1)


def bar(parts: Mapping[str, int], most: int) -> tuple[Slice, ...]:
    """A bar in parts. most: the number that fills all the room."""
    slices, at = [], 0
    for kind, count in parts.items():
        if count and most:
            slices.append(Slice(kind, round(100 * at / most, 3), round(100 * count / most, 3)))
        at += count
    return tuple(slices)


def in_days(number: float | None) -> str:
    """3 or 3.5; a dash where there is none."""
    return "–" if number is None else f"{number:g}"


def in_percent(share: float | None) -> str:
    """A share that is not whole is never rounded up to all of it: 99.96 % is 99.9%."""
    if share is None:
        return "–"
    tenths = int(share * 1_000 + 1e-9)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


def step_of(most: float) -> int:
    """The distance of the grid's lines: 1, 2 or 5 times a power of ten, so that there are at most five."""
    rough = max(most, 1) / 5
    power = 10 ** max(0, int(log10(rough)) if rough >= 1 else 0)
    return next(int(step * power) for step in (1, 2, 5, 10) if step * power >= rough)


def _top(most: float) -> int:
    step = step_of(most)
    return max(step, ceil(most / step) * step)


def _y(value: float, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 2)


def _places(count: int) -> list[tuple[float, float]]:
    """(left edge, width) of each column."""
    room = (WIDTH - LEFT - RIGHT) / max(count, 1)
    width = min(room * 0.72, 48)
    return [(round(LEFT + room * (number + 0.5) - width / 2, 2), round(width, 2)) for number in range(count)]


def _names(months: Sequence[str], places: Sequence[tuple[float, float]]) -> tuple[Label, ...]:
    every = ceil(len(months) / _MOST_LABELS) if len(months) > _MOST_LABELS + 1 else 1
    return tuple(
        Label(round(x + width / 2, 2), HEIGHT - BOTTOM + 18, month_in_words(month))
        for number, ((x, width), month) in enumerate(zip(places, months))
        if number % every == 0
    )


def _grid(top: int) -> tuple[Label, ...]:
    step = step_of(top)
    return tuple(Label(LEFT - 8, _y(value, top), f"{value:,}") for value in range(0, top + 1, step))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month_in_words(month: str) -> str:
    """2026-03 as Mar 26."""
    year, _, number = month.partition("-")
    return f"{_MONTHS[int(number) - 1]} {year[-2:]}"
