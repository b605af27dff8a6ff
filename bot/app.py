"""The public HTTP app: the pages, the JSON API, health and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastapi_offline
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware

from bot.app_api import add_api, add_news
from bot.app_errors import add_errors
from bot.app_pages import add_health, add_mail_pages, add_pages, add_widget
from bot.limits import BodyLimit, Receive, Scope, Send
from bot.login import Logins
from bot.metrics import Metrics
from bot.origins import Origins
from bot.shedding import Gate, Shedding
from bot.web.pages import CONTENT_SECURITY_POLICY, STATIC, Pages

if TYPE_CHECKING:
    from bot.ballot import Ballot
    from bot.desk import Desk
    from bot.reception import Reception
    from bot.sessions import Sessions
    from bot.web_door import WebDoor
    from policies_kb.knowledge import KnowledgeBase, Policy
    from tickets.identity import Identity
    from tickets.mail import ReceivedMail
    from tickets.outbox import Outbox

STOPPING = 10.0  # seconds for the work beside the app to come to an end
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass
class Services:
    """What the app works with. mails: the demo mailbox, where no mail server is set."""

    desk: "Desk"
    reception: "Reception"
    identity: "Identity"
    door: "WebDoor"
    ballot: "Ballot"
    outbox: "Outbox"
    knowledge: "KnowledgeBase"
    sessions: "Sessions"
    pages: Pages
    welcome: "Callable[[Policy], str]"
    is_ready: Callable[[], bool]
    close: Callable[[], None]
    metrics: Metrics
    logins: Logins = field(default_factory=lambda: Logins({}))
    origins: Origins = field(default_factory=lambda: Origins({}))
    gate: Gate = field(default_factory=Gate)
    behind_proxy: bool = False
    mails: "Callable[[], Sequence[ReceivedMail]] | None" = None
    background: Callable[[asyncio.Event], Awaitable[None]] | None = None  # runs beside the app until the event is set
    more: Sequence[Callable[[FastAPI], None]] = ()  # what other channels add to the app
    kept_days: int = 30  # of a conversation, after its last message
    base_url: str = ""
    # A policy as that release served it, for answers that are opened again; None where it is not known.
    earlier: "Callable[[int, str], Policy | None]" = lambda number, policy: None


def create_app(services: Services) -> FastAPI:
    """The app, ready to be served."""
    app = FastAPI(
        title="Privacy Desk",
        description="Ask a privacy policy; answers are quotes of its clauses.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(services),
    )
    app.state.services = services
    _add_middleware(app, services)
    add_errors(app)
    add_pages(app, services)
    add_api(app, services)
    add_news(app, services)
    add_widget(app, services)
    add_mail_pages(app, services)
    add_health(app, services)
    for add in services.more:
        add(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/docs/static", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"), name="docs")
    return app


def _add_middleware(app: FastAPI, services: Services) -> None:
    """The one added last is the outermost: a page may read also what is refused before anything is looked at."""
    app.add_middleware(Shedding, gate=services.gate, metrics=services.metrics, behind_proxy=services.behind_proxy)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=services.origins.all,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
        expose_headers=["Retry-After"],
        max_age=600,
    )
    app.add_middleware(SecurityHeaders)


def _lifespan(services: Services) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        beside = asyncio.ensure_future(services.background(stop)) if services.background else None
        yield
        stop.set()
        await services.door.drain()
        await services.desk.drain()
        if beside is not None:
            await asyncio.wait([beside], timeout=STOPPING)
        services.close()

    return run


class SecurityHeaders:
    """Middleware: headers that every answer carries, unless it has its own."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them when the answer begins."""

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
