"""A saved web page: what a visitor reads of it, without the site around it.

The page is parsed by lexbor, which follows the HTML standard, loads nothing and runs nothing; so entities are the
characters that the standard names and there is nothing outside to include.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from policies_kb.documents.blocks import Block, Kind, document_of, folded
from policies_kb.documents.document import Document
from policies_kb.documents.lines import line_blocks, mail_address, row_text
from policies_kb.documents.numerals import numeral
from policies_kb.documents.page_parts import content_of, is_data_table, is_left_out
from policies_kb.errors import SourceError

DEEPEST = 400  # levels of elements in one another; pages of real sites have some forty
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAK_NAMES = (
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form "
    "header hr html legend li main menu nav ol p pre search section summary table tbody tfoot thead tr ul"
)
_BREAKS = frozenset(_BREAK_NAMES.split()) | frozenset(_HEADINGS)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_STYLES = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


def read(text: str, kind: str = "html") -> Document:
    """The page's headings, paragraphs, lists and tables. Raises SourceError for one that is nested too deeply."""
    page = LexborHTMLParser(text)
    root = page.root
    if root is None:
        return Document("", kind)
    heading = page.css_first("title")
    title = folded(heading.text() or "") if heading is not None else ""
    reading = _Reading()
    for node, entering in walked(content_of(root, walked)):
        (reading.enter if entering else reading.leave)(node)
    reading.flush()
    return document_of(reading.blocks, kind, title)


def walked(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node that a visitor sees, in order: True when it begins, False when it ends."""
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    depth = 0
    while stack:
        node, entering = stack.pop()
        if not entering:
            depth -= 1
            yield node, False
            continue
        if not (node.is_text_node or node.is_element_node or node.is_document_node) or is_left_out(node):
            continue
        yield node, True
        depth += 1
        if depth > DEEPEST:
            raise SourceError(f"is nested deeper than {DEEPEST} levels; save it as plain text and give that")
        stack.append((node, False))
        stack.extend((child, True) for child in _children(node))


def _children(node: LexborNode) -> list[LexborNode]:
    """Its children, last first."""
    children = []
    child = node.last_child
    while child is not None:
        children.append(child)
        child = child.prev
    return children


@dataclass
class _List:
    """A list that is open: how it counts, and whether its item still waits for its first words."""

    style: str = ""
    number: int = 0
    label: str = ""
    waits: bool = False


@dataclass
class _Reading:
    """The state of a walk through the page. Words are gathered until an element ends the paragraph they are in."""

    blocks: list[Block] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    cells: list[str] | None = None  # of the table row that is open
    tables: list[bool] = field(default_factory=list)  # open tables: whether each is one of data
    heading: int = 0
    kept: int = 0  # open <pre> elements, which keep their line breaks
    item_at: int = -1  # where the item lies that following paragraphs of its list entry belong to

    def enter(self, node: LexborNode) -> None:
        """A node begins."""
        tag = node.tag or ""
        if node.is_text_node:
            words = node.text_content or ""
            self.words.append(words if self.kept else _SPACE.sub(" ", words))
        elif tag == "br":
            self.words.append("\n")
        elif tag == "table":
            self.flush()
            self.tables.append(not self._in_row() and is_data_table(node))
        elif self._in_row():
            self._enter_in_row(tag)
        elif tag == "tr" and self.tables and self.tables[-1]:
            self.flush()
            self.cells = []
        elif tag in _BREAKS or tag in ("td", "th"):
            self.flush()
            self._open(node, tag)

    def leave(self, node: LexborNode) -> None:
        """A node ends."""
        tag = node.tag or ""
        if tag == "a":
            self._keep_address(node)
        elif tag == "table" and self.tables:
            self.tables.pop()
        elif self._in_row():
            self._leave_in_row(tag)
        elif tag in _BREAKS or tag in ("td", "th"):
            self.flush()
            self._close(tag)

    def _open(self, node: LexborNode, tag: str) -> None:
        if tag in _HEADINGS:
            self.heading = _HEADINGS[tag]
        elif tag in ("ul", "ol", "menu"):
            self.lists.append(_List(_style(node) if tag == "ol" else "", _start(node, "start") - 1))
            self.item_at = -1
        elif tag == "li" and self.lists:
            self._open_item(node, self.lists[-1])
        elif tag == "dd":
            self.lists.append(_List(waits=True))
        elif tag == "pre":
            self.kept += 1

    def _open_item(self, node: LexborNode, inside: _List) -> None:
        inside.number = _start(node, "value") if "value" in node.attributes else inside.number + 1
        inside.label = f"{numeral(inside.number, inside.style)}." if inside.style else ""
        inside.waits = True
        self.item_at = -1

    def _close(self, tag: str) -> None:
        if tag in _HEADINGS:
            self.heading = 0
        elif tag in ("ul", "ol", "menu", "dd"):
            if self.lists:
                self.lists.pop()
            self.item_at = -1
        elif tag == "li":
            self.item_at = -1
        elif tag == "pre":
            self.kept -= 1

    def _in_row(self) -> bool:
        return self.cells is not None

    def _enter_in_row(self, tag: str) -> None:
        if tag == "li":
            self.words.append(" • ")
        elif tag in _BREAKS:
            self.words.append(" ")

    def _leave_in_row(self, tag: str) -> None:
        assert self.cells is not None
        if tag in ("td", "th"):
            self.cells.append(folded("".join(self.words)))
            self.words.clear()
        elif tag == "tr":
            row = [cell for cell in self.cells if cell]
            self.cells = None
            self.words.clear()
            self.blocks.append(Block(Kind.ITEM, row_text(row)))
        elif tag in _BREAKS:
            self.words.append(" ")

    def _keep_address(self, node: LexborNode) -> None:
        """A link to a mail address keeps the address behind its words: it may be the only one that the policy has."""
        address = mail_address(node.attributes.get("href") or "")
        if address and address.casefold() not in (node.text() or "").casefold():
            self.words.append(f" ({address})")

    def flush(self) -> None:
        """The words gathered so far are a block."""
        words = "".join(self.words)
        self.words.clear()
        if self._in_row() or not words.strip():
            return
        inside = self.lists[-1] if self.lists else None
        if self.heading:
            self.blocks.append(self._heading(words, inside))
        elif inside is not None and inside.waits:
            self.item_at = len(self.blocks)
            self.blocks.append(Block(Kind.ITEM, words, len(self.lists) - 1, inside.label))
        elif self.item_at == len(self.blocks) - 1 >= 0:
            item = self.blocks[-1]
            self.blocks[-1] = Block(item.kind, f"{item.text} {words}", item.depth, item.label)
        else:
            self.blocks.extend(line_blocks(words))
        if inside is not None:
            inside.waits = False

    def _heading(self, words: str, inside: _List | None) -> Block:
        label = inside.label if inside is not None and inside.waits else ""
        return Block(Kind.HEADING, words, self.heading, label)


def _style(node: LexborNode) -> str:
    return _STYLES.get(node.attributes.get("type") or "1", "decimal")


def _start(node: LexborNode, name: str) -> int:
    value = (node.attributes.get(name) or "").strip()
    return int(value) if re.fullmatch(r"\d{1,4}", value) else 1
