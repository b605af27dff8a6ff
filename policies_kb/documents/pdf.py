"""A PDF: the words on its pages, by PDFium. Scripts, forms, attachments and links in it are not looked at."""

from __future__ import annotations

import re

import pypdfium2  # type: ignore[import-untyped]

from policies_kb.documents.blocks import Kind, document_of
from policies_kb.documents.document import MAX_PAGES, MAX_TEXT, Document
from policies_kb.documents.pdf_lines import Line, in_reading_order, with_margins, without_running_lines
from policies_kb.documents.pdf_page import lines_of
from policies_kb.documents.pdf_paragraphs import blocks_of
from policies_kb.errors import SourceError

FEWEST = 20  # letters in a file that has a text layer
_NO_TITLE = re.compile(
    r"(?:untitled.*|microsoft word.*|\(?(?:anonymous|unspecified)\)?|.*\.(?:docx?|pdf|indd|odt|html?))\Z", re.IGNORECASE
)


def read(raw: bytes) -> Document:
    """The document's headings, paragraphs and items. Raises SourceError for one that is locked, scanned or too long."""
    try:
        opened = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).casefold()
        problem = "is locked with a password; save it without one" if locked else "is a damaged PDF; save it again"
        raise SourceError(f"{problem} and give that") from error
    if len(opened) > MAX_PAGES:
        raise SourceError(f"has {len(opened):,} pages and {MAX_PAGES} are the most; give the policy by itself")
    pages: list[list[Line]] = []
    letters = 0
    for number in range(len(opened)):
        pages.append(lines_of(opened[number], number))
        letters += sum(len(line.text) for line in pages[-1])
        if letters > MAX_TEXT:
            raise SourceError(f"has more than {MAX_TEXT:,} characters of text; give the policy by itself")
    if letters < FEWEST:
        raise SourceError("has no text layer: run OCR on it first, or give the text itself")
    ordered = [in_reading_order(page) for page in without_running_lines(pages)]
    blocks = blocks_of(with_margins(ordered))
    named = str(opened.get_metadata_value("Title") or "").strip()
    first = next((block.text for block in blocks[:3] if block.kind is Kind.HEADING), "")
    return document_of(blocks, "pdf", first if _NO_TITLE.match(named) or not named else named)
