"""Caps that hold before anything is parsed: the size of a body, and the number of turns under way."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LARGEST_BODY = 16 * 1024
HEADERS = [(b"content-type", b"application/json"), (b"connection", b"close"), (b"cache-control", b"no-store")]


class BodyLimit:
    """ASGI middleware: a body over 16 KB is answered with 413 as soon as that is known, whatever its head claims."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body first, up to the cap; then hand it on."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > self._largest:
            await _refuse(send)
            return
        body = await self._read(receive)
        if body is None:
            await _refuse(send)
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        body: bytes = b""
        while True:
            message = await receive()
            body += bytes(message.get("body", b""))
            if len(body) > self._largest:
                return None
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


async def _refuse(send: Send) -> None:
    told = {"error": {"code": "too_large", "message": f"At most {LARGEST_BODY // 1024} KB can be sent at once."}}
    await send({"type": "http.response.start", "status": 413, "headers": HEADERS})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})
