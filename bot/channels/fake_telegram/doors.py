"""The world over HTTP: POST /test/<what> with JSON arguments, GET /test/<what to see>. For tests and for the page.

    curl -s localhost:8081/test/new_person -H 'Content-Type: application/json' -d '{"name": "Ann"}'
    curl -s localhost:8081/test/say -H 'Content-Type: application/json' -d '{"chat": 5123456789, "text": "Hello"}'
    curl -s 'localhost:8081/test/messages?chat=5123456789'

A body that is not declared as JSON is refused: that keeps other sites' pages from acting here in a browser.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.fake_telegram.parameters import LARGEST_BODY
from bot.channels.fake_telegram.people import Message
from bot.channels.fake_telegram.world import World

ACTS = frozenset(
    {"new_person", "new_group", "start", "say", "say_in_group", "send_photo", "send_voice", "send_contact", "send"}
    | {"edit", "press", "block", "unblock", "push", "fail_next", "drop_responses", "revoke_token", "redeliver"}
)


def door_routes(world: World) -> list[Route]:
    """The routes under /test/."""
    views = _views(world)

    async def look(request: Request) -> Response:
        name = request.path_params["what"]
        if name not in views:
            return _wrong(404, f"nothing to see under {name}")
        try:
            return JSONResponse(views[name](request))
        except (LookupError, ValueError) as error:
            return _wrong(400, _words_of(error))

    async def act(request: Request) -> Response:
        name = request.path_params["what"]
        if request.headers.get("Content-Type", "").split(";")[0].strip().lower() != "application/json":
            return _wrong(415, "the arguments have to be JSON")
        try:
            return JSONResponse({"result": _act(world, name, await _arguments(request))})
        except (LookupError, ValueError, TypeError) as error:
            return _wrong(400, _words_of(error))

    return [
        Route("/test/{what}", look, methods=["GET"]),
        Route("/test/{what}", act, methods=["POST"]),
    ]


def _views(world: World) -> dict[str, Callable[[Request], Any]]:
    return {
        "messages": lambda request: [view(message) for message in world.messages(int(request.query_params["chat"]))],
        "history": lambda request: [view(message) for message in world.history(int(request.query_params["chat"]))],
        "pending": lambda request: [update.wire for update in world.pending()],
        "unanswered": lambda request: [press.id for press in world.unanswered()],
        "calls": lambda request: world.calls,
    }


def _act(world: World, name: str, arguments: dict[str, Any]) -> Any:
    """Raises LookupError, ValueError or TypeError for what cannot be done."""
    if name == "down":
        world.down = bool(arguments.get("is_down", True))
        return None
    if name == "well":
        world.faults.clear()
        world.changed()
        return None
    if name not in ACTS:
        raise LookupError(f"nobody can do {name}")
    return getattr(world, name)(**arguments)


async def _arguments(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ValueError("too much")
    read = json.loads(body or b"{}")
    if not isinstance(read, dict):
        raise ValueError("the arguments have to be an object")
    return read


def view(message: Message) -> dict[str, Any]:
    """A message as tests and the page see it."""
    replied = message.reply_to
    return {
        "id": message.id,
        "from": None if message.author is None else message.author.id,
        "name": "" if message.author is None else message.author.name,
        "date": message.date,
        "edited": message.edited,
        "text": message.text,
        "entities": message.entities,
        "content": message.content,
        "buttons": [[vars(button) for button in row] for row in message.buttons],
        "reply_to": None if replied is None else {"id": replied.id, "text": replied.text[:200]},
    }


def _wrong(status: int, words: str) -> Response:
    return JSONResponse({"error": words}, status)


def _words_of(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
