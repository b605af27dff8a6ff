"""Files that somebody made to hurt, or that no reader should take. Each is named by what is wrong with it."""

from __future__ import annotations

import io
import os
import random
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

Made = Callable[[Path], Path]
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.%s.main+xml"/></Types>'
)
WORD = "wordprocessingml.document"
SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BODY = f'%s<w:document xmlns:w="{SPACE}"><w:body>%s</w:body></w:document>'
PARAGRAPH = "<w:p><w:r><w:t>%s</w:t></w:r></w:p>"


def raw(name: str, content: bytes | Callable[[], bytes]) -> Made:
    """A file of that content; what is large or takes long to make is made when it is asked for."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content() if callable(content) else content)
        return path

    return make


def packed(parts: dict[str, bytes | str], *, twice: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        if twice:
            archive.writestr(twice, "again")
    return stream.getvalue()


def word(body: str, before: str = "", *, kind: str = WORD, **more: bytes | str) -> bytes:
    """A .docx of that body; more: other parts, with __ for the slashes of their names."""
    parts: dict[str, bytes | str] = {"[Content_Types].xml": TYPES % kind, "word/document.xml": BODY % (before, body)}
    return packed(parts | {name.replace("__", "/"): content for name, content in more.items()})


def locked_word() -> bytes:
    """The same with the flag of encryption set on every part."""
    content = bytearray(word(PARAGRAPH % "We collect"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(signature, at + 4)
    return bytes(content)


def drawn(draw: Callable[[Canvas], None], pages: int = 1, password: str = "") -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption(password, strength=128) if password else None)
    for _ in range(pages):
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A PDF of these objects, numbered from 1, with a right table of places."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, table))


def page_with(stream: bytes, extra: bytes = b"") -> bytes:
    content = zlib.compress(stream, 9)
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % extra,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def book(pages: int) -> bytes:
    """So many pages, each an object of its own."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, pages + 3))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>"
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages)
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", tree, *[page] * pages)


def link_to(target: str) -> Made:
    def make(folder: Path) -> Path:
        path = folder / "policy.txt"
        path.symlink_to(target)
        return path

    return make


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "policy.txt")
    return folder / "policy.txt"


def listening(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(folder / "policy.txt"))
    return folder / "policy.txt"


_NESTED = "".join(f'<!ENTITY {name} "{f"&{of};" * 10}">' for of, name in zip("abcdefghijkl", "bcdefghijklm"))
ENTITIES = f'<!DOCTYPE d [<!ENTITY a "ha">{_NESTED}]>'
OUTSIDE = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
DEEP = 100_000
NOISE = random.Random(6).randbytes(50_000)
WESTERN = ("Privacy notice: we keep your data “safe” – café " * 30).encode("cp1252")
BOXED = "<w:r><w:txbxContent><w:p>" * 60 + "<w:r><w:t>x</w:t></w:r>" + "</w:p></w:txbxContent></w:r>" * 60

