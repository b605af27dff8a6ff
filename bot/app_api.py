"""The JSON API of the front page, the widget and programs: conversations, messages, events, votes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import anyio
from fastapi import FastAPI, Header, Query, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from bot import api_models as api
from bot.app_pages import card_of
from bot.sessions import PolicyGoneError, Session, SessionError
from bot.web_door import REPLY, BusyError
from tickets.errors import StoreError

if TYPE_CHECKING:
    from bot.app import Services
    from tickets.outbox import FeedMessage

MOST_STREAMS = 1_000
MOST_STREAMS_OF_ONE = 6  # tabs with one conversation
HEARTBEAT = 15  # seconds
LOOK_SECONDS = 15.0  # what another process wrote is found by looking
LONGEST_HEADER = 1_200


def add_api(app: FastAPI, services: "Services") -> None:
    """Conversations and messages."""
    errors: dict[int | str, dict[str, Any]] = {
        code: {"model": api.ErrorsModel} for code in (401, 403, 404, 409, 410, 413, 422, 429, 503)
    }

    @app.get("/api/policies", response_model=api.PoliciesModel)
    async def policies() -> dict[str, Any]:
        """The policies that can be asked about."""
        return {"policies": [vars(card_of(services.knowledge.get(policy))) for policy in services.knowledge.ids]}

    @app.post("/api/sessions", response_model=api.SessionModel, status_code=201, responses=errors)
    async def open_session(request: Request, wanted: api.OpenSessionModel) -> dict[str, Any]:
        """Begin a conversation about one policy, or go on with one. The server mints its id; no client can choose it.

        login: a token by which the company's site vouches for an account (see docs/widget.md).
        """
        policy = services.knowledge.get(wanted.policy)
        check_origin(services, request, wanted.policy)
        now = services.reception.clock()
        login = services.logins.read(wanted.policy, wanted.login, now) if wanted.login else None
        before = _resumed(services, wanted.resume)
        session, token = services.sessions.open(wanted.policy, login, before)
        return {
            "token": token,
            "policy": vars(card_of(policy)),
            "messages": [{"id": "welcome", "text": services.welcome(policy)}],
            "resumed": before is not None and before.conversation == session.conversation,
            "logged_in": bool(session.account(now)),
        }

    @app.post("/api/messages", response_model=api.RepliesModel, responses=errors)
    async def send(
        request: Request, sent: api.SendModel, authorization: str = Header("", max_length=LONGEST_HEADER)
    ) -> api.RepliesModel:
        """Send a message and get its reply. The same id again gives the same reply, and nothing is done twice."""
        session = session_of(services, request, authorization)
        if session.policy not in services.knowledge.ids:
            raise PolicyGoneError(session.policy)
        return await services.door.post(session, sent)

    @app.post("/api/votes", status_code=204, responses=errors)
    async def vote(
        request: Request, cast: api.VoteModel, authorization: str = Header("", max_length=LONGEST_HEADER)
    ) -> Response:
        """Was the answer to that message right? A second vote on it replaces the first."""
        session = session_of(services, request, authorization)
        if not await services.ballot.cast(session, cast):
            raise HTTPException(404, "There is no such answer in this conversation.")
        return Response(status_code=204)


def add_news(app: FastAPI, services: "Services") -> None:
    """What comes without being asked for."""

    @app.get("/api/messages", response_model=api.FeedModel, responses={401: {"model": api.ErrorsModel}})
    async def news(
        request: Request,
        after: int = Query(0, ge=0, le=2**62),
        authorization: str = Header("", max_length=LONGEST_HEADER),
    ) -> dict[str, Any]:
        """What the support team wrote to this conversation since, and what became of its requests."""
        session = session_of(services, request, authorization)
        found = await asyncio.to_thread(services.outbox.feed, session.conversation, after)
        written = [one for one in found if one.kind != REPLY]
        messages = [{"sequence": one.sequence, "at": one.at.isoformat(), "text": one.text} for one in written]
        return {"messages": messages, "next": max((one.sequence for one in found), default=after)}

    @app.get("/api/events", responses={401: {"model": api.ErrorsModel}})
    async def events(
        request: Request,
        after: int = Query(0, ge=0, le=2**62),
        authorization: str = Header("", max_length=LONGEST_HEADER),
        last_event_id: str = Header("", max_length=20),
    ) -> EventSourceResponse:
        """The same as a stream of server-sent events, with every reply; after a cut it goes on after Last-Event-ID."""
        session = session_of(services, request, authorization)
        bells = services.door.bells
        if bells.listeners() >= MOST_STREAMS or bells.listeners(session.conversation) >= MOST_STREAMS_OF_ONE:
            raise BusyError
        begin = int(last_event_id) if last_event_id.isdecimal() else after
        closing = anyio.Event()
        return EventSourceResponse(
            _stream(services, session, begin, closing),
            ping=HEARTBEAT,
            send_timeout=30,
            shutdown_event=closing,
            shutdown_grace_period=2,
        )


async def _stream(
    services: "Services", session: Session, after: int, closing: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    with services.door.bells.listening(session.conversation) as bell:
        while not closing.is_set():
            bell.clear()
            try:
                found = await asyncio.to_thread(services.outbox.feed, session.conversation, after)
            except StoreError:
                found = ()  # the stream outlives a database that is away for a while
            for one in found:
                after = one.sequence
                yield _event(one)
            if not found:
                await _rung(bell, closing)
    yield ServerSentEvent(event="bye", data="")  # the server stops: the client comes again


async def _rung(bell: asyncio.Event, closing: anyio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (bell, closing)]
    try:
        await asyncio.wait(waits, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _event(one: "FeedMessage") -> ServerSentEvent:
    if one.kind == REPLY:
        return ServerSentEvent(event="reply", id=str(one.sequence), data=one.text)
    news = api.NewsModel(sequence=one.sequence, at=one.at.isoformat(), text=one.text)
    return ServerSentEvent(event="news", id=str(one.sequence), data=news.json())


def session_of(services: "Services", request: Request, authorization: str) -> Session:
    """Whose call this is; what becomes of requests is told also where the policy is not answered any more.

    Raises SessionError, OriginError.
    """
    session = services.sessions.read(authorization.removeprefix("Bearer ").strip())
    check_origin(services, request, session.policy)
    return session


def check_origin(services: "Services", request: Request, policy: str) -> None:
    """Raise OriginError for a page of a site that the operator has not named for this policy."""
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if origin not in (f"http://{host}", f"https://{host}"):
        services.origins.check(origin, policy)


def _resumed(services: "Services", token: str | None) -> Session | None:
    """The conversation to go on with; a token that is no good any more begins a new one."""
    try:
        return services.sessions.read(token) if token else None
    except SessionError:
        return None
