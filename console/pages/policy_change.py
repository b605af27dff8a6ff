"""A policy's owner at work: what stands in the way of publishing the folder, signatures, publishing, the way back.

Signatures are written by policies_kb.signing, as by the command line; what needs the model is an errand
(policy_change_errands). All buttons of the page belong to one form, which carries the name under which one signs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from console.access import Routes, Who
from console.guard import RefusedError
from console.pages.policy_change_asking import Asking
from console.pages.policy_change_desk import OwnersDesk
from console.pages.policy_change_errands import PUBLISH, Errands
from console.pages.policy_change_labels import add_labels
from console.pages.policy_change_publishing import add_publishing, shown_releases
from console.pages.policy_change_signer import cleaned, remember, remembered, signature_of, typed_in
from console.pages.policy_change_signing import Signed, Signing, Wrong
from console.pages.policy_change_view import Waiting, waiting
from console.pages.policy_profile import add_profile
from console.pages.policy_take_in import add_take_in
from console.pages.policy_take_in_files import FileErrands, Uploads
from policies_kb.errors import KnowledgeError, UnknownPolicyError
from policies_kb.folders import PolicyFolder
from tickets.errors import InputError
from tickets.vocabulary import Role

if TYPE_CHECKING:
    from console.house import House

DEEDS = ("name", "accept", "accept-all", "confirm", "explain", "decide", "decide-all")


class Page:
    """Renders the page of one policy's change."""

    def __init__(self, house: "House", desk: OwnersDesk, errands: Errands) -> None:
        self._house, self._desk, self._errands = house, desk, errands

    async def shown(
        self, request: Request, who: Who, policy: str, wrong: str = "", typed: dict[str, str] | None = None
    ) -> Response:
        """The whole page. wrong: why what was sent was not taken; typed: what stood in the fields then."""
        folder = await self.folder(policy)
        values = await asyncio.to_thread(self._values, folder)
        name = (typed or {}).get("by") or remembered(request, who)
        values |= {"wrong": wrong, "typed": typed or {}, "signer": name}
        values |= {"running": self._errands.running, "run": self._errands.last(PUBLISH, folder.policy)}
        return self._house.look.page(request, who, "policy_change.html", 422 if wrong else 200, **values)

    async def folder(self, policy: str) -> PolicyFolder:
        """The folder. Raises HTTPException where there is none."""
        try:
            return await asyncio.to_thread(self._desk.folder, policy[:60])
        except UnknownPolicyError:
            raise HTTPException(404) from None
        except KnowledgeError as error:
            raise RefusedError(409, "The folder cannot be read", self._desk.words(error)) from error

    def _values(self, folder: PolicyFolder) -> dict[str, Any]:
        values: dict[str, Any] = {"policy": folder.policy, "name": folder.policy, "version": "", "before": ""}
        values |= {"seen": "", "waits": Waiting((), (), (), None, 0), "broken": "", "standing": None}
        values |= shown_releases(self._desk, folder.policy, self._house.clock())
        try:
            published = self._desk.published(folder.policy)
            values["before"] = published.profile.current if published else ""
            values["standing"] = self._desk.standing(folder.policy)
            values["waits"] = waiting(published, folder)
            values |= {"name": folder.profile().name, "version": folder.current, "seen": self._desk.seen(folder)}
        except KnowledgeError as error:
            values["broken"] = self._desk.words(error)
        return values


def add(routes: Routes, house: "House") -> None:
    """The page, its golden questions, its signatures, publishing and rolling back."""
    desk, errands = OwnersDesk(house), Errands(house.settings)
    asking = Asking(house, desk, errands)
    page, signing = Page(house, desk, errands), Signing(house, desk, asking)

    @routes.get("/knowledge/{policy}/change")
    async def change(request: Request, who: Who, policy: str) -> Response:
        return await page.shown(request, who, policy)

    @routes.get("/knowledge/{policy}/change/golden")
    async def golden(request: Request, who: Who, policy: str) -> Response:
        return await asking.part(request, who, await page.folder(policy))

    @routes.post("/knowledge/{policy}/change/ask", role=Role.APPROVER)
    async def ask(request: Request, who: Who, policy: str) -> Response:
        folder = await page.folder(policy)
        asking.forget(folder.policy)
        return house.look.go(request, f"/knowledge/{folder.policy}/change#golden-title")

    for deed in DEEDS:
        _add_deed(routes, deed, page, signing, house)
    add_publishing(routes, house, (page, desk, errands))
    files = FileErrands(errands, Uploads(house.settings.data))
    add_take_in(routes, house, (page, desk, files))
    add_profile(routes, house, (page, desk, files))
    add_labels(routes, house, page, desk)


def _add_deed(routes: Routes, deed: str, page: Page, signing: Signing, house: "House") -> None:
    """One kind of signature."""

    @routes.post(f"/knowledge/{{policy}}/change/{deed}", role=Role.APPROVER)
    async def signed(request: Request, who: Who, policy: str) -> Response:
        folder, typed = await page.folder(policy), await typed_in(request)
        try:
            name = cleaned(typed.get("by", ""), who)
            done = await _done(signing.does(deed), folder, typed, signature_of(name, who), who)
        except (InputError, Wrong) as error:
            return await page.shown(request, who, policy, str(error), typed)
        response = house.look.go(request, f"/knowledge/{folder.policy}/change#{done.place}", done.said)
        remember(response, name, who, house.settings.is_https)
        return response


async def _done(does: Callable[..., Signed], folder: PolicyFolder, typed: dict[str, str], by: str, who: Who) -> Signed:
    return await asyncio.to_thread(does, folder, typed, by, who.member.id)
