"""Conversations over HTTP, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from builders import HOST, MOST_STEPS, WISH, answer_to, fresh_address, fresh_id, only_reply, said_in

from bot.buckets import Buckets, Rate
from bot.launch import make_app


def app_over(settings: Any, parts: Any, desk: Any) -> Any:
    """The public app with another desk, whose agent may be a stand-in that has no domain."""
    if not hasattr(desk.agent, "domain"):
        desk.agent.domain = parts.desk.agent.domain
    return make_app(settings, replace(parts, desk=desk))


@dataclass
class Chat:
    """One conversation over HTTP."""

    http: httpx.AsyncClient
    token: str

    async def post(self, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Send a body as it is, with this conversation's token."""
        return await self.http.post(
            "/api/messages", json=body, headers={"Authorization": f"Bearer {self.token}", **headers}
        )

    async def say(self, text: str, message_id: str | None = None) -> dict[str, Any]:
        """Type a text; gives the one reply."""
        return only_reply(await self.post({"id": message_id or fresh_id(), "text": text}))

    async def press(self, button: dict[str, str], message_id: str | None = None) -> dict[str, Any]:
        """Press a button of an earlier reply; gives the one reply."""
        return only_reply(await self.post({"id": message_id or fresh_id(), "button": button["token"]}))

    async def until_asked(self, words: str, wish: str = WISH, address: str = "") -> dict[str, Any]:
        """Say a wish and go on until the desk says these words; gives that reply."""
        reply = await self.say(wish)
        for _ in range(MOST_STEPS):
            if words in said_in(reply):
                return reply
            reply = await self.say(answer_to(said_in(reply), address or fresh_address()))
        raise AssertionError(f"the desk never said {words!r}, but {said_in(reply)!r}")

    async def confirming(self, wish: str = WISH, address: str = "") -> dict[str, Any]:
        """Come as far as the summary: the next yes files."""
        return await self.until_asked("Is that right?", wish, address)

    async def file(self, wish: str = WISH, address: str = "", message_id: str | None = None) -> dict[str, Any]:
        """The whole way: wish, offer, account, details, summary, receipt. message_id: that of the last yes."""
        await self.confirming(wish, address)
        return await self.say("yes", message_id)


@asynccontextmanager
async def client_of(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app without a network. An exception that leaves the app is a 500, as with a real server."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
        yield client


async def open_chat(http: httpx.AsyncClient, policy: str = "klasso") -> Chat:
    """A new conversation."""
    opened = await http.post("/api/sessions", json={"policy": policy})
    assert opened.status_code == 201, opened.text
    return Chat(http, opened.json()["token"])


def without_limits(app: Any) -> None:
    """Let anybody come as often as they like: for tests of what is behind the limits."""
    endless = Rate(burst=1_000_000, every=0.000_001)
    gate = app.state.services.gate
    gate.conversations, gate.addresses, gate.openings, gate.all = (Buckets(endless) for _ in range(4))


def error_of(response: httpx.Response) -> str:
    """The code of an error; its body must have the one shape that is promised."""
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message"}, body
    assert body["error"]["message"].strip() and response.headers["content-type"] == "application/json"
    return str(body["error"]["code"])


@asynccontextmanager
async def chatting(app: Any, policy: str = "klasso") -> AsyncIterator[Chat]:
    """A client with a conversation."""
    async with client_of(app) as http:
        yield await open_chat(http, policy)


def conversation_of(app: Any, chat: Chat) -> str:
    """The id behind a conversation's token."""
    return str(app.state.services.sessions.read(chat.token).conversation)


def filed_by(app: Any, parts: Any, chat: Chat) -> list[Any]:
    """What lies in the store for that conversation, newest first."""
    return list(parts.requests.status_of(conversation_of(app, chat)))
