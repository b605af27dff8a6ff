"""The words on one page of a PDF and where they stand, asked of PDFium."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from functools import cache
from itertools import islice, repeat

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from policies_kb.documents.pdf_lines import Line, Word

MOST_SHAPES = 5_000  # of a page that are looked at for bullets
BULLET = (1.0, 8.0)  # points: how small and how large a drawn bullet is
_TOKEN = re.compile(r"[^\s\ufffe]+\ufffe?|\ufffe|\r?\n|[^\S\n]+")  # PDFium's U+FFFE: a hyphen that ends a line
_CAPITALS = re.compile(r"[^\W\d_][A-Z]")
_BOLD = re.compile(r"bold|black|heavy|demi", re.IGNORECASE)
LOST_SPACE = 0.08  # of the type's height: more than this between two letters of a word in capitals is a space


def lines_of(page: pypdfium2.PdfPage, number: int) -> list[Line]:
    """A page's lines in the order in which the file draws them, which is that of reading but for columns."""
    text_page = page.get_textpage()
    places = _Places(page, text_page)
    height = max(1.0, places.height)
    lines: list[Line] = []
    words: list[Word] = []
    for token in _TOKEN.finditer(_characters(text_page)):
        if token.group().strip():
            words += places.words(token.group(), token.start())
        if token.group()[-1] in "\n\ufffe":
            lines += _line(words, number, height)
            words = []
    lines += _line(words, number, height)
    bullets = places.bullets(page)
    return [_with_bullet(line, bullets) for line in lines] if bullets else lines


def _line(words: list[Word], number: int, height: float) -> list[Line]:
    return [Line(tuple(words), number, 1 - words[0].bottom / height)] if words else []


def _with_bullet(line: Line, bullets: Sequence[tuple[float, float, float]]) -> Line:
    """The line with a bullet before it if one is drawn there: browsers draw theirs as shapes."""
    for left, middle, right in bullets:
        beside = line.left - 3 * line.height < right <= line.left
        if beside and line.bottom < middle < line.bottom + line.height:
            bullet = Word("•", left, right, line.bottom, line.height, line.words[0].bold)
            return Line((bullet, *line.words), line.page, line.top)
    return line


def _characters(text_page: pypdfium2.PdfTextPage) -> str:
    """One character for each of PDFium's, so that a place in the text is PDFium's index."""
    count = text_page.count_chars()
    codes = map(pdfium.FPDFText_GetUnicode, repeat(text_page.raw, count), range(count))
    return "".join(map(_character, codes))


@cache
def _character(code: int) -> str:
    if code in (2, 0xFFFE):
        return "\ufffe"
    return chr(code) if 0 < code < 0x110000 else " "


class _Places:
    """Where PDFium says that characters of one page stand, turned as the page is turned."""

    def __init__(self, page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage) -> None:
        self._raw = text_page.raw
        self._rotation = page.get_rotation()
        self.width, self.height = page.get_size()
        self._box = pdfium.FS_RECTF()
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()

    def words(self, token: str, at: int) -> list[Word]:
        """The words of a stretch without spaces; PDFium loses one that is narrowed between capitals ("DATA AND")."""
        cuts = [0, *self._lost_spaces(token, at), len(token)] if _CAPITALS.search(token) else [0, len(token)]
        return [self._word(token[a:b], at + a, at + b - 1) for a, b in zip(cuts, cuts[1:])]

    def bullets(self, page: pypdfium2.PdfPage) -> list[tuple[float, float, float]]:
        """Small round or square shapes: left edge, middle height and right edge of each."""
        found = []
        for shape in islice(page.get_objects([pdfium.FPDF_PAGEOBJ_PATH], max_depth=2), MOST_SHAPES):
            left, bottom, right, top = shape.get_bounds()
            width, height = right - left, top - bottom
            if BULLET[0] <= width <= BULLET[1] and abs(width - height) <= 0.3 * width and not self._rotation:
                found.append((left, (bottom + top) / 2, right))
        return found

    def _lost_spaces(self, token: str, at: int) -> list[int]:
        edges = [self._edges(at + index) for index in range(len(token))]
        gaps = [b[0] - a[2] for a, b in zip(edges, edges[1:])]
        usual = sorted(gaps)[len(gaps) // 2]  # letters that are spaced on purpose are all as far apart
        wide = max(usual, 0.0) + LOST_SPACE * (edges[0][3] - edges[0][1])
        return [index for index, gap in enumerate(gaps, 1) if gap > wide and token[index - 1 : index + 1].isalpha()]

    def _word(self, text: str, first: int, last: int) -> Word:
        left, bottom, right, top = self._edges(first)
        if last > first:
            right = self._edges(last)[2]
        return Word(text, left, right, bottom, max(0.1, top - bottom), self._is_bold(first))

    def _edges(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top on the page as it is seen, with the type's full height."""
        box = self._box
        pdfium.FPDFText_GetLooseCharBox(self._raw, index, box)
        if self._rotation == 90:
            return box.bottom, self.height - box.right, box.top, self.height - box.left
        if self._rotation == 180:
            return self.width - box.right, self.height - box.top, self.width - box.left, self.height - box.bottom
        if self._rotation == 270:
            return self.width - box.top, box.left, self.width - box.bottom, box.right
        return box.left, box.bottom, box.right, box.top

    def _is_bold(self, index: int) -> bool:
        pdfium.FPDFText_GetFontInfo(self._raw, index, self._name, 128, self._flags)
        return bool(_BOLD.search(self._name.value.decode("utf-8", "replace")))
