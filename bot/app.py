"""The public HTTP app: the demo page, the policies' pages, the JSON API, health and metrics."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException

from bot import api_models as api
from bot.desk import Desk, Reply, Turn
from bot.intake import IntakeError, take
from bot.limits import BodyLimit
from bot.reception import Reception
from bot.sessions import LONGEST_TOKEN, Session, SessionError, Sessions
from bot.web.pages import CONTENT_SECURITY_POLICY, STATIC, Pages, PolicyCard
from pii.redacted import Redacted
from policies_kb.errors import UnknownPolicyError
from policies_kb.knowledge import KnowledgeBase, Policy
from tickets.errors import StoreError
from tickets.identity import Identity
from tickets.mail import ReceivedMail
from tickets.outbox import FeedMessage

STOPPING = 10.0  # seconds for the work beside the app to come to an end
MOST_REMEMBERED = 5_000  # replies kept for clients that try again
EXAMPLES = (
    "What do you collect about me?",
    "How do I delete my account?",
    "Who gets my data?",
    "How long do you keep it?",
    "Do you record calls?",
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass
class Metrics:
    """What /metrics shows; no label holds anything that a person typed."""

    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=True))

    def __post_init__(self) -> None:
        self.messages = Counter("desk_messages", "Messages answered", ["policy", "result"], registry=self.registry)
        self.answers = Counter("desk_answers", "Answers by kind", ["policy", "kind"], registry=self.registry)
        self.requests = Counter("desk_requests", "Requests filed", ["policy"], registry=self.registry)
        self.seconds = Histogram(
            "desk_reply_seconds",
            "Time to answer a message",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 8),
            registry=self.registry,
        )

    def count(self, policy: str, reply: Reply, seconds: float) -> None:
        """One answered message."""
        self.seconds.observe(seconds)
        self.messages.labels(policy, "failed" if reply.failed else "answered").inc()
        if reply.answer and not reply.request:
            self.answers.labels(policy, reply.answer["kind"]).inc()
        if reply.request and reply.request["created"]:
            self.requests.labels(policy).inc()


@dataclass
class Services:
    """What the app works with. mails: the demo mailbox, where no mail server is set."""

    desk: Desk
    reception: Reception
    identity: Identity
    feed: Callable[[str, int], Sequence[FeedMessage]]
    knowledge: KnowledgeBase
    sessions: Sessions
    pages: Pages
    welcome: Callable[[Policy], str]
    is_ready: Callable[[], bool]
    close: Callable[[], None]
    mails: Callable[[], Sequence[ReceivedMail]] | None = None
    background: Callable[[asyncio.Event], Awaitable[None]] | None = None  # runs beside the app until the event is set
    kept_days: int = 30  # of a conversation, after its last message
    base_url: str = ""
    wake: Callable[[], None] = lambda: None  # a message was answered: there may be something to send
    metrics: Metrics = field(default_factory=Metrics)
    mark_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    # (conversation, client's message id) -> mark of what was sent, and the reply under way or given
    remembered: "OrderedDict[tuple[str, str], tuple[str, asyncio.Future[api.RepliesModel]]]" = field(
        default_factory=OrderedDict
    )

    def content_mark(self, text: str) -> str:
        """Tells one message from another without keeping it: texts may hold an address or a code."""
        return hashlib.sha256(self.mark_key + text.encode("utf-8", "surrogatepass")).hexdigest()

    def forget(self, conversation: str) -> None:
        """Drop what is remembered for clients that try again. A reply under way is that of the forgetting itself."""
        for key in [key for key in self.remembered if key[0] == conversation]:
            if self.remembered[key][1].done():
                del self.remembered[key]


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
    app.add_middleware(BodyLimit)
    app.middleware("http")(_with_security_headers)
    _add_errors(app)
    _add_pages(app, services)
    _add_api(app, services)
    _add_news(app, services)
    _add_mail_pages(app, services)
    _add_health(app, services)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/docs/static", StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"), name="docs")
    return app


def _lifespan(services: Services) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        beside = asyncio.ensure_future(services.background(stop)) if services.background else None
        yield
        await services.desk.drain()
        stop.set()
        if beside is not None:
            await asyncio.wait([beside], timeout=STOPPING)
        services.close()

    return run


async def _with_security_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/api"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer would repeat what was sent.
        places = sorted({".".join(str(part) for part in entry["loc"][1:]) or "body" for entry in error.errors()})
        return _error(
            422, "malformed", f"The request is not as described under /docs; look at: {', '.join(places)[:200]}."
        )

    @app.exception_handler(IntakeError)
    async def not_taken(request: Request, error: IntakeError) -> JSONResponse:
        return _error(413 if error.code == "too_long" else 422, error.code, str(error))

    @app.exception_handler(SessionError)
    async def no_session(request: Request, error: SessionError) -> JSONResponse:
        return _error(403 if error.code == "button_invalid" else 401, error.code, str(error))

    @app.exception_handler(UnknownPolicyError)
    async def no_policy(request: Request, error: UnknownPolicyError) -> JSONResponse:
        return _error(404, "unknown_policy", "There is no such policy here; GET /api/policies lists them.")

    @app.exception_handler(StoreError)
    async def no_store(request: Request, error: StoreError) -> JSONResponse:
        return _error(503, "store_down", "The database cannot be reached just now. Please try again in a minute.")

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # FastAPI's answer to a body that is no text at all, or nested without end
            return _error(422, "malformed", "The body is not JSON.")
        return _error(error.status_code, "not_found" if error.status_code == 404 else "refused", str(error.detail))


def _card(policy: Policy) -> PolicyCard:
    profile, version = policy.profile, policy.current.version
    url = f"/p/{profile.policy}/{version}"
    return PolicyCard(profile.policy, profile.name, profile.about, version, url, profile.examples or EXAMPLES)


def _add_pages(app: FastAPI, services: Services) -> None:
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def demo() -> str:
        cards = [_card(services.knowledge.get(policy)) for policy in services.knowledge.ids]
        return services.pages.demo(cards, "", demo_mail=services.mails is not None, kept_days=services.kept_days)

    @app.get("/p/{policy}", include_in_schema=False)
    async def newest(policy: str) -> Response:
        return RedirectResponse(_card(services.knowledge.get(policy)).url, 307)

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


def _add_api(app: FastAPI, services: Services) -> None:
    errors: dict[int | str, dict[str, Any]] = {
        code: {"model": api.ErrorsModel} for code in (401, 403, 404, 409, 413, 422)
    }

    @app.get("/api/policies", response_model=api.PoliciesModel)
    async def policies() -> dict[str, Any]:
        """The policies that can be asked about."""
        return {"policies": [vars(_card(services.knowledge.get(policy))) for policy in services.knowledge.ids]}

    @app.post("/api/sessions", response_model=api.SessionModel, status_code=201, responses=errors)
    async def open_session(wanted: api.OpenSessionModel) -> dict[str, Any]:
        """Begin a conversation about one policy. The server mints its id; nothing a client says can choose it."""
        policy = services.knowledge.get(wanted.policy)
        session, token = services.sessions.open(wanted.policy)
        welcome = {"id": "welcome", "text": services.welcome(policy)}
        return {"token": token, "policy": vars(_card(policy)), "messages": [welcome]}

    @app.post("/api/messages", response_model=api.RepliesModel, responses=errors)
    async def send(sent: api.SendModel, authorization: str = Header("", max_length=1200)) -> api.RepliesModel:
        """Send a message and get its reply. The same id again gives the same reply, and nothing is done twice."""
        session = services.sessions.read(authorization.removeprefix("Bearer ").strip())
        services.knowledge.get(session.policy)
        payload = services.sessions.pressed(session, sent.button) if sent.button is not None else ""
        content = services.content_mark(payload or _checked(sent.text or ""))
        key = (session.conversation, sent.id)
        if key not in services.remembered:
            answering = _answered(services, session, sent, payload)
            services.remembered[key] = (content, asyncio.ensure_future(answering))
            while len(services.remembered) > MOST_REMEMBERED:
                services.remembered.popitem(last=False)
        before, reply = services.remembered[key]
        if before != content:
            raise HTTPException(409, "This id was used for another message. A new message needs a new id.")
        try:
            return await asyncio.shield(reply)
        except Exception:
            services.remembered.pop(key, None)  # trying again may help
            raise


def _checked(text: str) -> str:
    """The text, if it can be taken at all; raises IntakeError."""
    take(text)
    return text


async def _answered(services: Services, session: Session, sent: api.SendModel, payload: str) -> api.RepliesModel:
    started = time.perf_counter()
    turn = (
        Turn.of_button(session.conversation, session.policy, sent.id, payload)
        if payload
        else await services.reception.typed(session.conversation, session.policy, sent.id, sent.text or "")
    )
    reply = await services.desk.reply(turn)
    services.wake()
    services.metrics.count(session.policy, reply, time.perf_counter() - started)
    if reply.failed:
        services.remembered.pop((session.conversation, turn.message_id), None)  # trying again may help
    return api.RepliesModel(id=turn.message_id, replies=[_message(services, session, turn.message_id, reply)])


def _message(services: Services, session: Session, message_id: str, reply: Reply) -> api.MessageModel:
    return api.MessageModel(
        id=f"{message_id}-1",
        text=reply.text,
        answer=api.AnswerModel(**reply.answer) if reply.answer else None,
        more_answers=[api.AnswerModel(**answer) for answer in reply.more_answers],
        request=api.RequestModel(**reply.request) if reply.request else None,
        letter=reply.letter,
        closing=reply.closing,
        kind=reply.kind,
        buttons=[
            api.ButtonModel(title=button.title, token=services.sessions.button(session, button.payload))
            for button in reply.buttons
        ],
    )


def _add_news(app: FastAPI, services: Services) -> None:
    @app.get("/api/messages", response_model=api.FeedModel, responses={401: {"model": api.ErrorsModel}})
    async def news(
        after: int = Query(0, ge=0, le=2**62), authorization: str = Header("", max_length=1200)
    ) -> dict[str, Any]:
        """What the support team wrote to this conversation since, and what became of its requests."""
        session = services.sessions.read(authorization.removeprefix("Bearer ").strip())
        found = await asyncio.to_thread(services.feed, session.conversation, after)
        messages = [{"sequence": one.sequence, "at": one.at.isoformat(), "text": one.text} for one in found]
        return {"messages": messages, "next": max((one.sequence for one in found), default=after)}


def _add_mail_pages(app: FastAPI, services: Services) -> None:
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
        page = services.pages.stop(found, done=found is not None)
        return HTMLResponse(page, 200 if found else 404, stopping | {"Cache-Control": "no-store"})

    @app.get("/demo/mail", response_class=HTMLResponse, include_in_schema=False)
    async def demo_mail() -> HTMLResponse:
        if services.mails is None:
            raise HTTPException(404, "There is no demo mailbox: mails are sent by a mail server.")
        mails = await asyncio.to_thread(services.mails)
        return HTMLResponse(services.pages.mail(mails, services.base_url), headers={"Cache-Control": "no-store"})


def _add_health(app: FastAPI, services: Services) -> None:
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
