"""Policy text -> headings and clauses, for texts with headings and lists and for one pasted line alike.

A clause is the smallest unit that can be quoted by itself: a short paragraph, a group of sentences, a bullet (which
remembers the line that introduces it), a short list as a whole, the steps of an instruction as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies_kb.flat_text import flat_blocks
from policies_kb.model import Piece, PieceKind, Span
from policies_kb.sentences import GROUP, is_run_in_title, sentence_groups, sentences

LIST_AS_ONE = 620  # characters up to which a list with its lead-in stays one clause
ITEM_IS_SHORT = 75  # average characters of the items of such a list
BULLET_LIMIT = 480  # a longer bullet is split into sentence groups
FLAT_GROUP = 480  # characters that sentences of a flat line are put together to: its paragraphs are lost
FLAT_LINE = 2500  # a line longer than this has lost its line breaks

_BULLET = re.compile(r"^\s*(?:[•▪◦‣·*]|[-–—−](?=\s))\s*")
_NUMBERED = re.compile(r"^\s*(?P<number>\d{1,2}(?:\.\d{1,2})+|\d{1,2}(?=[.)]))[.)]?\s+(?=\S)")
_LETTERED = re.compile(r"^\s*[a-z]\)\s+(?=\S)")
_FIELD = re.compile(r"^[A-Z][\w ]{1,20}: \S")
_STEP_LEAD = re.compile(r"\b(how to|steps?|follow(?:ing)? (?:these|the) (?:steps|instructions))\b", re.IGNORECASE)
_TITLE = re.compile(r"^(?:the\s+)?privacy (?:policy|notice|statement)$", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """A line of the source and what it looks like by itself."""

    span: Span
    text: str
    role: str  # heading, bullet, lead_in, paragraph
    level: int = 1
    indent: int = 0
    marked: bool = False  # a person said so
    flat: bool = False  # from a line without line breaks


@dataclass(frozen=True)
class Marks:
    """What a person marked in a text: lines that are not policy, lines that are headings, words that begin a clause."""

    asides: frozenset[str] = frozenset()
    headings: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """A heading that is open at some place of the text."""

    level: int
    title: str
    indent: int


def segment(source: str, marks: Marks = Marks()) -> list[Piece]:
    """Cut a policy text into pieces, in order, covering every character that is not white space."""
    starts = tuple(sorted(at for words in marks.starts for at in _places(source, words)))
    pieces: list[Piece] = []
    outline: list[_Entry] = []
    for group in _grouped(_blocks(source, marks.asides, marks.headings)):
        first = group[0]
        if first.role == "aside":
            pieces.append(Piece(PieceKind.ASIDE, first.span))
        elif first.role == "heading":
            outline = [entry for entry in outline if entry.level < first.level]
            if not _TITLE.match(first.text):
                outline.append(_Entry(first.level, _title(first.text), first.indent))
            pieces.append(Piece(PieceKind.HEADING, first.span, _path(outline), first.level))
        else:
            # Text that stands further left than a heading has left its section.
            outline = [entry for entry in outline if entry.indent <= first.indent]
            pieces.extend(_clauses(source, group, _path(outline), starts))
    return pieces


def _places(source: str, words: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(words), source)]


def _path(outline: list[_Entry]) -> tuple[str, ...]:
    return tuple(entry.title for entry in outline)


def _title(text: str) -> str:
    bare = _LETTERED.sub("", _NUMBERED.sub("", text))
    return bare.strip().rstrip(":").strip()


def _blocks(source: str, asides: frozenset[str], headings: frozenset[str]) -> list[Block]:
    blocks: list[Block] = []
    offset = 0
    for line in source.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            start = offset + line.index(stripped)
            span = Span(start, start + len(stripped))
            indent = len(line) - len(line.lstrip())
            if stripped in asides:
                blocks.append(Block(span, stripped, "aside"))
            elif stripped in headings:
                blocks.append(Block(span, stripped, "heading", _heading_level(line), indent, marked=True))
            elif len(stripped) > FLAT_LINE:
                blocks.extend(Block(part, part.of(source), role, flat=True) for part, role in flat_blocks(source, span))
            else:
                blocks.append(_line_block(line, stripped, span, indent))
        offset += len(line)
    return _with_context(blocks)


def _line_block(line: str, stripped: str, span: Span, indent: int) -> Block:
    if _BULLET.match(stripped) and len(_BULLET.sub("", stripped)) > 1:
        return Block(span, stripped, "bullet", indent=indent)
    if _looks_like_heading(stripped):
        return Block(span, stripped, "heading", _heading_level(line), indent)
    if _NUMBERED.match(stripped) and len(stripped) > 20:
        return Block(span, stripped, "bullet", indent=indent)
    if _FIELD.match(stripped) and len(stripped) <= 80:
        return Block(span, stripped, "field", indent=indent)
    return Block(span, stripped, "lead_in" if stripped.endswith(":") else "paragraph", indent=indent)


def _looks_like_heading(text: str) -> bool:
    if len(text) > 100 or len(text.split()) > 14 or text[-1] in ".,;:!)" and not text.endswith(("?", ")")):
        return False
    if "@" in text or text.startswith(("+", "http", "www.")) or _FIELD.match(text):
        return False
    return text[0].isupper() or bool(_NUMBERED.match(text) or _LETTERED.match(text))


def _heading_level(line: str) -> int:
    number = _NUMBERED.match(line)
    if _LETTERED.match(line):
        return 2
    depth = number["number"].count(".") + 1 if number else 1
    return depth + (1 if line[:1] in " \t" else 0)


def _numbered(text: str) -> bool:
    return bool(_NUMBERED.match(text) or _LETTERED.match(text))


def _with_context(blocks: list[Block]) -> list[Block]:
    """Correct the roles that a line alone cannot show: list items without bullets, and blocks of an address."""
    out: list[Block] = []
    in_list = False
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        plain_heading = block.role == "heading" and not _numbered(block.text)
        if in_list and (plain_heading or block.role == "field"):
            out.append(Block(block.span, block.text, "bullet", indent=block.indent))
            continue
        in_list = _opens_plain_list(block, following)
        out.append(block)
    return _merge_short_runs(out)


def _opens_plain_list(block: Block, following: Block | None) -> bool:
    if block.role != "lead_in" or following is None:
        return False
    return following.role == "field" or (following.role == "heading" and not _numbered(following.text))


def _merge_short_runs(blocks: list[Block]) -> list[Block]:
    """Lines that look like headings but follow one another are a heading and then, say, an address."""
    out: list[Block] = []
    index = 0
    while index < len(blocks):
        run = index
        while run < len(blocks) and _short_line(blocks[run]):
            run += 1
        titled = bool(out) and out[-1].role == "heading"  # the run's first line is a title only if it has none yet
        if run - index >= 4 - titled:
            first = index if titled else index + 1
            out.extend(blocks[index:first])
            out.extend(Block(b.span, b.text, "address", indent=b.indent) for b in blocks[first:run])
            index = run
        else:
            out.append(blocks[index])
            index += 1
    return out


def _short_line(block: Block) -> bool:
    if block.marked or block.role not in ("heading", "paragraph", "field") or len(block.text) >= 45:
        return False
    sentence = block.text.endswith(".") and len(block.text.split()) >= 4
    return not sentence and not _numbered(block.text) and not _TITLE.match(block.text)


def _grouped(blocks: list[Block]) -> list[list[Block]]:
    """A lead-in with its bullets, a run of bullets, or the lines of an address belong together."""
    groups: list[list[Block]] = []
    for block in blocks:
        previous = groups[-1][-1] if groups else None
        joins = previous is not None and (
            (block.role == "bullet" and previous.role in ("bullet", "lead_in"))
            or (block.role == "address" and previous.role == "address")
        )
        if joins:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _clauses(source: str, group: list[Block], path: tuple[str, ...], starts: tuple[int, ...]) -> list[Piece]:
    whole = Span(group[0].span.start, group[-1].span.end)
    bullets = [block.span for block in group if block.role == "bullet"]
    if group[0].role == "address":
        return [Piece(PieceKind.CLAUSE, whole, path, items=tuple(block.span for block in group))]
    if not bullets:
        path += _run_in_title(group[0].text)
        target = FLAT_GROUP if group[0].flat else GROUP
        return [Piece(PieceKind.CLAUSE, span, path) for span in sentence_groups(source, whole, target, starts)]
    before, lead = _lead_in(source, group[0])
    first = lead or bullets[0]
    pieces = [Piece(PieceKind.CLAUSE, span, path) for span in before]
    if _is_one_clause(source, lead, bullets, Span(first.start, whole.end)):
        return [*pieces, Piece(PieceKind.CLAUSE, Span(first.start, whole.end), path, items=tuple(bullets))]
    pieces += [Piece(PieceKind.CLAUSE, lead, path)] if lead else []
    for bullet in bullets:
        marked = any(bullet.start < start < bullet.end for start in starts)
        long = bullet.end - bullet.start > BULLET_LIMIT
        parts = sentence_groups(source, bullet, starts=starts) if long or marked else [bullet]
        pieces.extend(Piece(PieceKind.CLAUSE, part, path, lead_in=lead) for part in parts)
    return pieces


def _lead_in(source: str, block: Block) -> tuple[list[Span], Span | None]:
    """The sentence that introduces a list, and the clauses of the sentences before it in the same paragraph."""
    if block.role != "lead_in":
        return [], None
    last = sentences(source, block.span)[-1]
    if last.start == block.span.start or last.end - last.start < 25:
        return [], block.span
    return sentence_groups(source, Span(block.span.start, last.start)), last


def _run_in_title(paragraph: str) -> tuple[str, ...]:
    """The title that a paragraph begins with, as in "Cookies. We use cookies to …"."""
    first, stop, rest = paragraph.partition(". ")
    return (first,) if stop and rest and is_run_in_title(first + ".") else ()


def _is_one_clause(source: str, lead: Span | None, bullets: list[Span], whole: Span) -> bool:
    if lead and _STEP_LEAD.search(lead.of(source)):
        return True
    average = sum(span.end - span.start for span in bullets) / len(bullets)
    return whole.end - whole.start <= LIST_AS_ONE and average <= ITEM_IS_SHORT
