"""The public page with a policy's numbers: how many requests of each right in each year, small counts hidden.

Counting reads all requests about the policy, so its result is kept for an hour, and one policy is counted at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.web.pages import TEMPLATES
from tickets.words import RIGHT_WORDS, day_in_words

if TYPE_CHECKING:
    from policies_kb.knowledge import KnowledgeBase
    from policies_kb.profile import Profile
    from tickets.transparency import Transparency

PATH = "/p/{policy}/transparency"
KEPT = timedelta(hours=1)
HEADERS = {"Cache-Control": "public, max-age=3600"}


class HasKnowledge(Protocol):
    """What is needed of bot.app.Services."""

    @property
    def knowledge(self) -> "KnowledgeBase":
        """The policies: only those have a page."""
        ...


@dataclass
class Counts:
    """Counts that are kept for a while. count: reads the store, so it is called in a thread; clock: aware UTC."""

    count: Callable[[str, datetime], "Transparency"]
    clock: Callable[[], datetime]
    _kept: dict[str, tuple[datetime, "Transparency"]] = field(default_factory=dict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, policy: str) -> "Transparency":
        """The numbers of a policy, at most an hour old. Raises StoreError."""
        async with self._one_at_a_time:
            now = self.clock()
            at, found = self._kept.get(policy, (None, None))
            if at is not None and found is not None and now - at < KEPT:
                return found
            counted = await asyncio.to_thread(self.count, policy, now)
            self._kept[policy] = (now, counted)
            return counted


def add(
    app: FastAPI,
    services: HasKnowledge,
    count: Callable[[str, datetime], "Transparency"],
    clock: Callable[[], datetime],
) -> None:
    """Hang the page into the public app. count: tickets.transparency.transparency over the bot's store."""
    counts, templates = Counts(count, clock), _templates()

    async def page(request: Request, policy: str) -> Response:
        profile = services.knowledge.get(policy).profile  # one that is not there is answered with 404 by bot.app_errors
        found = await counts.of(profile.policy)
        if request.query_params.get("format") == "json":
            return JSONResponse(found.to_json(), headers=HEADERS)
        return HTMLResponse(_page(templates, profile, found), headers=HEADERS)

    # In front, because /p/{policy}/{version} would take the word for a version.
    app.router.routes.insert(0, APIRoute(PATH, page, methods=["GET"], include_in_schema=False, response_model=None))


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(templates: Environment, profile: "Profile", found: "Transparency") -> str:
    years = [
        {
            "year": year.year,
            "is_over": year.is_over,
            "received": year.received.text,
            "rights": [(RIGHT_WORDS[right], count.text, count.value is None) for right, count in year.rights.items()],
        }
        for year in found.years
    ]
    return templates.get_template("transparency.html").render(
        profile=profile, years=years, as_of=day_in_words(found.as_of), home="/"
    )
