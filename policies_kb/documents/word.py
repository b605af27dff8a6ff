"""A Word file: the text as it stands with every change accepted, with the numbers that Word shows.

Left out: headers and footers, comments, deleted and struck text, hidden text, the table of contents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from policies_kb.documents.blocks import Block, Kind, document_of, folded
from policies_kb.documents.document import Document
from policies_kb.documents.lines import line_blocks, mail_address, row_text
from policies_kb.documents.word_archive import WordArchive
from policies_kb.documents.word_styles import (
    Numbering,
    Style,
    chain,
    is_on,
    number_of,
    outline_level,
    read_numbering,
    read_styles,
    value,
)

_LEFT_OUT = frozenset({"w_del", "w_moveFrom", "mc_Fallback", "w_pPr", "w_rPr", "w_instrText", "w_delText"})
_MARKS = {"w_tab": " ", "w_br": "\n", "w_cr": "\n", "w_noBreakHyphen": "-"}
_NOTES = {"w_footnoteReference": "footnotes", "w_endnoteReference": "endnotes"}
_CONTENTS = re.compile(r"(?:toc \d|toc heading)\Z", re.IGNORECASE)
_WRAPPERS = frozenset({"w_sdt", "w_sdtContent", "w_ins", "w_moveTo", "w_customXml", "w_smartTag", "mc_AlternateContent",
                       "mc_Choice"})  # fmt: skip


def read(raw: bytes) -> Document:
    """The document's headings, paragraphs, lists, tables and footnotes. Raises SourceError."""
    archive = WordArchive(raw)
    reading = _Reading(archive, archive.main_part())
    core = archive.part("docProps/core.xml")
    named = core.find("dc_title") if core is not None else None
    title = folded(named.text or "") if named is not None else ""
    blocks = reading.blocks()
    return document_of(blocks, "docx", title or reading.title)


