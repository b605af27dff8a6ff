"""Whatever comes in over HTTP, well formed or not: told in one shape, never repeated, never a crash."""

from __future__ import annotations

import json
import random
import string
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chatting import chatting, error_of, filed_by, without_limits

from bot.launch import Parts

pytestmark = pytest.mark.asyncio
MESSAGES = "/api/messages"


CANARY = "canary-7f3a"
MALFORMED: dict[str, Any] = {
    "no object": [CANARY],
    "a string": CANARY,
    "null": None,
    "nothing": {},
    "no id": {"text": CANARY},
    "an id that is a number": {"id": {"n": CANARY}, "text": CANARY},
    "an id with a space": {"id": f"{CANARY} x", "text": "hi"},
    "an id too long": {"id": CANARY * 20, "text": "hi"},
    "an empty id": {"id": "", "text": "hi"},
    "a text that is a number": {"id": "1", "text": 5},
    "a text that is true": {"id": "1", "text": True},
    "an id that is a plain number": {"id": 5, "text": CANARY},
    "a button that is a number": {"id": "1", "button": 5},
    "a text that is a list": {"id": "1", "text": [CANARY]},
    "a text that is an object": {"id": "1", "text": {CANARY: CANARY}},
    "a button that is a list": {"id": "1", "button": [CANARY]},
    "neither text nor button": {"id": "1"},
    "an empty text": {"id": "1", "text": ""},
    "a text of white space": {"id": "1", "text": " \n\t "},
    "a text of slashes": {"id": "1", "text": " / / "},
    "a button too long": {"id": "1", "button": CANARY * 200},
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_message_is_told_without_repeating_it(app: Any, body: Any) -> None:
    async with chatting(app) as chat:
        response = await chat.post(body)
        assert response.status_code == 422 and error_of(response) in ("malformed", "empty")
        assert CANARY not in response.text


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"not json",
        b'{"id": "1", "text": "canary-7f3a}',
        b"\xff\xfe\x00\x01canary-7f3a",
        bytes(range(256)),
        b'{"id": "1", "text": "\xc3\x28 canary-7f3a"}',
        b"[" * 5000,
        b'{"id": ' + b"1" * 5000 + b"}",
        b'{"id": "1", "text": NaN}',
        b"\x1f\x8b\x08\x00canary",
    ],
    ids=lambda raw: repr(raw[:12]),
)
@pytest.mark.parametrize("path", [MESSAGES, "/api/sessions"])
async def test_a_body_that_is_no_json_is_told(app: Any, raw: bytes, path: str) -> None:
    async with chatting(app) as chat:
        headers = {"Authorization": f"Bearer {chat.token}", "content-type": "application/json"}
        response = await chat.http.post(path, content=raw, headers=headers)
        assert response.status_code == 422, response.text
        assert error_of(response) == "malformed" and "canary" not in response.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_is_not_declared_as_json_is_refused(app: Any, parts: Parts, kind: str) -> None:
    """A page of another site can send these without being asked for permission."""
    async with chatting(app) as chat:
        headers = {"Authorization": f"Bearer {chat.token}", "content-type": kind}
        body = json.dumps({"id": "1", "text": "please delete my account"})
        response = await chat.http.post(MESSAGES, content=body, headers=headers)
        assert response.status_code == 422 and error_of(response) == "malformed"
        assert filed_by(app, parts, chat) == []


async def test_a_long_message_is_answered_and_a_longer_one_refused(app: Any) -> None:
    async with chatting(app) as chat:
        fits = await chat.post({"id": "1", "text": ("do you record calls? " * 200)[:4000]})
        assert fits.status_code == 200 and "first 1,000 characters" in fits.json()["replies"][0]["text"]
        over = await chat.post({"id": "2", "text": "a" * 4001})
        assert over.status_code == 413 and error_of(over) == "too_long"


async def test_a_body_over_sixteen_kilobytes_is_refused_however_it_comes(app: Any) -> None:
    big = json.dumps({"id": "1", "text": "a" * 17_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 1000):
            yield big[start : start + 1000]

    async with chatting(app) as chat:
        headers = {"Authorization": f"Bearer {chat.token}", "content-type": "application/json"}
        ways = [
            {"content": big},
            {"content": chunks()},
            {"content": big, "headers": headers | {"content-length": "10"}},
            {"content": b"{}", "headers": headers | {"content-length": "999999999999"}},
        ]
        for way in ways:
            response = await chat.http.post(MESSAGES, **{"headers": headers, **way})
            assert response.status_code == 413 and error_of(response) == "too_large"
            assert response.headers["x-content-type-options"] == "nosniff"


def fuzzed(shaken: random.Random, token: str) -> tuple[bytes, dict[str, str]]:
    """One hostile request: a good one with something wrong, or noise."""
    values = [None, 0, -1, 1.5, True, [], {}, "", "a", "/x", "\x00", "\ud800", "é" * 50, "x" * 4001, "9" * 400, [[[]]]]
    body: Any = {"id": f"f{shaken.randrange(10**9)}", "text": shaken.choice(["hi", "/request", "\u202e", "[email-1]"])}
    for _ in range(shaken.randrange(1, 4)):
        key = shaken.choice(
            ["id", "text", "button", "sender", "metadata", "".join(shaken.choices(string.printable, k=5))]
        )
        body[key] = shaken.choice(values)
    raw = json.dumps(shaken.choice([body, body, body, [body], shaken.choice(values)])).encode()
    damage = shaken.randrange(6)
    if damage == 0:
        place = shaken.randrange(len(raw))
        raw = raw[:place] + bytes([shaken.randrange(256)]) + raw[place + 1 :]
    elif damage == 1:
        raw = raw[: shaken.randrange(len(raw))]
    elif damage == 2:
        raw = shaken.randbytes(shaken.randrange(200))
    headers = {"content-type": shaken.choice(["application/json"] * 5 + ["text/plain", "application/json; charset=x"])}
    wrong = [f"Bearer {token[:-2]}", "Bearer", "Basic eA==", "x" * 3000]
    headers["authorization"] = shaken.choice([f"Bearer {token}"] * 6 + wrong)
    return raw, headers


async def test_two_thousand_hostile_requests_never_break_the_server(app: Any) -> None:
    shaken, seen = random.Random(20240711), set()
    without_limits(app)
    async with chatting(app) as chat:
        for _ in range(2000):
            raw, headers = fuzzed(shaken, chat.token)
            path = shaken.choice([MESSAGES, MESSAGES, MESSAGES, "/api/sessions"])
            response = await chat.http.post(path, content=raw, headers=headers)
            seen.add(response.status_code)
            assert response.status_code < 500, (raw, headers)
            if response.status_code >= 400:
                error_of(response)
        assert (await chat.say("do you record calls?"))["answer"]["kind"] == "denies"
    assert {200, 401, 422} <= seen
