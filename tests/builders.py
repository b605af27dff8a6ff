"""Ready-made things for tests: turns, clients, sessions, processes of the product."""

from __future__ import annotations

import itertools
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.desk import Turn
from bot.intake import take

PROJECT = Path(__file__).resolve().parent.parent
HOST = "http://desk.example.org"
_numbers = itertools.count(1)


def fresh_id(prefix: str = "m") -> str:
    """An id that no other message of this run has."""
    return f"{prefix}-{next(_numbers)}"


def fresh_conversation() -> str:
    """A conversation that nobody has spoken in."""
    return f"test:{secrets.token_hex(8)}"


def typed(text: str, conversation: str | None = None, policy: str = "klasso", message_id: str | None = None) -> Turn:
    """A typed message as a channel hands it to the desk."""
    return Turn.typed(conversation or fresh_conversation(), policy, message_id or fresh_id(), take(text))


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
        return _only_reply(await self.post({"id": message_id or fresh_id(), "text": text}))

    async def press(self, button: dict[str, str], message_id: str | None = None) -> dict[str, Any]:
        """Press a button of an earlier reply; gives the one reply."""
        return _only_reply(await self.post({"id": message_id or fresh_id(), "button": button["token"]}))


def _only_reply(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    (reply,) = response.json()["replies"]
    return dict(reply)


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


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a process of the product: the project's built files, a database in that folder."""
    own = {"PRIVACY_DESK_DATABASE_URL": f"sqlite:///{folder / 'privacy-desk.db'}", "PYTHONPATH": str(PROJECT)}
    return {**os.environ, **own, **variables}


def bot_process(arguments: list[str], folder: Path, **variables: str) -> subprocess.Popen[str]:
    """`python -m bot …`, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=environment(folder, **variables),
    )
