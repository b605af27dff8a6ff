"""The form with which a policy's text is taken in: what was typed and sent, checked before anything is started."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO

from fastapi import Request
from starlette.datastructures import UploadFile

from policies_kb.documents.document import MAX_FILE, MAX_TEXT
from policies_kb.errors import KnowledgeError
from policies_kb.folders import check_names
from policies_kb.workbench import PLACES_OF_THE_CONSOLE
from tickets.errors import InputError

SUFFIXES = ("txt", "md", "markdown", "html", "htm", "docx", "pdf")
MOST_SENT = MAX_FILE + 64 * 1024  # bytes of the whole form
LONGEST_NAME, LONGEST_LINE = 80, 200
NO_TEXT = "Choose the file that holds the policy, or paste its text."
BOTH_TEXTS = "There is a file and a pasted text. Take one of them out: it cannot be told which is meant."
EMPTY = "The file is empty. Choose the one that holds the policy."
LARGE = f"The file has more than {MAX_FILE // 1_000_000} MB. Save it without pictures, or as text."
LONG = f"The text has more than {MAX_TEXT:,} characters. Give the policy by itself."
KIND = "A file of that kind is not read. Save it as .txt, .md, .html, .docx or .pdf."
NO_NAME = f"Type the company’s name as people call it, at most {LONGEST_NAME} ordinary characters."
TAKEN = "There is a policy of this id already. Its next version is taken in from its own page."
NO_ID = "Type an id for it: 2 to 41 small letters, digits, - or _, a letter first."


class NotTakenError(InputError):
    """What was sent cannot be taken in. field: the one that has to be mended."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.field = name


@dataclass(frozen=True)
class Typed:
    """What was typed, to be shown again if need be."""

    id: str = ""
    name: str = ""
    version: str = ""
    text: str = field(default="", repr=False)
    anyway: bool = False


@dataclass(frozen=True)
class Sent:
    """A form that was sent. Closed with its request."""

    typed: Typed
    file: UploadFile | None = field(default=None, repr=False)

    @classmethod
    async def of(cls, request: Request) -> "Sent":
        """From a request that the guard has let in."""
        form = await request.form()
        said = {name: value for name, value in form.items() if isinstance(value, str)}
        lines = {name: " ".join(said.get(name, "")[:LONGEST_LINE].split()) for name in ("id", "name", "version")}
        text = said.get("text", "").replace("\r\n", "\n")
        file = form.get("file")
        is_chosen = not isinstance(file, str) and file is not None and bool(file.filename or file.size)
        typed = Typed(**lines, text=text, anyway=said.get("anyway") == "yes")
        return cls(typed, file if is_chosen and not isinstance(file, str) else None)

    def content(self) -> tuple[str, IO[bytes]]:
        """The name under which it is kept, which is ours, and what is in it. Raises NotTakenError."""
        if self.file is None:
            return "pasted.txt", self._pasted()
        if self.typed.text.strip():
            raise NotTakenError("file", BOTH_TEXTS)
        suffix = PurePath(self.file.filename or "").suffix[1:].lower()
        if suffix not in SUFFIXES:
            raise NotTakenError("file", KIND)
        if not self.file.size:
            raise NotTakenError("file", EMPTY)
        if self.file.size > MAX_FILE:
            raise NotTakenError("file", LARGE)
        return f"uploaded.{suffix}", self.file.file

    def _pasted(self) -> IO[bytes]:
        text = self.typed.text
        if not text.strip():
            raise NotTakenError("file", NO_TEXT)
        if len(text) > MAX_TEXT:
            raise NotTakenError("text", LONG)
        return io.BytesIO(text.encode("utf-8", "replace"))

    def options(self) -> list[str]:
        """Version and tick, as the command line takes them."""
        version = [f"--version={self.typed.version}"] if self.typed.version else []
        return [*version, *(["--anyway"] if self.typed.anyway else [])]


def check_version(policy: str, version: str) -> None:
    """Raises NotTakenError for what cannot name a version."""
    try:
        check_names(policy, version or "undated")
    except KnowledgeError as error:
        raise NotTakenError("version", _sentence(error)) from error


def check_newcomer(typed: Typed, root: Path) -> None:
    """Raises NotTakenError for what cannot be an id or a name, and for an id that is taken."""
    if not typed.id:
        raise NotTakenError("id", NO_ID)
    try:
        check_names(typed.id, "undated")
    except KnowledgeError as error:
        raise NotTakenError("id", _sentence(error)) from error
    if typed.id in PLACES_OF_THE_CONSOLE or (root / typed.id).exists():
        raise NotTakenError("id", TAKEN)
    if not typed.name or len(typed.name) > LONGEST_NAME or not typed.name.isprintable():
        raise NotTakenError("name", NO_NAME)


def _sentence(error: KnowledgeError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
