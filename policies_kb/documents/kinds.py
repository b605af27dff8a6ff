"""What a file is: by its first bytes, then by its name. Content that does not fit the name is an error, not a guess."""

from __future__ import annotations

import re

from policies_kb.errors import SourceError

_BY_NAME = {
    "": "txt", "txt": "txt", "text": "txt", "md": "md", "markdown": "md",
    "htm": "html", "html": "html", "xhtml": "html", "docx": "docx", "pdf": "pdf",
}  # fmt: skip
_READ = "a .txt, .md, .html, .docx or .pdf file is read"
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "a Word file of before 2007 or one with a password; save it as .docx without a password"),
    (b"{\\rtf", "an RTF file; save it as .docx or .txt"),
    (b"\x89PNG", "a picture; give the text itself"),
    (b"\xff\xd8\xff", "a picture; give the text itself"),
    (b"GIF8", "a picture; give the text itself"),
    (b"\x1f\x8b", "a packed file; unpack it and give the policy's own file"),
    (b"7z\xbc\xaf", "a packed file; unpack it and give the policy's own file"),
    (b"Rar!", "a packed file; unpack it and give the policy's own file"),
    (b"\x7fELF", "a program; give the policy's own file"),
    (b"MZ\x90", "a program; give the policy's own file"),
    (b"SQLite format 3", "a database; give the policy's own file"),
)
_PAGE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html)\b", re.I | re.S)  # fmt: skip  # noqa: E501


def kind_of(raw: bytes, suffix: str) -> str:
    """One of document.KINDS. Raises SourceError for another kind of file, and for a name that says otherwise."""
    for start, what in _FOREIGN:
        if raw.startswith(start):
            raise SourceError(f"is {what}")
    named = _BY_NAME.get(suffix)
    if named is None:
        raise SourceError(f"has a name that ends in .{suffix}, and {_READ}; save it as one of these")
    held = _held(raw)
    fits = held == named or suffix == "" or (held == "text" and named in ("txt", "md", "html"))
    if not fits and not (held == "html" and named == "md"):
        called = {"text": "plain text", "html": "an HTML page", "docx": "a Word file or a zip archive", "pdf": "a PDF"}
        right = {"text": "txt"}.get(held, held)
        raise SourceError(f"is named .{suffix} but holds {called[held]}; name it .{right} if that is what it should be")
    return held if suffix == "" and held != "text" else named


def _held(raw: bytes) -> str:
    if b"%PDF-" in raw[:1024]:
        return "pdf"
    if raw.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "docx"
    return "html" if _PAGE.match(raw) else "text"