class _Reading:
    """One document with what its paragraphs refer to."""

    def __init__(self, archive: WordArchive, main: str) -> None:
        self._root = archive.part(main)
        self._links = archive.targets(main, "hyperlink")
        self._styles: dict[str, Style] = read_styles(_referred(archive, main, "styles"))
        self._numbering: Numbering = read_numbering(_referred(archive, main, "numbering"))
        self._notes = {
            (kind, note.get("w_id", "")): note
            for kind in _NOTES.values()
            for note in (_referred(archive, main, kind) or ())
        }
        self._pending: list[Element] = []  # notes that the text has referred to since the last paragraph was written
        self._boxes: list[Element] = []  # text boxes that stand beside it
        self.title = ""

    def blocks(self) -> list[Block]:
        """The blocks of the body. A list is not interrupted by the notes that it refers to."""
        body = self._root.find("w_body") if self._root is not None else None
        found: list[Block] = []
        carried = ""  # of a paragraph whose end somebody deleted
        for element in _within(body) if body is not None else ():
            if _end_is_deleted(element):
                carried += self._text(element)
                continue
            earlier, self._pending = self._pending, []
            made = self._table(element) if element.tag == "w_tbl" else self._paragraph(element, carried)
            carried = ""
            if made and made[0].kind is Kind.ITEM:
                self._pending = earlier + self._pending
            else:
                found.extend(self._noted(earlier))
            found.extend(made)
            found.extend(self._boxed())
        return [*found, *([Block(Kind.PARAGRAPH, carried)] if carried else []), *self._noted(self._pending)]

    def _paragraph(self, element: Element, before: str = "") -> list[Block]:
        properties = element.find("w_pPr")
        styles = chain(self._styles, value(properties, "w_pStyle") or "")
        if styles and _CONTENTS.match(styles[0].name):
            return []
        text = before + self._text(element)
        depth = outline_level(properties)
        if depth is None:
            depth = next((style.heading for style in styles if style.heading is not None), 0)
        listed = self._listed(properties, styles) if text.strip() else None
        if depth and text.strip():
            if styles and styles[0].name.casefold() == "title" and not self.title:
                self.title = folded(text)
            return [Block(Kind.HEADING, text, depth, listed[1] if listed else "")]
        if listed is not None:
            return [Block(Kind.ITEM, text, *listed)]
        return line_blocks(text)

    def _listed(self, properties: Element | None, styles: list[Style]) -> tuple[int, str] | None:
        """The depth and the number of a paragraph in a list; a paragraph's own words count before its style's."""
        told = [number_of(properties), *(style.number for style in styles)]
        list_id = next((number[0] for number in told if number and number[0]), "")
        depth = next((number[1] for number in told if number and number[1] is not None), 0)
        if not self._numbering.knows(list_id):
            return None
        return depth, self._numbering.next_label(list_id, depth)

    def _table(self, table: Element) -> list[Block]:
        """A row of several cells is a line; a table of one column is only a frame around its paragraphs."""
        found: list[Block] = []
        for row in _within(table, "w_tr"):
            cells = [list(_within(cell)) for cell in _within(row, "w_tc")]
            if len(cells) == 1:
                for element in cells[0]:
                    found.extend(self._table(element) if element.tag == "w_tbl" else self._paragraph(element))
                continue
            texts = [folded(" ".join(self._cell(element) for element in cell)) for cell in cells]
            found.append(Block(Kind.ITEM, row_text([text for text in texts if text])))
        return found

    def _cell(self, element: Element) -> str:
        if element.tag == "w_tbl":
            return " ".join(block.text for block in self._table(element))
        bullet = "• " if self._listed(element.find("w_pPr"), []) else ""
        return bullet + self._text(element)

    def _text(self, element: Element) -> str:
        return "".join(self._words(element))

    def _words(self, element: Element) -> Iterator[str]:
        """The words that a reader sees in that element, from left to right."""
        for child in element:
            if child.tag in _LEFT_OUT:
                continue
            if child.tag == "w_t":
                yield child.text or ""
            elif child.tag in _MARKS:
                yield _MARKS[child.tag]
            elif child.tag in _NOTES:
                self._refer(child)
            elif child.tag == "w_txbxContent":
                self._boxes.append(child)
            elif child.tag == "w_r" and _is_unseen(child.find("w_rPr")):
                continue
            elif child.tag == "w_hyperlink":
                yield self._link(child)
            else:
                yield from self._words(child)

    def _link(self, element: Element) -> str:
        words = self._text(element)
        address = mail_address(self._links.get(element.get("r_id", ""), ""))
        return f"{words} ({address})" if address and address.casefold() not in words.casefold() else words

    def _refer(self, reference: Element) -> None:
        note = self._notes.get((_NOTES[reference.tag], reference.get("w_id", "")))
        if note is not None and note not in self._pending:
            self._pending.append(note)

    def _noted(self, notes: list[Element]) -> list[Block]:
        return [Block(Kind.PARAGRAPH, folded(" ".join(map(self._text, _within(note))))) for note in notes]

    def _boxed(self) -> list[Block]:
        """The paragraphs of text boxes; a box in a box is a trick that no policy needs."""
        boxes, self._boxes = self._boxes, []
        found = [block for box in boxes for element in _within(box, "w_p") for block in self._paragraph(element)]
        self._boxes.clear()
        return found


def _referred(archive: WordArchive, main: str, kind: str) -> Element | None:
    target = next(iter(archive.targets(main, kind).values()), "")
    return archive.part(target) if target else None


def _within(parent: Element, *tags: str) -> Iterator[Element]:
    """Its paragraphs and tables, or those children, also where something is wrapped around them."""
    for child in parent:
        if child.tag in (tags or ("w_p", "w_tbl")):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _within(child, *tags)


def _end_is_deleted(element: Element) -> bool:
    return element.find("w_pPr/w_rPr/w_del") is not None


def _is_unseen(properties: Element | None) -> bool:
    return any(is_on(properties, name) for name in ("w_vanish", "w_strike", "w_dstrike"))
