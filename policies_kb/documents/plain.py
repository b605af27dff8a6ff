"""Plain text, from a file or pasted. Its lines stay as they are, unless an editor or a mail program broke them."""

from __future__ import annotations

import re

from policies_kb.documents.characters import checked, cleaned
from policies_kb.documents.document import MAX_TEXT, Document
from policies_kb.errors import SourceError

WIDEST = 100  # characters of a line that somebody may have broken; a paragraph on one line is longer
ENOUGH = 6  # lines that were broken before we believe that they were
_STARTS = re.compile(r"\s*(?:[•▪◦‣·*]|[-–—−]\s|\d{1,2}(?:\.\d{1,2})*[.)]\s|[a-z]\)\s|#|>|\|)")


def read(text: str) -> Document:
    """The text as a document. Raises SourceError for what is no text, empty or too long."""
    text = cleaned(checked(text))
    if len(text) > MAX_TEXT:
        raise SourceError(f"has {len(text):,} characters and {MAX_TEXT:,} are the most; give the policy by itself")
    return Document(unwrapped(text), "txt")


def unwrapped(text: str) -> str:
    """Paragraphs whose lines were broken at a margin, joined again; any other text as it is."""
    lines = text.split("\n")
    margin = margin_of(lines)
    if not margin:
        return text
    joined = lines[:1]
    for before, line in zip(lines, lines[1:]):
        if before.strip() and line.strip() and not _STARTS.match(line) and _broken(before, line, margin):
            joined[-1] = f"{joined[-1].rstrip()} {line.strip()}"
        else:
            joined.append(line)
    return "\n".join(joined)


def margin_of(lines: list[str]) -> int:
    """The width at which the lines were broken; 0 if they were not."""
    widths = sorted(len(line.rstrip()) for line in lines if line.strip())
    if not widths or widths[-1] > WIDEST:
        return 0
    margin = widths[-1]
    pairs = [(a, b) for a, b in zip(lines, lines[1:]) if a.strip() and b.strip() and not _STARTS.match(b)]
    broken = sum(_broken(a, b, margin) for a, b in pairs)
    return margin if broken >= ENOUGH and broken * 2 >= len(pairs) else 0


def _broken(line: str, following: str, margin: int) -> bool:
    """Whether the next line's first word would not have fitted on this one."""
    return len(line.rstrip()) + 1 + len(following.split()[0]) > margin
