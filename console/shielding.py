"""What holds for every answer and every body of the console, as ASGI middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import MutableHeaders

from console.access import STATIC_PATH
from console.rendering import NO_SCRIPTS
from console.uploading import Caps, counted

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 64 * 1024
TOO_LARGE = b"At most 64 KB can be sent at once. Go back: what you typed is still in the form."
MALFORMED = b"A request has either a length or chunks, not both."
HEADERS = {
    "Content-Security-Policy": NO_SCRIPTS,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms. No other site is told anything.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Robots-Tag": "noindex, nofollow",
}
TRANSPORT = "max-age=31536000"


class Headers:
    """Headers that every answer carries, unless it has its own; nothing but our own files is kept by a browser."""

    def __init__(self, app: App, is_https: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": TRANSPORT} if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them when the answer begins."""

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                is_file = scope["path"].startswith(f"{STATIC_PATH}/")
                headers["Cache-Control"] = "no-cache" if is_file else "no-store"
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """A body over 64 KB is answered with 413 as soon as that is known, whatever its head claims.

    uploads: where a form with a file may be larger; such a body is handed on as it comes (see console.uploading).
    """

    def __init__(self, app: App, largest: int = LARGEST_BODY, uploads: Caps | None = None) -> None:
        self._app = app
        self._largest = largest
        self._uploads = uploads or Caps()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body first, up to the cap; then hand it on."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        heads = dict(scope["headers"])
        declared = heads.get(b"content-length", b"0")
        if b"content-length" in heads and b"transfer-encoding" in heads:
            # Two framings: a proxy in front may read another message than we do (RFC 9112, 6.1).
            await _refuse(send, 400, MALFORMED)
            return
        if most := self._uploads.of(scope["path"], heads.get(b"content-type", b"").decode("latin-1")):
            await self._app(scope, counted(receive, most), send)
            return
        body = b"" if declared.isdigit() and len(declared) < 9 and int(declared) <= self._largest else None
        while body is not None:
            message = await receive()
            body += bytes(message.get("body", b""))
            if len(body) > self._largest:
                body = None
            elif message["type"] == "http.disconnect" or not message.get("more_body"):
                break
        if body is None:
            await _refuse(send, 413, TOO_LARGE)
            return
        await self._app(scope, _replayed(body, receive), send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_sent = False

    async def replay() -> dict[str, Any]:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(send: Send, status: int, text: bytes) -> None:
    # The rest of the body is not read, so the connection ends.
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
