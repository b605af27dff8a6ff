"""What every reader gives, headings, paragraphs and items, and how they are laid out as lines for the segmenter.

A heading stands by itself between blank lines, a paragraph is one line, an item begins with "• ". What lies under a
heading of a lower level is indented, which is how `policies_kb.segment` knows where its section ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby

from policies_kb.documents.characters import cleaned
from policies_kb.documents.document import Document
from policies_kb.model import PieceKind
from policies_kb.segment import segment

_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})*[.)]?\Z")
_BULLET = re.compile(r"^(?:[•▪◦‣·●○■□►➢✓\uf0b7\uf0a7]\s*|[*–—−-]\s+)(?=\S)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
SHORT = 20  # characters up to which a numbered line is not read as an item unless it has a bullet


class Kind(Enum):
    """What a stretch of a document is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"


@dataclass(frozen=True)
class Block:
    """A stretch of a document that stands by itself.

    depth: of a heading 1 to 6, of an item how deep its list lies in others, from 0. label: the number that a list or a
    heading shows though it is not in its text ("3.", "b)"). follows: a line that goes with the one before, as in an
    address.
    """

    kind: Kind
    text: str
    depth: int = 0
    label: str = ""
    follows: bool = False


def document_of(blocks: Iterable[Block], kind: str, title: str = "") -> Document:
    """The blocks laid out as lines."""
    tidy = _with_headings([block for block in map(_tidy, blocks) if block.text])
    lines, headings = _lines(tidy)
    text = "\n".join(lines).strip("\n") + "\n" if lines else ""
    return Document(text, kind, folded(title), _unlike_headings(text, headings))


def folded(text: str) -> str:
    """The text on one line, with single spaces, cleaned."""
    return " ".join(_CONTROL.sub("", cleaned(text)).split())


def _tidy(block: Block) -> Block:
    """A block with its text on one line; a bullet that somebody typed makes it an item."""
    text = folded(block.text)
    bullet = _BULLET.match(text)
    if bullet and block.kind is not Kind.HEADING and not block.label:
        kind = Kind.PARAGRAPH if block.kind is Kind.PARAGRAPH and text[0] in "–—−-" and len(text) < 3 else Kind.ITEM
        return replace(block, kind=kind, text=text[bullet.end() :] if kind is Kind.ITEM else text)
    return replace(block, text=text)


def _with_headings(blocks: list[Block]) -> list[Block]:
    """A numbered list of one short item, with text under it, is a heading that somebody numbered with a list."""
    out: list[Block] = []
    for index, block in enumerate(blocks):
        before = blocks[index - 1] if index else None
        after = blocks[index + 1] if index + 1 < len(blocks) else None
        alone = not _is_numbered(before) and after is not None and after.kind is Kind.PARAGRAPH
        if alone and _is_numbered(block) and block.depth == 0 and looks_like_heading(f"{block.label} {block.text}"):
            out.append(replace(block, kind=Kind.HEADING, depth=2))
        else:
            out.append(block)
    return out


def _is_numbered(block: Block | None) -> bool:
    return block is not None and block.kind is Kind.ITEM and bool(block.label)


def looks_like_heading(line: str) -> bool:
    """Whether the segmenter takes that line, by itself, for a heading."""
    pieces = segment(line) if len(line) <= 100 else []
    return bool(pieces) and pieces[0].kind is PieceKind.HEADING


def _lines(blocks: list[Block]) -> tuple[list[str], list[str]]:
    """The lines of the text, and those of them that are headings."""
    lines: list[str] = []
    headings: list[str] = []
    top = _top_depth(blocks)
    indent = ""
    for (kind, _), run in groupby(
        blocks, key=lambda block: (block.kind, block.kind is Kind.ITEM and bool(block.label))
    ):
        group = list(run)
        if kind is Kind.ITEM:
            lines += [*_blank(lines), *_items(group, indent)]
            continue
        for block in group:
            if kind is Kind.HEADING:
                indent = "  " if block.depth > top else ""
                line = f"{block.label} {block.text}".strip()
                headings.append(line)
                lines += [*_blank(lines), indent + line]
            else:
                lines += [*([] if block.follows else _blank(lines)), indent + f"{block.label} {block.text}".strip()]
    return lines, headings


def _blank(lines: list[str]) -> list[str]:
    return [""] if lines else []


def _top_depth(blocks: list[Block]) -> int:
    """The depth of the headings that divide the document: the least, but not that of a title that stands alone."""
    depths = [block.depth for block in blocks if block.kind is Kind.HEADING]
    if len(depths) > 1 and depths[0] == min(depths) and depths.count(depths[0]) == 1:
        depths = depths[1:]
    return min(depths, default=0)


def _items(items: list[Block], indent: str) -> list[str]:
    """The lines of a list. Numbers stand by themselves only where the segmenter takes every such line for an item."""
    numbered = [f"{item.label} {item.text}" for item in items]
    bare = all(
        _NUMBER.match(item.label) and len(line) > SHORT and not looks_like_heading(line)
        for item, line in zip(items, numbered)
    )
    bullet = "" if bare and items[0].label else "• "
    texts = numbered if items[0].label else [item.text for item in items]
    return [f"{indent}{'  ' * min(item.depth, 8)}{bullet}{text}" for item, text in zip(items, texts)]


def _unlike_headings(text: str, headings: list[str]) -> tuple[str, ...]:
    """Those headings that the segmenter does not take for headings where they stand."""
    if not headings:
        return ()
    read = {piece.span.of(text) for piece in segment(text) if piece.kind is PieceKind.HEADING}
    return tuple(dict.fromkeys(line for line in headings if line not in read))
