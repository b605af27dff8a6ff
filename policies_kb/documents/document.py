"""What a reader gives, and the limits that every reader keeps to."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FILE = 20_000_000  # bytes of a file
MAX_TEXT = 1_000_000  # characters of its text: the longest policies have a quarter of that
MAX_PAGES = 200  # of a PDF; two seconds are enough for about that many
KINDS = ("txt", "md", "html", "docx", "pdf")


@dataclass(frozen=True)
class Document:
    """The text of a policy's file, cut into lines as `policies_kb.segment` reads them.

    kind: one of KINDS. title: the document's own title, empty if it has none. headings: lines that the file itself
    marks as headings though they do not look it; a profile names them under marks.headings.
    """

    text: str
    kind: str
    title: str = ""
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What the process that parses a file may use; it is ended when it takes more."""

    seconds: float = 1.8  # from its start to its end: with what it takes to end it, a refusal comes within two
    memory: int = 200_000_000  # bytes of address space


LIMITS = Limits()
