"""The HTTP app: the Bot API under /bot<token>/, the world under /test/ for tests, and the page at /."""

from __future__ import annotations

import hmac
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.fake_telegram.doors import door_routes
from bot.channels.fake_telegram.methods import Methods
from bot.channels.fake_telegram.page import page_routes
from bot.channels.fake_telegram.parameters import LARGEST_BODY, Parameters
from bot.channels.fake_telegram.refusals import Refusal
from bot.channels.fake_telegram.state import TOKEN_FORM
from bot.channels.fake_telegram.webhook import Postman
from bot.channels.fake_telegram.world import World

_WORDS = {"setwebhook": "Webhook was set", "deletewebhook": "Webhook was deleted"}


def make_fake(world: World, *, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """An app that serves this world.

    transport: carries updates to the webhook in place of the network, such as httpx.ASGITransport(the bot's app).
    """
    postman = Postman(world, transport)
    methods = Methods(world, postman)

    async def call(request: Request) -> Response:
        try:
            _check_token(request.path_params["token"], world.token)
            method = request.path_params["method"]
            result = await methods.call(method, await _parameters(request))
            await _held_back(world, world.faults.silence_after(method))
        except Refusal as refusal:
            return _refused(refusal)
        words = _WORDS.get(method.lower())
        return JSONResponse({"ok": True, "result": result, **({"description": words} if words else {})})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await postman.stop()

    api = Route("/bot{token}/{method}", call, methods=["GET", "POST"])
    routes = [api, *door_routes(world), *page_routes(world)]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: _not_found})


class FakeServer(uvicorn.Server):
    """Serves a world, and when it ends lets go of the bot and of the pages that wait for news."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        """config: how to serve the app of this world."""
        super().__init__(config)
        self._world = world

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, after nobody waits any more."""
        self._world.end()
        await super().shutdown(sockets)


def make_server(world: World, host: str = "127.0.0.1", port: int = 8081) -> FakeServer:
    """A server of its own: `run()` it, or await `serve()`. It writes no access lines: they would carry the token."""
    config = uvicorn.Config(
        make_fake(world),
        host=host,
        port=port,
        http="h11",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return FakeServer(config, world)


def _check_token(token: str, right: str) -> None:
    """Raises Refusal: 404 for what is no token, 401 for one that is not valid (any more)."""
    if not TOKEN_FORM.fullmatch(token):
        raise Refusal(404, "Not Found")
    if not hmac.compare_digest(token.encode(), right.encode()):
        raise Refusal(401, "Unauthorized")


async def _parameters(request: Request) -> Parameters:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "Request Entity Too Large")
    return Parameters.read(request.url.query, request.headers.get("Content-Type", ""), body)


async def _held_back(world: World, seconds: float) -> None:
    if seconds > 0:
        await world.until(lambda: world.is_over, world.pace.real(seconds))


def _refused(refusal: Refusal) -> Response:
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else None
    return JSONResponse(refusal.wire(), refusal.status, headers)


async def _not_found(_: Request, __: Exception) -> Response:
    return _refused(Refusal(404, "Not Found"))
