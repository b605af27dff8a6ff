"""Caps that hold before anything is parsed: the size of a body, and the number of turns under way."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LARGEST_BODY = 16 * 1024
UNREAD = "/telegram/webhook"  # reads its body by itself, after it has checked who sends it
TOO_LARGE = f"At most {LARGEST_BODY // 1024} KB can be sent at once."
HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class BodyLimit:
    """ASGI middleware: a body over 16 KB is answered with 413 as soon as that is known, whatever its head claims."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body first, up to the cap; then hand it on."""
        if scope["type"] == "http" and {b"content-length", b"transfer-encoding"} <= {
            name for name, _ in scope["headers"]
        }:
            # Two framings: a proxy in front may read another message than we do (RFC 9112, 6.1); the connection ends.
            await refuse(send, 400, "malformed", "A request has either a length or chunks, not both.")
            return
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or scope["path"] == UNREAD:
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or len(declared) > 9 or int(declared) > self._largest:
            await refuse(send)
            return
        body = await self._read(receive)
        if body is None:
            await refuse(send)
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


async def refuse(
    send: Send, status: int = 413, code: str = "too_large", message: str = TOO_LARGE, retry_after: int = 0
) -> None:
    """Answer by ourselves, as cheaply as can be. retry_after: seconds, 0 for none."""
    told = {"error": {"code": code, "message": message}}
    # After a wait the same connection may be used; what else is refused here may go on with a body that nobody reads.
    more = (b"retry-after", str(retry_after).encode()) if retry_after else (b"connection", b"close")
    await send({"type": "http.response.start", "status": status, "headers": [*HEADERS, more]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})
