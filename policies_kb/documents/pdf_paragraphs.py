"""Lines of a PDF -> headings, paragraphs and items. A PDF knows lines only; what belongs together is seen from where
a line ends, how far the next one is below it, and its type.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import median

from policies_kb.documents.blocks import Block, Kind
from policies_kb.documents.pdf_lines import Line

LARGER = 1.1  # of the body's type: from here on a line is a heading
FURTHER = 1.3  # of the usual distance between lines: from here on a line begins a paragraph
LONGEST_WORD = 60  # characters
LONGEST_HEADING = 120  # characters of a heading that bold type alone makes one
_BULLET = re.compile(r"(?:[•▪◦‣·●○■□►➢✓\uf0b7\uf0a7]|[*–—−-](?=\s)|o(?=\s+[A-Z]))\s*")
_NUMBERED = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*[.)]|\d{1,2}(?:\.\d{1,2})+|\(?[a-z]\)|\(?[ivx]{1,4}\))\s+\S")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CUT = re.compile(r"([^\W\d_]+)[-‐\x02\ufffe]\Z")
_ENDED = (".", "!", "?", ":", ";")


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """The document's blocks, in order."""
    if not lines:
        return []
    body = _body_height(lines)
    pitch = _pitch(lines, body)
    words = Counter(word.casefold() for line in lines for word in _WORD.findall(line.text))
    groups: list[list[Line]] = [[lines[0]]]
    for line in lines[1:]:
        if _goes_on(groups[-1], line, pitch):
            groups[-1].append(line)
        else:
            groups.append([line])
    sizes = sorted({_size(group) for group in groups if _is_heading(group, body)}, reverse=True)
    blocks: list[Block] = []
    for before, group in zip([None, *groups], groups):
        near = before is not None and _gap(before[-1], group[0]) <= FURTHER * pitch
        blocks.append(_block(group, body, sizes, words, near))
    return _with_depths(blocks, groups)


def _body_height(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.height] += len(line.text)
    return sizes.most_common(1)[0][0]


def _pitch(lines: Sequence[Line], body: float) -> float:
    """The usual distance between the lines of a paragraph: that between a full line and the rest of its sentence."""
    pairs = [(a, b) for a, b in zip(lines, lines[1:]) if abs(a.height - body) < 0.1 and abs(b.height - body) < 0.1]
    gaps = [_gap(a, b) for a, b in pairs if _is_full(a, b) and not a.text.endswith(_ENDED)]
    gaps = [gap for gap in gaps if 0.5 * body < gap < 3 * body]
    return median(gaps) if gaps else 1.2 * body


def _gap(above: Line, below: Line) -> float:
    """How far below; without bound where the next line is on another page or in another column."""
    gap = above.bottom - below.bottom
    return gap if above.page == below.page and gap > 0 else float("inf")


def _goes_on(group: list[Line], line: Line, pitch: float) -> bool:
    """Whether the line continues the paragraph."""
    last = group[-1]
    if last.row or line.row or _BULLET.match(line.text) or abs(last.height - line.height) > 0.08 * last.height:
        return False
    if last.bold != line.bold and _looks_whole(last if last.bold else line):
        return False
    ended = last.text.endswith(_ENDED)
    if not _is_full(last, line) or _NUMBERED.match(line.text) and (ended or _NUMBERED.match(group[0].text)):
        return False
    gap = _gap(last, line)
    if gap == float("inf"):  # over a page's or a column's end
        return not ended or (len(group) > 1 and not last.text.endswith(":"))
    hangs = len(group) == 1 and (_BULLET.match(last.text) or _NUMBERED.match(last.text))
    near = gap <= FURTHER * max(pitch, line.height)
    return near and (bool(hangs) or line.left <= last.left + line.height)


def _looks_whole(line: Line) -> bool:
    return len(line.text) <= LONGEST_HEADING and not line.text[0].islower()


def _is_full(line: Line, following: Line) -> bool:
    """Whether the next line's first word would not have fitted on this one, or is half on it."""
    first = following.words[0]
    if _CUT.search(line.text[-LONGEST_WORD:]):
        return True
    return line.right + 0.2 * line.height + (first.right - first.left) > line.margin - 0.5


def _text(group: list[Line], words: Counter[str]) -> str:
    """The lines joined. A hyphen at a line's end goes if the word without it occurs elsewhere in the document."""
    parts: list[str] = []
    for line, following in zip(group, [*group[1:], None]):
        cut = _CUT.search(line.text[-LONGEST_WORD:])
        if cut is None:
            parts += [line.text, " "]
            continue
        rest = _WORD.match(following.text) if following is not None else None
        known = rest is not None and words[(cut[1] + rest[0]).casefold()] > 0
        parts += [line.text[:-1], "" if known else "-"]
    return "".join(parts).strip()


def _size(group: list[Line]) -> float:
    return round(group[0].height * 2) / 2


def _is_heading(group: list[Line], body: float) -> bool:
    text = " ".join(line.text for line in group)
    if any(line.row for line in group) or _BULLET.match(text) or not re.search(r"[^\W\d_]", text):
        return False
    if group[0].height >= LARGER * body and len(text) <= 2 * LONGEST_HEADING:
        return True
    return all(line.bold for line in group) and len(text) <= LONGEST_HEADING and not text.endswith((".", ",", ";", ":"))


def _block(group: list[Line], body: float, sizes: list[float], words: Counter[str], near: bool) -> Block:
    text = _text(group, words)
    if _is_heading(group, body):
        return Block(Kind.HEADING, text, sizes.index(_size(group)) + 1)
    bullet = _BULLET.match(text)
    if bullet:
        return Block(Kind.ITEM, text[bullet.end() :])
    return Block(Kind.ITEM if group[0].row else Kind.PARAGRAPH, text, follows=near and len(group) == 1)


def _with_depths(blocks: list[Block], groups: list[list[Line]]) -> list[Block]:
    """Items with the depth that their bullets' places show within one list."""
    out: list[Block] = []
    lefts: list[float] = []
    for block, group in zip(blocks, groups):
        if block.kind is not Kind.ITEM:
            lefts = []
            out.append(block)
            continue
        left = group[0].left
        lefts = [seen for seen in lefts if seen < left - 4]
        out.append(Block(Kind.ITEM, block.text, len(lefts)))
        lefts.append(left)
    return out