# What is wrong with it -> (how it is made, words of the refusal).
HOSTILE: dict[str, tuple[Made, str]] = {
    "empty": (raw("p.txt", b""), "empty"),
    "white space": (raw("p.txt", b" \n\t\r\n" * 200), "empty"),
    "a mark and nothing": (raw("p.txt", b"\xef\xbb\xbf"), "empty"),
    "NUL bytes": (raw("p.txt", b"We collect\x00 data" * 50), "NUL"),
    "control characters": (raw("p.txt", b"We collect \x07\x1b[2J data" * 50), "control characters"),
    "noise": (raw("p.txt", b"\x99" + NOISE), "not UTF-8"),
    "Windows-1252": (raw("p.txt", WESTERN), "looks like Windows-1252"),
    "UTF-16 without a mark": (raw("p.txt", "We collect data. ".encode("utf-16-le") * 50), "UTF-"),
    "half of a UTF-16 character": (raw("p.txt", b"\xff\xfeW\x00e\x00\x00\xd8"), "not UTF-16"),
    "25 MB": (raw("p.txt", lambda: b"a" * 25_000_000), "20,000,000 are the most"),
    "19 MB of one character": (raw("p.txt", lambda: b"a" * 19_000_000), "1,000,000 are the most"),
    "19 MB of lines": (raw("p.md", lambda: b"a\n" * 9_500_000), ""),
    "a picture": (raw("p.txt", b"\x89PNG\r\n\x1a\n" + NOISE), "a picture"),
    "a packed file": (raw("p.txt", b"\x1f\x8b\x08" + NOISE), "a packed file"),
    "a program": (raw("p.txt", b"\x7fELF\x02\x01" + NOISE), "a program"),
    "a database": (raw("p.txt", b"SQLite format 3\x00" + NOISE), "a database"),
    "rich text": (raw("p.txt", b"{\\rtf1 We collect}"), "RTF"),
    "an old Word file": (raw("p.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE), "before 2007"),
    "a PDF named .docx": (raw("p.docx", lambda: drawn(lambda c: c.drawString(9, 9, "We"))), "holds a PDF"),
    "a page named .txt": (raw("p.txt", b"<!doctype html><p>We collect"), "holds an HTML page"),
    "text named .pdf": (raw("p.pdf", b"We collect data"), "holds plain text"),
    "a Word file named .pdf": (raw("p.pdf", lambda: word(PARAGRAPH % "We")), "holds a Word file"),
    "another name": (raw("p.exe", b"We collect data"), "ends in .exe"),
    "a link to /dev/zero": (link_to("/dev/zero"), "not a regular file"),
    "a link to nothing": (link_to("/nowhere/at/all"), "cannot be read"),
    "a pipe": (pipe, "not a regular file"),
    "a socket": (listening, "cannot be read"),
    "a folder": (lambda folder: folder, "not a regular file"),
    "no such file": (lambda folder: folder / "p.txt", "cannot be read"),
    "a name with NUL": (lambda folder: folder / "p\x00.txt", "name is not valid"),
    "a zip archive": (raw("p.docx", lambda: packed({"a.txt": "x"})), "no Word document"),
    "a workbook": (raw("p.docx", lambda: word("", kind="spreadsheetml.sheet")), "a workbook"),
    "slides": (raw("p.docx", lambda: word("", kind="presentationml.presentation")), "a set of slides"),
    "half a Word file": (raw("p.docx", lambda: word(PARAGRAPH % "We collect")[:300]), "damaged"),
    "a locked Word file": (raw("p.docx", lambda: locked_word()), "password"),
    "a zip bomb": (raw("p.docx", lambda: word(" " * 200_000_000)), "unpacks to more"),
    "a small zip bomb": (raw("p.docx", lambda: word(" " * 20_000_000)), "packed more than"),
    "a part of noise": (raw("p.docx", lambda: packed({"[Content_Types].xml": NOISE})), "damaged"),
    "4,000 parts": (raw("p.docx", lambda: word("", **{f"word__{n}.xml": "" for n in range(4000)})), "3,000 parts"),
    "a part outside": (raw("p.docx", lambda: word("", **{"..__..__escaped.txt": "x"})), "no word processor"),
    "an absolute part": (raw("p.docx", lambda: word("", **{"__tmp__escaped.txt": "x"})), "no word processor"),
    "a part twice": (
        raw("p.docx", lambda: packed({"word/document.xml": "x"}, twice="word/document.xml")),
        "no word processor",
    ),
    "an entity bomb": (raw("p.docx", lambda: word(PARAGRAPH % "&m;", ENTITIES)), "XML entities"),
    "an entity from outside": (raw("p.docx", lambda: word(PARAGRAPH % "&x;", OUTSIDE)), "XML entities"),
    "deep XML": (raw("p.docx", lambda: word("<w:sdt>" * 1000 + "</w:sdt>" * 1000)), "200 levels"),
    "boxes in boxes": (raw("p.docx", lambda: word(f"<w:p>{BOXED}</w:p>")), ""),
    "a Word file without text": (raw("p.docx", lambda: word("<w:p/>")), "no text"),
    "deep HTML": (raw("p.html", b"<html>" + b"<div>" * DEEP + b"x"), ""),
    "deep HTML lists": (raw("p.html", b"<html>" + b"<ul><li>" * DEEP + b"x"), ""),
    "deep HTML tables": (raw("p.html", b"<html>" + b"<table><tr><td>" * DEEP + b"x"), ""),
    "misnested HTML": (raw("p.html", b"<html>" + b"<a><b><p>" * DEEP + b"x"), ""),
    "a page of scripts": (raw("p.html", b"<html><script>" + b"let a;" * 9999 + b"</script>"), "no text"),
    "a page of entities": (raw("p.html", b"<html>" + b"&nbsp;&shy;" * DEEP), "no text"),
    "deep Markdown quotes": (raw("p.md", b">" * DEEP + b" x"), ""),
    "deep Markdown lists": (raw("p.md", lambda: b"\n".join(b" " * (2 * n) + b"- x" for n in range(3000))), ""),
    "Markdown brackets": (raw("p.md", b"[" * DEEP + b"x" + b"](" * DEEP), ""),
    "10,000 pages": (
        raw("p.pdf", lambda: drawn(lambda c: c.drawString(9, 9, "We collect"), 10_000)),
        "200 are the most",
    ),
    "a locked PDF": (raw("p.pdf", lambda: drawn(lambda c: c.drawString(9, 9, "We"), password="secret")), "password"),
    "a scanned PDF": (raw("p.pdf", lambda: drawn(lambda c: c.rect(9, 9, 99, 99))), "OCR"),
    "half a PDF": (raw("p.pdf", lambda: drawn(lambda c: c.drawString(9, 9, "We collect"))[:200]), "PDF"),
    "a PDF of noise": (raw("p.pdf", b"%PDF-1.7\n" + NOISE), "damaged PDF"),
    "a PDF bomb": (raw("p.pdf", lambda: page_with(b" " * 300_000_000)), ""),
    "pages that are their own parents": (
        raw("p.pdf", lambda: pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>")),
        "",
    ),
    "an object that is itself": (raw("p.pdf", lambda: pdf(b"1 0 R", b"2 0 R")), ""),
    "a table of places that goes round": (
        raw("p.pdf", lambda: pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Count 1>>", trailer=b"/Root 1 0 R/Prev 9")),
        "",
    ),
}
