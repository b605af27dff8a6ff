"""What a message to Telegram is built from, and how it is made to fit: quotes are cut visibly, or left to be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Union

from bot.channels.telegram.rendered import Rendered, Sheet
from bot.channels.telegram.units import LONGEST, first, units

CUT = " […]"  # inside a quote, after the last sentence that is shown
READ_ON = "Read on: "
MORE = {1: "One more passage: "}
MORE_OF_THEM = "{count} more passages, from "
_SHORTEST = 160  # units of a quote that is cut
_SENTENCE_END = re.compile(r"[.!?;:](?=\s)|\n")


@dataclass(frozen=True)
class Piece:
    """A stretch of text in one look. types: as in the Bot API's MessageEntity."""

    text: str = field(repr=False)
    types: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True)
class Passage:
    """A quote, which may be cut or left out. most: how many units of it are shown, None for all."""

    text: str = field(repr=False)
    source: Piece
    head: tuple[Piece, ...] = ()
    is_spare: bool = False  # what else the policy says: the first to be left out
    most: int | None = None


Block = Union[tuple[Piece, ...], Passage]
"""Blocks stand apart by an empty line."""


def fitted(blocks: Sequence[Block]) -> Rendered:
    """One message of at most 4,096 units: spare quotes go first, from the end; then the longest are cut."""
    kept = [block for block in blocks if block]
    left_out: list[Block] = []
    _leave_out(kept, left_out, _is_spare, None)
    _leave_out(kept, left_out, _is_passage, _SHORTEST)  # only where all of them do not fit even as short as that
    return _written(_cut(kept, _longest_cut(kept, left_out)), left_out).done()


def _leave_out(kept: list[Block], left_out: list[Block], is_meant: Callable[[Block], bool], most: int | None) -> None:
    """Until it fits with quotes of at most that length, move blocks of that kind from one list to the other."""
    while _length(_cut(kept, most), left_out) > LONGEST:
        place = next((at for at in range(len(kept) - 1, -1, -1) if is_meant(kept[at])), None)
        if place is None:
            return
        left_out.insert(0, kept.pop(place))


def _is_spare(block: Block) -> bool:
    return isinstance(block, Passage) and block.is_spare


def _is_passage(block: Block) -> bool:
    return isinstance(block, Passage)


def _longest_cut(blocks: Sequence[Block], left_out: Sequence[Block]) -> int:
    """How much of a quote can be shown, so that all fits."""
    low, high = _SHORTEST, LONGEST * 16
    if _length(_cut(blocks, high), left_out) <= LONGEST:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _length(_cut(blocks, middle), left_out) <= LONGEST else (low, middle)
    return low


def _cut(blocks: Sequence[Block], most: int | None) -> list[Block]:
    return [replace(block, most=most) if isinstance(block, Passage) else block for block in blocks]


def _length(blocks: Sequence[Block], left_out: Sequence[Block]) -> int:
    return _written(blocks, left_out).length


def _written(blocks: Sequence[Block], left_out: Sequence[Block]) -> Sheet:
    sheet = Sheet()
    for number, block in enumerate([*blocks, *_told(left_out)]):
        if number:
            sheet.add("\n\n")
        for piece in _quotation(block) if isinstance(block, Passage) else block:
            sheet.add(piece.text, *piece.types, url=piece.url)
    return sheet


def _told(left_out: Sequence[Block]) -> list[Block]:
    """That there is more, and where."""
    sources = [block.source for block in left_out if isinstance(block, Passage)]
    if not sources:
        return []
    return [(Piece(MORE.get(len(sources)) or MORE_OF_THEM.format(count=len(sources))), sources[0])]


def _quotation(passage: Passage) -> list[Piece]:
    text = shown(passage.text, passage.most)
    is_cut = text != passage.text
    look = "expandable_blockquote" if passage.is_spare else "blockquote"
    quote = Piece(f"“{text}{CUT if is_cut else ''}”", (look,))
    link = replace(passage.source, text=READ_ON + passage.source.text) if is_cut else passage.source
    return [*passage.head, quote, Piece("\n"), link]


def shown(text: str, most: int | None) -> str:
    """The beginning of a quote, up to the last end of a sentence or else the last word that fits."""
    if most is None or units(text) <= most:
        return text
    begun = first(text, most)
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, len(begun) + 1) if found.end() <= len(begun)]
    whole = begun[: ends[-1]] if ends else begun
    if units(whole) < most // 2:  # hardly anything is left of it
        whole = begun[: begun.rfind(" ")] if " " in begun else begun
    return whole.rstrip()
