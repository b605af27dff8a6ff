"""Pages of a policy's history: its versions compared, and answers opened again as they were said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from bot.receipts import Receipt, ReceiptError
from bot.web.changes import as_page, only_page
from bot.web.receipt_view import no_receipt_page, receipt_page
from policies_kb.comparison_forms import as_json
from policies_kb.history import compared, history_of
from policies_kb.knowledge import Policy

if TYPE_CHECKING:
    from bot.app import Services

LONGEST_NAME = 60


def add_changes(app: FastAPI, services: "Services") -> None:
    """What changed between two versions: by default, what the current one changed. `from` and `to` name others."""

    @app.get("/p/{policy}/changes", response_class=HTMLResponse, include_in_schema=False)
    async def changes(
        policy: str,
        old: str = Query("", alias="from", max_length=LONGEST_NAME),
        new: str = Query("", alias="to", max_length=LONGEST_NAME),
        form: str = Query("", alias="format", max_length=8),
    ) -> Response:
        found = services.knowledge.get(policy)
        if form == "json":
            return await asyncio.to_thread(_json, found, old, new)
        return HTMLResponse(await asyncio.to_thread(_page, found, old, new))

    @app.get("/p/{policy}/changes.json", include_in_schema=False)
    async def changes_as_json(
        policy: str,
        old: str = Query("", alias="from", max_length=LONGEST_NAME),
        new: str = Query("", alias="to", max_length=LONGEST_NAME),
    ) -> Response:
        return await asyncio.to_thread(_json, services.knowledge.get(policy), old, new)


def add_receipts(app: FastAPI, services: "Services") -> None:
    """Answers as they were said."""

    @app.get("/receipt/{token}", response_class=HTMLResponse, include_in_schema=False)
    async def receipt(token: str) -> HTMLResponse:
        try:
            if services.desk.receipts is None:
                raise ReceiptError("no receipts are written here")
            found = services.desk.receipts.read(token)
        except ReceiptError:
            return HTMLResponse(no_receipt_page(), 404)
        return HTMLResponse(await asyncio.to_thread(_receipt, services, found))


def _receipt(services: "Services", found: Receipt) -> str:
    policy = services.knowledge.policies.get(found.policy)
    is_served = policy is not None and all(one.version in policy.versions for one in found.quotes)
    return receipt_page(found, policy, None if is_served else services.earlier(found.release, found.policy))


def _page(policy: Policy, old: str, new: str) -> str:
    history = history_of(policy)
    if len(history) < 2 and not (old and new):
        return only_page(policy.profile.name, policy.profile.policy, history)
    return as_page(compared(policy, *_versions(policy, old, new)), policy.profile.name, history)


def _json(policy: Policy, old: str, new: str) -> Response:
    history = history_of(policy)
    versions = [{"version": one.version, "since": one.since and one.since.isoformat()} for one in history]
    known = {"policy": policy.profile.policy, "versions": versions}
    if len(history) < 2 and not (old and new):
        return JSONResponse({**known, "comparison": None})
    return JSONResponse({**known, "comparison": as_json(compared(policy, *_versions(policy, old, new)))})


def _versions(policy: Policy, old: str, new: str) -> tuple[str, str]:
    """The two to compare; the newer is the current one unless it is named, the older the one before it."""
    names = [one.version for one in history_of(policy)]
    for version in filter(None, (old, new)):
        if version not in policy.versions:
            raise HTTPException(404, f"{policy.profile.name} has no version of that name here.")
    new = new or names[-1]
    place = names.index(new) if new in names else len(names)
    return old or names[max(place - 1, 0)], new
