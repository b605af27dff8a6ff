"""The child's side: take the limits on, read standard input, parse it, answer on standard output as JSON.

Started by `reading` with an empty environment. The limits are set before a byte of the file is read and before a
parser is imported. A parser may fail in any way: whatever it raises becomes a sentence, and what it does beyond the
limits ends the process.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys

from policies_kb.documents import plain
from policies_kb.documents.characters import decoded, decoded_page
from policies_kb.documents.document import MAX_FILE, MAX_TEXT, Document
from policies_kb.documents.kinds import kind_of
from policies_kb.errors import SourceError

_NAMES = {"txt": "text", "md": "Markdown", "html": "HTML", "docx": "Word", "pdf": "PDF"}


def main() -> None:
    """Parse standard input. Arguments: seconds, bytes of memory, the file's suffix without its dot."""
    seconds, memory, suffix = sys.argv[1:4]
    take_limits(float(seconds), int(memory))
    try:
        answer = _told(_read_all(), suffix)
    except SourceError as error:
        answer = json.dumps({"error": str(error)})
    except MemoryError:
        answer = '{"error": "needs more memory than is safe; save it as plain text and give that"}'
    sys.stdout.buffer.write(answer.encode("utf-8"))
    sys.stdout.buffer.flush()
    os._exit(0)  # what a parser holds need not be freed, which for a hostile file takes long


def take_limits(seconds: float, memory: int) -> None:
    """Bind this process, without a way back: computing time, memory, no files written, no processes, no core."""
    computing = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (computing, computing))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def _read_all() -> bytes:
    with os.fdopen(0, "rb") as stream:
        return stream.read(MAX_FILE)


def _told(raw: bytes, suffix: str) -> str:
    kind = kind_of(raw, suffix)
    try:
        document = _reader(kind, raw)
    except (SourceError, MemoryError):
        raise
    except RecursionError:
        raise SourceError("is nested too deeply; save it as plain text and give that") from None
    except Exception as error:
        raise SourceError(
            f"is damaged: it cannot be read as {_NAMES[kind]}; save it again, or as plain text, and give that"
        ) from error
    if not document.text.strip():
        raise SourceError("has no text in it; choose the file that holds the policy")
    if len(document.text) > MAX_TEXT:
        raise SourceError(f"has {len(document.text):,} characters and {MAX_TEXT:,} are the most; give the policy alone")
    told = {"text": document.text, "kind": kind, "title": document.title, "headings": document.headings}
    return json.dumps(told, ensure_ascii=False)


def _reader(kind: str, raw: bytes) -> Document:
    """Read it with the reader of its kind; only that one's parser is imported."""
    if kind == "pdf":
        from policies_kb.documents.pdf import read as read_pdf

        return read_pdf(raw)
    if kind == "docx":
        from policies_kb.documents.word import read as read_word

        return read_word(raw)
    if kind == "html":
        from policies_kb.documents.web_page import read as read_page

        return read_page(decoded_page(raw))
    if kind == "md":
        from policies_kb.documents.markdown import read as read_markdown

        return read_markdown(decoded(raw))
    return plain.read(decoded(raw))
