"""Messages to Telegram conversations, over a Bot API of our own on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.telegram_sender import LONGEST, TelegramSender, parts_of
from pii.redacted import Redacted
from tickets.outbox import Parcel
from tickets.vocabulary import Way
from tickets.worker import Refused, RetryLater

NOW = datetime(2026, 3, 2, tzinfo=timezone.utc)
TOKEN = "12345:only-for-tests"
SENT = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}}


class BotApi(ThreadingHTTPServer):
    """Answers as Telegram's server does; `answer` is what it says next."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: tuple[int, dict[str, Any]] = (200, {"ok": True, "result": SENT})
        self.got: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/bot"


class _Handler(BaseHTTPRequestHandler):
    server: BotApi

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.got.append({"path": self.path, **fields})
        status, answer = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def parcel(text: str, recipient: str = "tg:7") -> Parcel:
    return Parcel(
        sequence=1,
        id="a" * 32,
        lane=recipient,
        way=Way.TELEGRAM,
        kind="received",
        recipient=Redacted(recipient),
        subject="",
        text=Redacted(text),
        request_id=None,
        attempts=0,
        created_at=NOW,
        leased_until=NOW + timedelta(seconds=60),
        deadline=None,
    )


def send(api: BotApi, text: str, recipient: str = "tg:7") -> None:
    async def run() -> None:
        sender = TelegramSender(Redacted(TOKEN), api.url)
        try:
            await sender.send(parcel(text, recipient))
        finally:
            await sender.close()

    asyncio.run(run())


def test_a_message_arrives_as_plain_text(api: BotApi) -> None:
    send(api, "<b>not bold</b> *nor* _this_ [x](https://example.org)")
    (got,) = api.got
    assert got["text"] == "<b>not bold</b> *nor* _this_ [x](https://example.org)" and got["chat_id"] == "7"
    assert "parse_mode" not in got


def test_what_telegram_asks_to_wait_is_waited(api: BotApi) -> None:
    api.answer = (429, {"ok": False, "error_code": 429, "description": "x", "parameters": {"retry_after": 17}})
    with pytest.raises(RetryLater) as raised:
        send(api, "Hello.")
    assert raised.value.seconds == 17


@pytest.mark.parametrize(
    ("status", "words"), [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: no")]
)
def test_a_chat_that_does_not_take_it_is_given_up(api: BotApi, status: int, words: str) -> None:
    api.answer = (status, {"ok": False, "error_code": status, "description": words})
    with pytest.raises(Refused):
        send(api, "Hello.")


@pytest.mark.parametrize("status", [401, 500, 502])
def test_what_may_be_mended_is_tried_again(api: BotApi, status: int) -> None:
    api.answer = (status, {"ok": False, "error_code": status, "description": "x"})
    with pytest.raises(RetryLater):
        send(api, "Hello.")


@pytest.mark.parametrize("recipient", ["web:abc", "tg:", "tg:7 OR 1", "tg:" + "9" * 30])
def test_what_is_no_telegram_chat_is_never_tried(api: BotApi, recipient: str) -> None:
    with pytest.raises(Refused):
        send(api, "Hello.", recipient)
    assert api.got == []


def test_the_token_stands_in_no_log(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "httpx"):
        send(api, "Hello.")
    assert TOKEN in api.got[0]["path"] and TOKEN not in caplog.text


@pytest.mark.parametrize("text", ["word " * 2_000, "x" * 9_000, "😀" * 5_000, "line\n" * 3_000])
def test_a_long_text_goes_in_parts_that_telegram_takes(text: str) -> None:
    parts = parts_of(text)
    assert len(parts) > 1 and all(0 < len(part.encode("utf-16-le")) // 2 <= LONGEST for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
