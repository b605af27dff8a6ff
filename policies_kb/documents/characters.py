"""Bytes to characters, and the few characters that stand for others. Nothing else of a policy's text is touched."""

from __future__ import annotations

import re

from policies_kb.errors import SourceError

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_SAME = str.maketrans({**_LIGATURES, "\u00ad": None, "\u00a0": " ", "\u202f": " ", "\u2007": " "})
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,30})", re.IGNORECASE)
_WESTERN = frozenset({"windows-1252", "cp1252", "iso-8859-1", "latin1", "latin-1", "us-ascii"})
_UTF8_HOW = "open it in an editor, choose “Save as” with the encoding UTF-8, and give that file"


def cleaned(text: str) -> str:
    """Ligatures become letters, soft hyphens go, unbreakable spaces become spaces, every line ends in one newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_SAME)


def decoded(raw: bytes) -> str:
    """A text file's characters: UTF-8, or UTF-16 that says so. Raises SourceError naming what it looks like instead."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), (b"", "utf-8"))
    try:
        text = raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SourceError(f"is not {encoding.upper()} text{_looks_like(raw)}; {_UTF8_HOW}") from error
    return checked(text)


def decoded_page(raw: bytes) -> str:
    """An HTML page's characters. A page may say that it is Windows-1252, as old ones do, and is believed."""
    declared = _DECLARED.search(raw[:4096])
    if declared is not None and declared[1].decode("ascii", "replace").lower() in _WESTERN and not _is_utf8(raw):
        return checked(raw.decode("cp1252", "replace"))
    return decoded(raw)


def checked(text: str) -> str:
    """The text itself if it is text. Raises SourceError for NUL and control characters, and for empty text."""
    if "\x00" in text:
        raise SourceError(f"contains NUL bytes, so it is not UTF-8 text; {_UTF8_HOW}")
    if _CONTROL.search(text):
        raise SourceError("contains control characters, so it is not a text file; give the policy's own text")
    if not text.strip("\ufeff\u200b \t\r\n\f\v\u00a0"):
        raise SourceError("is empty; choose the file that holds the policy")
    return text


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _looks_like(raw: bytes) -> str:
    """The encoding that the bytes would make sense in, as words for a message; nothing is read by it."""
    sample = raw[:100_000]
    if sample.count(0) * 3 > len(sample):
        return " but looks like UTF-16"
    if any(byte < 9 or 13 < byte < 32 for byte in sample):
        return " nor text in another encoding"
    high = [byte for byte in sample if byte > 127]
    undefined = sum(byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) for byte in high)
    return " but looks like Windows-1252" if not undefined and len(high) * 4 < len(sample) else ""
