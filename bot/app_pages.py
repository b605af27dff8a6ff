"""The pages for people: the front page, the policies, the widget's demo, stopping a request, the demo mailbox."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from prometheus_client import generate_latest
from starlette.exceptions import HTTPException

from bot.app_changes import add_changes, add_receipts
from bot.sessions import LONGEST_TOKEN
from bot.web.bundle import bundle, gzipped
from bot.web.pages import CONTENT_SECURITY_POLICY, STATIC, PolicyCard
from pii.redacted import Redacted
from policies_kb.knowledge import Policy

if TYPE_CHECKING:
    from bot.app import Services

JAVASCRIPT = "text/javascript; charset=utf-8"
EXAMPLES = (
    "What do you collect about me?",
    "How do I delete my account?",
    "Who gets my data?",
    "How long do you keep it?",
    "Do you record calls?",
)


def card_of(policy: Policy) -> PolicyCard:
    """What is shown of a policy."""
    profile, version = policy.profile, policy.current.version
    url = f"/p/{profile.policy}/{version}"
    return PolicyCard(profile.policy, profile.name, profile.about, version, url, profile.examples or EXAMPLES)


def add_pages(app: FastAPI, services: "Services") -> None:
    """The front page, the policies, the API's description."""

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def demo() -> str:
        cards = [card_of(services.knowledge.get(policy)) for policy in services.knowledge.ids]
        return services.pages.demo(cards, "", demo_mail=services.mails is not None, kept_days=services.kept_days)

    @app.get("/p/{policy}", include_in_schema=False)
    async def newest(policy: str) -> Response:
        return RedirectResponse(card_of(services.knowledge.get(policy)).url, 307)

    add_changes(app, services)  # before the versions: "changes" is none of them
    add_receipts(app, services)

    @app.get("/p/{policy}/{version}", response_class=HTMLResponse, include_in_schema=False)
    async def version(policy: str, version: str) -> str:
        found = services.knowledge.get(policy)
        if version not in found.versions:
            raise HTTPException(404, f"{found.profile.name} has no version of that name here.")
        return services.pages.policy(found.profile, found.versions[version], sorted(found.versions))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        # Swagger UI sets styles on elements; scripts stay limited to our own files.
        policy = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
        return FileResponse(
            STATIC / "docs.html",
            headers={"Content-Security-Policy": policy.replace("img-src 'self'", "img-src 'self' data:")},
        )


def add_widget(app: FastAPI, services: "Services") -> None:
    """The widget, for other sites to load, and a page that shows it."""
    script = bundle()
    squeezed, mark = gzipped(script), f'"{hashlib.sha256(script).hexdigest()[:32]}"'
    about = {
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",  # a script that says nothing about anybody
        "Cache-Control": "public, max-age=300",
        "ETag": mark,
        "Vary": "Accept-Encoding",
    }

    @app.get("/widget.js", include_in_schema=False)
    async def widget(request: Request) -> Response:
        if request.headers.get("if-none-match") == mark:
            return Response(status_code=304, headers=about)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(squeezed, media_type=JAVASCRIPT, headers=about | {"Content-Encoding": "gzip"})
        return Response(script, media_type=JAVASCRIPT, headers=about)

    @app.get("/demo/widget", response_class=HTMLResponse, include_in_schema=False)
    async def widget_demo() -> str:
        return services.pages.widget_demo(
            [card_of(services.knowledge.get(policy)) for policy in services.knowledge.ids]
        )


def add_mail_pages(app: FastAPI, services: "Services") -> None:
    """What mails lead to."""
    stopping = {"Content-Security-Policy": CONTENT_SECURITY_POLICY.replace("form-action 'none'", "form-action 'self'")}

    @app.get("/stop/{token}", response_class=HTMLResponse, include_in_schema=False)
    async def stop_page(token: str) -> HTMLResponse:
        # A mail scanner may open the link and run its scripts: looking changes nothing.
        found = await asyncio.to_thread(services.identity.look_at_stop, Redacted(token[:LONGEST_TOKEN]))
        page = services.pages.stop(found, done=False)
        return HTMLResponse(page, 200 if found else 404, stopping | {"Cache-Control": "no-store"})

    @app.post("/stop/{token}", response_class=HTMLResponse, include_in_schema=False)
    async def stop(token: str) -> HTMLResponse:
        now = services.reception.clock()
        found = await asyncio.to_thread(services.identity.stop, Redacted(token[:LONGEST_TOKEN]), now)
        services.door.wake_outbox()  # the word about it
        page = services.pages.stop(found, done=found is not None)
        return HTMLResponse(page, 200 if found else 404, stopping | {"Cache-Control": "no-store"})

    @app.get("/demo/mail", response_class=HTMLResponse, include_in_schema=False)
    async def demo_mail() -> HTMLResponse:
        if services.mails is None:
            raise HTTPException(404, "There is no demo mailbox: mails are sent by a mail server.")
        mails = await asyncio.to_thread(services.mails)
        return HTMLResponse(services.pages.mail(mails, services.base_url), headers={"Cache-Control": "no-store"})


def add_health(app: FastAPI, services: "Services") -> None:
    """For those who watch the process."""

    @app.get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def ready() -> JSONResponse:
        good = await asyncio.to_thread(services.is_ready)
        return JSONResponse({"status": "ready" if good else "not ready"}, 200 if good else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(services.metrics.registry), media_type="text/plain; version=0.0.4")
