"""The cap on a body, whatever its head claims."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.limits import LARGEST_BODY, BodyLimit

pytestmark = pytest.mark.asyncio


class Inner:
    """The app behind the limit: remembers what it was given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def sent(chunks: list[bytes], headers: list[tuple[bytes, bytes]], method: str = "POST") -> tuple[int, Inner, int]:
    """The status, the inner app, and how many chunks were read."""
    inner, given, answered = Inner(), iter(chunks), []
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        chunk = next(given, None)
        if chunk is None:
            return {"type": "http.disconnect"}
        read += 1
        return {"type": "http.request", "body": chunk, "more_body": read < len(chunks)}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    scope = {"type": "http", "method": method, "path": "/api/messages", "headers": headers}
    await BodyLimit(inner)(scope, receive, send)
    if answered[0]["status"] != 200:
        assert (b"connection", b"close") in answered[0]["headers"]  # nobody reads what may still come
    if answered[0]["status"] == 413:
        assert json.loads(answered[1]["body"])["error"]["code"] == "too_large"
    return answered[0]["status"], inner, read


async def test_a_body_of_the_largest_size_passes_unchanged() -> None:
    body = bytes(range(256)) * (LARGEST_BODY // 256)
    status, inner, _ = await sent([body[:5000], b"", body[5000:]], [(b"content-length", str(LARGEST_BODY).encode())])
    assert status == 200 and inner.bodies == [body]


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"10")], [(b"transfer-encoding", b"chunked")]])
async def test_one_byte_more_is_refused_however_it_is_declared(headers: list[tuple[bytes, bytes]]) -> None:
    status, inner, _ = await sent([b"x" * LARGEST_BODY, b"x"], headers)
    assert status == 413 and inner.bodies == []


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    status, _, read = await sent([b"x" * 1024] * 100_000, [])
    assert status == 413 and read <= LARGEST_BODY // 1024 + 1


async def test_a_declared_size_is_enough_to_refuse() -> None:
    status, _, read = await sent([b"x"], [(b"content-length", str(LARGEST_BODY + 1).encode())])
    assert (status, read) == (413, 0)


@pytest.mark.parametrize(
    "length", [b"-1", b"+2", b"0_2", b"0x2", b"", b" 2", b"9" * 6000, "²".encode()], ids=lambda length: repr(length[:8])
)
async def test_a_length_that_is_no_number_is_refused(length: bytes) -> None:
    status, inner, _ = await sent([b"{}"], [(b"content-length", length)])
    assert status == 413 and inner.bodies == []


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_length_and_chunks_together_end_the_connection(method: str) -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"2")]
    status, inner, _ = await sent([b"{}"], headers, method)
    assert status == 400 and inner.bodies == []


async def test_a_read_without_a_body_is_not_touched() -> None:
    status, inner, _ = await sent([b""], [(b"content-length", b"-1")], method="GET")
    assert status == 200 and inner.bodies == [b""]
