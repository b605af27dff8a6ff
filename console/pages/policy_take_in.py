"""A company's policy, or its next version, taken in from a file or a pasted text: an errand, its outcome live."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from console.access import Routes, Who
from console.guard import RefusedError
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_errands import TAKE_IN, Errand
from console.pages.policy_change_publishing import BUSY
from console.pages.policy_change_signing import tell
from console.pages.policy_take_in_files import FileErrands
from console.pages.policy_take_in_form import (
    LONGEST_NAME,
    MOST_SENT,
    SUFFIXES,
    NotTakenError,
    Sent,
    Typed,
    check_newcomer,
    check_version,
)
from policies_kb.errors import KnowledgeError
from policies_kb.folders import PolicyFolder
from policies_kb.knowledge import POLICY_ID
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.house import House
    from console.pages.policy_change import Page

ADD, UPDATE = "add", "update"  # the commands; an errand's key says which it is
ACTIONS = {ADD: "policy_add_begun", UPDATE: "policy_update_begun"}
TEXTS = {
    "waiting": "The text is read, cut into clauses and asked questions; this may take a minute …",
    "done": "It is taken in. Nobody is answered from it before it is published.",
    "failed": "It was not taken in, and nothing was changed.",
}
NEXT = "\nNext:"  # what follows in the commands' words is for a terminal


class TakingIn:
    """Starts the errands and renders their pages."""

    def __init__(self, house: "House", desk: OwnersDesk, files: FileErrands) -> None:
        self._house, self._desk, self._files = house, desk, files

    async def started(self, request: Request, who: Who, command: str, policy: str, sent: Sent) -> Response:
        """Begin with what was sent. Raises NotTakenError for what is no text, RefusedError while something runs."""
        file = sent.content()
        options = [f"--name={sent.typed.name}"] if command == ADD else []
        kind, actor = file[0].rpartition(".")[2], who.member.id

        def note() -> None:
            tell(self._house, policy, ACTIONS[command], actor, kind=kind)

        words = [command, *options, *sent.options()]
        if not await self._files.start(Errand(TAKE_IN, policy, command), words, file, note):
            raise RefusedError(*BUSY)
        return self._house.look.go(request, f"/knowledge/{policy}/change/taking-in")

    def form(
        self, request: Request, who: Who, typed: Typed, folder: PolicyFolder | None, error: NotTakenError | None = None
    ) -> Response:
        """The page with the form. folder: of the policy that gets its next version."""
        values: dict[str, Any] = {"typed": typed, "policy": "", "name": "", "current": ""}
        if folder is not None:
            values |= self._about(folder)
        values |= {"wrong": str(error or ""), "wrong_field": error.field if error else ""}
        values |= {"suffixes": ",".join(f".{one}" for one in SUFFIXES), "longest_name": LONGEST_NAME}
        return self._house.look.page(request, who, "policy_take_in.html", 422 if error else 200, **values)

    def outcome(self, policy: str) -> dict[str, Any] | None:
        """How far it is, or how it went; None where nothing was taken in since the console started."""
        run = self._files.errands.last(TAKE_IN, policy)
        if run is None or not POLICY_ID.match(policy):
            return None
        texts = TEXTS | {"details": self._desk.without_places(_kept(run))}
        texts |= {"trouble": self._desk.without_places(run.trouble)}
        back = "/knowledge/add" if run.key == ADD else f"/knowledge/{policy}/change/update"
        return {"policy": policy, "run": run, "texts": texts, "back": back}

    def _about(self, folder: PolicyFolder) -> dict[str, str]:
        try:
            return {"policy": folder.policy, "name": folder.profile().name, "current": folder.current}
        except KnowledgeError as error:
            raise RefusedError(409, "The folder cannot be read", self._desk.words(error)) from error


def _kept(run: Errand) -> str:
    """What the command said, without what is for a terminal or stands on the policy's page: each difference."""
    said = run.output.partition(NEXT)[0].strip().split("\n\n")
    return "\n\n".join(said if run.key == ADD else dict.fromkeys((said[0], said[-1])))


def add_take_in(routes: Routes, house: "House", rooms: "tuple[Page, OwnersDesk, FileErrands]") -> None:
    """The two forms, and the page that tells how it goes."""
    page, desk, files = rooms
    taking = TakingIn(house, desk, files)
    with contextlib.suppress(OSError):  # what cannot be swept now is swept at the next start
        files.uploads.sweep()

    @routes.get("/knowledge/add", role=Role.APPROVER)
    async def add_form(request: Request, who: Who) -> Response:
        return taking.form(request, who, Typed(), None)

    @routes.post("/knowledge/add", role=Role.APPROVER, upload=MOST_SENT)
    async def add(request: Request, who: Who) -> Response:
        sent = await Sent.of(request)
        try:
            check_newcomer(sent.typed, desk.root)
            check_version(sent.typed.id, sent.typed.version)
            return await taking.started(request, who, ADD, sent.typed.id, sent)
        except NotTakenError as error:
            return taking.form(request, who, sent.typed, None, error)

    @routes.get("/knowledge/{policy}/change/update", role=Role.APPROVER)
    async def update_form(request: Request, who: Who, policy: str) -> Response:
        return taking.form(request, who, Typed(), await page.folder(policy))

    @routes.post("/knowledge/{policy}/change/update", role=Role.APPROVER, upload=MOST_SENT)
    async def update(request: Request, who: Who, policy: str) -> Response:
        folder, sent = await page.folder(policy), await Sent.of(request)
        try:
            check_version(folder.policy, sent.typed.version)
            return await taking.started(request, who, UPDATE, folder.policy, sent)
        except NotTakenError as error:
            return taking.form(request, who, sent.typed, folder, error)

    _add_outcome(routes, house, taking)


def _add_outcome(routes: Routes, house: "House", taking: TakingIn) -> None:
    """The page that tells how it goes, and the part of it that is renewed."""

    def told(request: Request, policy: str) -> dict[str, Any] | Response:
        found = taking.outcome(policy)
        if found is None and not POLICY_ID.match(policy):
            raise HTTPException(404)
        return found or house.look.go(request, f"/knowledge/{policy}/change")

    @routes.get("/knowledge/{policy}/change/taking-in", role=Role.APPROVER)
    async def taking_in(request: Request, who: Who, policy: str) -> Response:
        found = told(request, policy)
        return house.look.page(request, who, "policy_taking_in.html", **found) if isinstance(found, dict) else found

    @routes.get("/knowledge/{policy}/change/taking-in/part", role=Role.APPROVER)
    async def part(request: Request, who: Who, policy: str) -> Response:
        found = told(request, policy)
        return (
            house.look.part(request, who, "policy_taking_in_part.html", **found) if isinstance(found, dict) else found
        )
