"""The policy's profile as a text: checked at once, then written by the command line, which compiles what follows."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.guard import RefusedError
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_errands import PROFILE, Errand
from console.pages.policy_change_publishing import BUSY
from console.pages.policy_change_signing import tell
from console.pages.policy_profile_words import FIELD_WORDS
from console.pages.policy_take_in_files import FileErrands
from policies_kb.editing import CHANGED, FILE, Edited, checked_edit, seen_in
from policies_kb.errors import KnowledgeError
from policies_kb.folders import PolicyFolder
from tickets.errors import InputError
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.house import House
    from console.pages.policy_change import Page

MOST_TEXT = 300_000  # bytes
MOST_SENT = MOST_TEXT + 16 * 1024
WAITING_SECONDS = 50  # less than a proxy waits for an answer
TOO_LONG = f"The profile has more than {MOST_TEXT // 1_000} kB; it is edited where the files are."
SAVED = "The profile is saved."
PUT_BACK = " Still to be confirmed: {fields}. Deleting the lines does not settle that."
STILL = "It takes longer than usual to save the profile. Look in a minute whether it is there."
PREFIX = "privacy desk: "  # with which the command line begins its one sentence
_LINE = re.compile(r"\bline (\d+)")


@dataclass(frozen=True)
class Text:
    """The text of the form. seen: of the file that it was made from."""

    text: str = field(repr=False)
    seen: str

    @classmethod
    async def of(cls, request: Request) -> "Text":
        """As it was sent, with the line ends of the file."""
        form = await request.form()
        said = {name: value for name, value in form.items() if isinstance(value, str)}
        return cls(said.get("text", "").replace("\r\n", "\n"), said.get("seen", "")[:64])


class Editing:
    """Reads, checks and saves the text."""

    def __init__(self, house: "House", desk: OwnersDesk, files: FileErrands) -> None:
        self._house, self._desk, self._files = house, desk, files

    def opened(self, folder: PolicyFolder) -> tuple[Text, str]:
        """The file as it is now, and the company's name.

        Raises RefusedError for one that cannot be read: nobody could say what waits for a confirmation in it.
        """
        try:
            raw = (folder.path / FILE).read_bytes()
            if len(raw) > MOST_TEXT:
                raise RefusedError(409, "The profile is too long", TOO_LONG)
            return Text(raw.decode("utf-8").replace("\r\n", "\n"), seen_in(raw)), folder.profile().name
        except (OSError, UnicodeDecodeError, KnowledgeError) as error:
            why = f"{self._desk.words(error)}. " if isinstance(error, KnowledgeError) else ""
            raise RefusedError(409, "The profile cannot be read", f"{why}It is mended where the files are.") from None

    async def saved(self, folder: PolicyFolder, sent: Text, who: Who) -> str:
        """Save it; what there is to say then. Raises InputError with what is wrong."""
        if len(sent.text.encode("utf-8", "replace")) > MOST_TEXT:
            raise InputError(TOO_LONG)
        edited = await asyncio.to_thread(self._checked, folder, sent)
        errand, version = Errand(PROFILE, folder.policy), folder.current
        content = io.BytesIO(sent.text.encode("utf-8", "replace"))

        def note() -> None:
            tell(self._house, folder.policy, "policy_profile_begun", who.member.id, version=version)

        words = ["profile", f"--seen={sent.seen}"]
        if not await self._files.start(errand, words, (FILE, content), note) or errand.task is None:
            raise InputError(f"{BUSY[1]}. {BUSY[2]}")
        await asyncio.wait([errand.task], timeout=WAITING_SECONDS)
        if errand.is_running:
            return STILL
        if errand.code != 0:
            raise InputError(self._desk.without_places(errand.trouble).removeprefix(PREFIX))
        fields = ", ".join(dict.fromkeys(one.field for one in edited.put_back))
        return SAVED + (PUT_BACK.format(fields=fields) if fields else "")

    def _checked(self, folder: PolicyFolder, sent: Text) -> Edited:
        """All that shows without a model, so that a slip is told at once."""
        try:
            release = self._desk.release()
            is_published = release is not None and folder.policy in release.policies
            return checked_edit(folder, sent.text, sent.seen or "nothing", is_published)
        except KnowledgeError as error:
            raise InputError(self._desk.without_places(str(error))) from error


def add_profile(routes: Routes, house: "House", rooms: "tuple[Page, OwnersDesk, FileErrands]") -> None:
    """The page with the text, and what it is sent to."""
    page, desk, files = rooms
    editing = Editing(house, desk, files)

    async def shown(
        request: Request, who: Who, folder: PolicyFolder, typed: Text | None = None, wrong: str = ""
    ) -> Response:
        now, name = await asyncio.to_thread(editing.opened, folder)
        text = typed or now
        values: dict[str, Any] = {"policy": folder.policy, "name": name}
        values |= {"text": text.text, "seen": text.seen, "wrong": wrong, "fields": FIELD_WORDS}
        values |= {"around": _around(text.text, wrong), "now": now.text if wrong == CHANGED else ""}
        return house.look.page(request, who, "policy_profile.html", 422 if wrong else 200, **values)

    @routes.get("/knowledge/{policy}/change/profile", role=Role.APPROVER)
    async def form(request: Request, who: Who, policy: str) -> Response:
        return await shown(request, who, await page.folder(policy))

    @routes.post("/knowledge/{policy}/change/profile", role=Role.APPROVER, upload=MOST_SENT)
    async def save(request: Request, who: Who, policy: str) -> Response:
        folder, text = await page.folder(policy), await Text.of(request)
        try:
            said = await editing.saved(folder, text, who)
        except InputError as error:
            return await shown(request, who, folder, text, str(error))
        return house.look.go(request, f"/knowledge/{folder.policy}/change", said)


def _around(text: str, wrong: str) -> Sequence[tuple[int, str]]:
    """The line that is named, with its neighbours: the field for the text shows no numbers."""
    found = _LINE.search(wrong)
    if not found:
        return ()
    number, lines = int(found.group(1)), text.split("\n")
    return [(n, lines[n - 1]) for n in (number - 1, number, number + 1) if 1 <= n <= len(lines)]
