"""The page at /: the pretend Telegram as a person sees it. State comes whole, whenever something has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.fake_telegram.doors import view
from bot.channels.fake_telegram.people import Chat
from bot.channels.fake_telegram.world import World

STATIC = Path(__file__).parent / "static"
LONGEST_WAIT = 25.0  # seconds of the wall clock, for one look of the page
SHOWN_MESSAGES = 200  # of one chat
SHOWN_CHATS = 50
SHOWN_PRESSES = 20
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/static/chat.css": ("chat.css", "text/css; charset=utf-8"),
    "/static/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
    "/static/bubbles.js": ("bubbles.js", "text/javascript; charset=utf-8"),
    "/static/entities.js": ("entities.js", "text/javascript; charset=utf-8"),
    "/static/server.js": ("server.js", "text/javascript; charset=utf-8"),
    "/static/bot.svg": ("bot.svg", "image/svg+xml"),
}


def page_routes(world: World) -> list[Route]:
    """The page, its files, and /page/state: what is so now, as soon as it is other than the page knows."""

    async def state(request: Request) -> Response:
        seen = (request.query_params.get("id"), request.query_params.get("version"))
        event = world.bell.listen()
        try:
            if seen == (world.id, str(world.version)):
                await world.bell.wait(event, LONGEST_WAIT)
        finally:
            world.bell.leave(event)
        return JSONResponse(snapshot(world), headers=HEADERS)

    return [Route("/page/state", state), *(_file_route(path, *of) for path, of in FILES.items())]


def _file_route(path: str, name: str, kind: str) -> Route:
    async def serve(_: Request) -> Response:
        return Response((STATIC / name).read_bytes(), media_type=None, headers={**HEADERS, "Content-Type": kind})

    return Route(path, serve)


def snapshot(world: World) -> dict[str, Any]:
    """The world as the page shows it."""
    with world.lock:
        chats = sorted(world.chats.values(), key=_latest)[-SHOWN_CHATS:]
        return {
            "id": world.id,
            "version": world.version,
            "bot": {**world.bot, "description": world.descriptions.get(("description", ""), "")},
            "is_heard": "getupdates" in world.calls or "setwebhook" in world.calls,
            "waiting": len(world.pending()),
            "people": [{"id": person.id, "name": person.name} for person in world.people.values()],
            "chats": [_chat(world, chat) for chat in chats],
        }


def _latest(chat: Chat) -> int:
    return chat.messages[-1].id if chat.messages else 0


def _chat(world: World, chat: Chat) -> dict[str, Any]:
    presses = [press for press in world.presses.values() if press.message.chat is chat][-SHOWN_PRESSES:]
    until = chat.typing_until
    return {
        "id": chat.id,
        "title": chat.title,
        "is_group": chat.is_group,
        "members": [{"id": person.id, "name": person.name} for person in chat.members],
        "has_started": chat.is_group or chat.members[0].has_started,
        "has_blocked": not chat.is_group and chat.members[0].has_blocked,
        "typing_for": 0 if until is None else max(0.0, (until - world.pace.now()).total_seconds() / world.pace.speed),
        "commands": _commands(world, chat),
        "messages": [view(message) for message in list(chat.messages)[-SHOWN_MESSAGES:]],
        "presses": [
            {"id": press.id, "message": press.message.id, "answer": vars(press.answer) if press.answer else None}
            for press in presses
        ],
    }


def _commands(world: World, chat: Chat) -> list[dict[str, Any]]:
    """The narrowest list that the bot has set for such a chat, as the app chooses it."""
    kinds = (f"chat:{chat.id}", "all_group_chats" if chat.is_group else "all_private_chats", "default")
    for kind in kinds:
        for language in ("en", ""):
            if (kind, language) in world.commands:
                return world.commands[kind, language]
    return []
