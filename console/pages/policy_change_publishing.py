"""Publishing, taking out and rolling back on the page: an errand each, its progress live, its outcome in words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response

from console.access import Routes, Who
from console.guard import RefusedError
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_errands import PUBLISH, PUBLISHING_SECONDS, Errand, Errands
from console.pages.policy_change_releases import live, release_rows
from console.pages.policy_change_signer import cleaned, remember, signature_of, typed_in
from console.pages.policy_change_signing import CHANGED, tell
from policies_kb.errors import KnowledgeError
from policies_kb.reviewing import checked_note
from tickets.errors import InputError
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.house import House
    from console.pages.policy_change import Page


@dataclass(frozen=True)
class Deed:
    """What a button does. command: of the command line; field: holds the reason; action: in the trail of deeds."""

    command: str
    field: str
    action: str


PUBLISHING = Deed("publish", "why_publish", "policy_publish_begun")
TAKING_OUT = Deed("withdraw", "why_out", "policy_withdraw_begun")
RETURNING = Deed("rollback", "why_back", "policy_rollback_begun")
BUSY = (409, "Something else is being done", "One thing at a time needs the model. Please try again in a minute.")
NO_REASON = "Say in a few words why. It stands in the list of releases."
SHORTEST_WHY = 3


def add_publishing(routes: Routes, house: "House", rooms: "tuple[Page, OwnersDesk, Errands]") -> None:
    """The three buttons, and the part of the page that tells how far it is."""
    page, desk, errands = rooms

    @routes.get("/knowledge/{policy}/change/run")
    async def run(request: Request, who: Who, policy: str) -> Response:
        folder = await page.folder(policy)
        shown = await asyncio.to_thread(shown_releases, desk, folder.policy, house.clock())
        last = errands.last(PUBLISH, folder.policy)
        return house.look.part(request, who, "policy_change_run.html", policy=folder.policy, run=last, **shown)

    async def started(request: Request, who: Who, policy: str, deed: Deed) -> Response:
        folder, typed = await page.folder(policy), await typed_in(request)
        try:
            name, why = cleaned(typed.get("by", ""), who), _why(typed.get(deed.field, ""))
            if deed is PUBLISHING and typed.get("seen") != await asyncio.to_thread(desk.seen, folder):
                raise InputError(CHANGED)
            order = _number(typed.get("number", "")) if deed is RETURNING else folder.policy
        except InputError as error:
            return await page.shown(request, who, policy, str(error), typed)
        await errands.make_way()
        if errands.running is not None:
            raise RefusedError(*BUSY)
        detail = {"release": order} if deed is RETURNING else {"version": folder.current}
        await asyncio.to_thread(lambda: tell(house, folder.policy, deed.action, who.member.id, **detail))
        words = [deed.command, f"--by={signature_of(name, who)}", f"--why={why}", "--", order]
        if not errands.start(Errand(PUBLISH, folder.policy), words, PUBLISHING_SECONDS):
            raise RefusedError(*BUSY)
        response = house.look.go(request, f"/knowledge/{folder.policy}/change#run")
        remember(response, name, who, house.settings.is_https)
        return response

    @routes.post("/knowledge/{policy}/change/publish", role=Role.ADMIN, confirm=True)
    async def publish(request: Request, who: Who, policy: str) -> Response:
        return await started(request, who, policy, PUBLISHING)

    @routes.post("/knowledge/{policy}/change/withdraw", role=Role.ADMIN, confirm=True)
    async def withdraw(request: Request, who: Who, policy: str) -> Response:
        return await started(request, who, policy, TAKING_OUT)

    @routes.post("/knowledge/{policy}/change/rollback", role=Role.ADMIN, confirm=True)
    async def rollback(request: Request, who: Who, policy: str) -> Response:
        return await started(request, who, policy, RETURNING)


def shown_releases(desk: OwnersDesk, policy: str, now: datetime) -> dict[str, Any]:
    """The list of releases and who serves what, for the page and for the part of it that is renewed."""
    try:
        rows, serving, release = release_rows(desk.shelf, policy), live(desk.shelf, now), desk.release()
        can_end = release is not None and policy in release.policies and len(release.policies) > 1
        return {"releases": rows, "serving": serving, "can_end": can_end, "shelf_trouble": ""}
    except KnowledgeError as error:
        return {"releases": [], "serving": [], "can_end": False, "shelf_trouble": desk.words(error)}


def _why(text: str) -> str:
    line = " ".join(text.split())
    if len(line) < SHORTEST_WHY:
        raise InputError(NO_REASON)
    try:
        return checked_note(line, "the reason")
    except KnowledgeError as error:
        raise InputError(str(error)) from error


def _number(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InputError("There is no such release.")
    return text
