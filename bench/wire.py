"""A lean HTTP client over kept connections, so that a load on one core can fill the server on the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

TIMEOUT = 30.0  # seconds for one answer


@dataclass(frozen=True)
class Answer:
    """status: 0 if the connection failed. retry_after: seconds, 0 if none was named."""

    status: int
    retry_after: int
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


FAILED = Answer(0, 0, b"")


class Caller:
    """One who calls a server under an address of their own, over one connection at a time. token: of a session."""

    def __init__(self, port: int, address: str = "", token: str = "") -> None:
        self._port = port
        self._address = address
        self.token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self, policy: str) -> Answer:
        """Begin a conversation, if the server lets us."""
        answer = await self.post("/api/sessions", {"policy": policy})
        if answer.status == 201:
            self.token = answer.json()["token"]
        return answer

    async def say(self, name: str, text: str) -> Answer:
        """Send one message."""
        return await self.post("/api/messages", {"id": name, "text": text})

    async def post(self, path: str, sent: dict[str, str]) -> Answer:
        """Send JSON; FAILED where the connection could not be made, broke, or took too long."""
        return await self._call("POST", path, json.dumps(sent).encode())

    async def get(self, path: str) -> Answer:
        """Read something."""
        return await self._call("GET", path, b"")

    async def _call(self, method: str, path: str, body: bytes) -> Answer:
        try:
            return await asyncio.wait_for(self._spoken(self._head(method, path, len(body)) + body), TIMEOUT)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError):
            self.hang_up()
            return FAILED

    def hang_up(self) -> None:
        """End the connection."""
        if self._streams is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._streams[1].close()
            self._streams = None

    def _head(self, method: str, path: str, length: int) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
        lines += [f"X-Forwarded-For: {self._address}"] if self._address else []
        lines += [f"Authorization: Bearer {self.token}"] if self.token else []
        return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()

    async def _spoken(self, sent: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
        if "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            body = await _chunks(reader)
        else:
            body = b""
        if headers.get("connection") == "close":
            self.hang_up()
        return Answer(int(head.split(" ", 2)[1]), int(headers.get("retry-after", 0)), body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body
