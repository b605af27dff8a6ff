"""The text of a policy in the shape a page shows it: headings, paragraphs, lists, and a target for every clause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Union

from policies_kb.model import Clause, PieceKind, PolicyVersion, Span

_MARK = re.compile(r"(?P<mark>[•▪◦‣·*–—−-]|\d{1,2}(?:\.\d{1,2})*[.)]|[a-z]\))\s+(?=\S)")
_GLYPHS = "•▪◦‣·"
_DEEPEST = 3  # heading levels below this one look alike


@dataclass(frozen=True)
class Line:
    """A verbatim stretch of the source, its bullet or number apart, so that the page can hang it in the margin."""

    mark: str
    text: str


@dataclass(frozen=True)
class Part:
    """A part of a clause: one line of running text, or the lines of a list."""

    kind: str  # text; list; lines (an address, say: a list that nothing introduces and that has no bullets)
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class ClauseView:
    """A clause as the page shows it. Its id is the fragment that a citation links to."""

    id: str
    parts: tuple[Part, ...]
    summary: str  # its first words, which name the link to it


@dataclass(frozen=True)
class Heading:
    """A heading of the source, numbering included."""

    kind: ClassVar[str] = "heading"
    id: str
    level: int
    text: str


@dataclass(frozen=True)
class Aside:
    """Text around the policy that is not part of it."""

    kind: ClassVar[str] = "aside"
    text: str


@dataclass(frozen=True)
class Paragraph:
    """The clauses of one paragraph of the source."""

    kind: ClassVar[str] = "paragraph"
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True)
class BulletList:
    """Bullets that are clauses; a long bullet has several."""

    kind: ClassVar[str] = "list"
    items: tuple[tuple[ClauseView, ...], ...]


Block = Union[Heading, Aside, Paragraph, BulletList]


def policy_blocks(version: PolicyVersion) -> list[Block]:
    """The whole text of a version, in order, in the shape a page shows it. Characters are never changed or left out."""
    clauses = {clause.span.start: clause for clause in version.clauses}
    blocks: list[Block] = []
    headings = 0
    previous: Clause | None = None
    for piece in version.pieces:
        text = piece.span.of(version.source)
        if piece.kind is PieceKind.HEADING:
            headings += 1
            blocks.append(Heading(f"section-{headings}", min(piece.level, _DEEPEST), text))
        elif piece.kind is PieceKind.ASIDE:
            blocks.append(Aside(text))
        else:
            clause = clauses[piece.span.start]
            _add_clause(blocks, clause, previous, version.source)
            previous = clause
    return blocks


def _add_clause(blocks: list[Block], clause: Clause, previous: Clause | None, source: str) -> None:
    """Append a clause, joining it to the paragraph, the bullet or the list that it continues."""
    view = _view(clause, source)
    last = blocks[-1] if blocks else None
    same_line = last is not None and "\n" not in _before(source, clause.span.start)
    continues = same_line and previous is not None and previous.lead_in == clause.lead_in
    if _begins_item(clause, same_line):
        items = last.items if isinstance(last, BulletList) else ()
        blocks[len(blocks) - bool(items) :] = [BulletList((*items, (view,)))]
    elif isinstance(last, BulletList) and continues:
        *earlier, item = last.items
        blocks[-1] = BulletList((*earlier, (*item, view)))
    elif isinstance(last, Paragraph) and same_line:
        blocks[-1] = Paragraph((*last.clauses, view))
    else:
        blocks.append(Paragraph((view,)))


def _before(source: str, at: int) -> str:
    """The white space that ends at a place."""
    return source[len(source[:at].rstrip()) : at]


def _begins_item(clause: Clause, same_line: bool) -> bool:
    if clause.items:
        return False
    if clause.lead_in is not None and not same_line:
        return True
    return bool(_MARK.match(clause.text)) and (not same_line or clause.text[0] in _GLYPHS)


def _view(clause: Clause, source: str) -> ClauseView:
    summary = " ".join(clause.text.split())
    short = summary if len(summary) <= 60 else summary[:60].rsplit(" ", 1)[0] + "…"
    return ClauseView(clause.id, tuple(_parts(clause, source)), short)


def _parts(clause: Clause, source: str) -> Iterator[Part]:
    """Runs of list items and of the text between them."""
    run: list[Line] = []
    at = clause.span.start
    kind = "lines" if _is_address(clause, source) else "list"
    for item in clause.items:
        between = Span(at, item.start).of(source)
        if between.strip():
            yield from _closed(kind, run)
            yield Part("text", (_line(between),))
            run = []
        run.append(_line(item.of(source)))
        at = item.end
    yield from _closed(kind, run)
    rest = Span(at, clause.span.end).of(source)
    if rest.strip():
        yield Part("text", (_line(rest),))


def _closed(kind: str, run: list[Line]) -> Iterator[Part]:
    if run:
        yield Part(kind, tuple(run))


def _is_address(clause: Clause, source: str) -> bool:
    opens = bool(clause.items) and clause.items[0].start == clause.span.start
    return opens and not any(_line(item.of(source)).mark for item in clause.items)


def _line(text: str) -> Line:
    bare = text.strip()
    marked = _MARK.match(bare)
    return Line(marked["mark"], bare[marked.end() :]) if marked else Line("", bare)
