"""How updates come in: durable before Telegram is told so, whatever is out of order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from telegram_house import WEBHOOK_SECRET, Telegram, eventually, telegram
from telegram_shapes import message

from bot.channels.telegram import arrivals, patience, polling
from bot.channels.telegram.heard import BotName
from bot.channels.telegram.start import Telegram as Front
from bot.channels.telegram.webhook import LARGEST_BODY, PATH, SECRET_HEADER, add_webhook
from tickets.errors import StoreUnavailableError
from tickets.inbox import Inbox

Act = Callable[[Front], Coroutine[Any, Any, None]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Telegram]:
    with telegram(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits after failures that do not slow the tests; their length is tested by itself."""
    monkeypatch.setattr(patience.Backoff, "after", lambda self, asked=None: 0.02)


class Broken:
    """A database that does not take anything for so many calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, times: int) -> None:
        self.left, self.calls = times, 0
        whole = getattr(Inbox, method)

        def broken(inbox: Inbox, *given: Any) -> Any:
            self.calls += 1
            if self.left > 0:
                self.left -= 1
                raise StoreUnavailableError("out of order")
            return whole(inbox, *given)

        monkeypatch.setattr(Inbox, method, broken)


def fetch(house: Telegram, act: Act) -> None:
    """Only what brings updates in runs: nothing answers them."""

    async def run() -> None:
        stop, front = asyncio.Event(), house.front()
        running = asyncio.create_task(front.run(stop))
        try:
            await act(front)
        finally:
            stop.set()
            await asyncio.wait_for(running, 5)
            await front.close()

    asyncio.run(asyncio.wait_for(run(), 40))


def test_updates_are_kept_and_then_confirmed(house: Telegram) -> None:
    async def act(front: Front) -> None:
        chat = house.world.new_person()
        for number in range(5):
            house.world.say(chat, f"message {number}")
        assert await eventually(lambda: not house.world.pending())
        assert house.inbox.waiting() == 5

    fetch(house, act)


def test_what_the_database_does_not_take_stays_with_telegram_until_it_does(
    house: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(monkeypatch, "receive_all", 3)

    async def act(front: Front) -> None:
        house.world.say(house.world.new_person(), "hello")
        assert await eventually(lambda: broken.calls >= 3)
        assert broken.left > 0 or house.inbox.waiting() <= 1
        assert await eventually(lambda: not house.world.pending())
        assert house.inbox.waiting() == 1 and broken.calls == 4

    fetch(house, act)


def test_while_the_database_is_down_nothing_is_ever_confirmed(house: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken(monkeypatch, "receive_all", 10**6)

    async def act(front: Front) -> None:
        house.world.say(house.world.new_person(), "hello")
        assert await eventually(lambda: broken.calls > 5)
        assert len(house.world.pending()) == 1

    fetch(house, act)


def test_what_was_kept_but_not_confirmed_is_known_after_a_restart(house: Telegram) -> None:
    numbers: list[int] = []

    async def first(front: Front) -> None:
        house.world.say(house.world.new_person(), "hello")
        assert await eventually(lambda: house.inbox.waiting() == 1)
        numbers.extend(update.wire["update_id"] for update in house.world.pending())

    async def second(front: Front) -> None:
        assert await eventually(lambda: not house.world.pending())
        assert house.inbox.waiting() == 1

    fetch(house, first)
    fetch(house, second)


@pytest.mark.parametrize("status", [409, 500, 502, 429])
def test_whatever_telegram_answers_polling_goes_on(house: Telegram, status: int) -> None:
    async def act(front: Front) -> None:
        house.world.fail_next("getUpdates", status, times=3)
        house.world.say(house.world.new_person(), "hello")
        assert await eventually(lambda: house.inbox.waiting() == 1)

    fetch(house, act)


def test_telegram_may_be_down_at_the_start_and_a_token_may_be_renewed(house: Telegram) -> None:
    async def act(front: Front) -> None:
        house.world.down = True
        await asyncio.sleep(0.1)
        house.world.down = False
        house.world.revoke_token()
        await asyncio.sleep(0.1)
        house.world.faults.clear()
        house.world.say(house.world.new_person(), "hello")
        assert await eventually(lambda: house.inbox.waiting() == 1)

    fetch(house, act)


def test_an_update_that_nobody_can_read_hides_no_other(house: Telegram) -> None:
    async def act(front: Front) -> None:
        for odd in ({"message": None}, {"message": {"chat": []}}, {"callback_query": {"from": 5}}, {"new_kind": {}}):
            house.world.push(odd)
        house.world.say(house.world.new_person(), "hello")
        assert await eventually(lambda: not house.world.pending())
        assert house.inbox.waiting() == 1

    fetch(house, act)


def test_a_backlog_stays_with_telegram(house: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_WAITING", 2)
    monkeypatch.setattr(polling, "FULL_SECONDS", 0.02)

    async def act(front: Front) -> None:
        chat = house.world.new_person()
        for number in range(3):
            house.world.say(chat, f"message {number}")
        assert await eventually(lambda: house.inbox.waiting() == 3)
        house.world.say(chat, "one too many")
        await asyncio.sleep(0.3)
        # The poll that was under way may have brought it; what comes after that stays where it is.
        taken = house.inbox.waiting()
        house.world.say(chat, "another")
        await asyncio.sleep(0.3)
        assert house.inbox.waiting() == taken and house.world.pending()

    fetch(house, act)


def test_how_long_is_waited_after_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    backoff = patience.Backoff()
    waits = [backoff.after() for _ in range(12)]
    assert 0.5 <= waits[0] <= 1 and all(wait <= patience.LONGEST for wait in waits) and waits[-1] >= 30
    assert backoff.after(120) == 120
    backoff.well()
    assert backoff.after() <= 1


def posted(house: Telegram, body: bytes, headers: dict[str, str], front: Front | None = None) -> httpx.Response:
    front = front or house.front()
    front.arrivals.bot = BotName(4711, "desk_bot")
    app = FastAPI()
    add_webhook(app, front.arrivals, WEBHOOK_SECRET)

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
            return await client.post(PATH, content=body, headers=headers)

    return asyncio.run(run())


UPDATE = httpx.Request("POST", "http://x", json=message("hello", 77)).content
RIGHT = {SECRET_HEADER: WEBHOOK_SECRET.reveal()}


def test_a_posted_update_is_kept_once_and_acknowledged(house: Telegram) -> None:
    assert [posted(house, UPDATE, RIGHT).status_code for _ in range(3)] == [200, 200, 200]
    assert house.inbox.waiting() == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", WEBHOOK_SECRET.reveal() + "x", WEBHOOK_SECRET.reveal()[:-1]])
def test_who_does_not_know_the_secret_is_refused_before_anything_is_read(house: Telegram, secret: str | None) -> None:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    for body in (UPDATE, b"{broken", b"x" * (LARGEST_BODY + 1)):
        response = posted(house, body, headers)
        assert (response.status_code, response.content) == (403, b"")
    assert house.inbox.waiting() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{broken", 400),
        (b"[" * 100_000, 400),
        (b"\xff", 400),
        (b"x" * (LARGEST_BODY + 1), 413),
        (b"null", 200),
        (b"[]", 200),
    ],
    ids=range(6),
)
def test_what_is_no_update_does_no_harm(house: Telegram, body: bytes, status: int) -> None:
    assert posted(house, body, RIGHT).status_code == status and house.inbox.waiting() == 0


@pytest.mark.parametrize("method", ["receive_all", "waiting"])
def test_what_cannot_be_kept_is_not_acknowledged(house: Telegram, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    Broken(monkeypatch, method, 1)
    response = posted(house, UPDATE, RIGHT)
    assert response.status_code == 503 and int(response.headers["Retry-After"]) > 0


def test_with_too_much_waiting_telegram_is_asked_to_come_again(
    house: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_WAITING", -1)
    assert posted(house, UPDATE, RIGHT).status_code == 503 and house.inbox.waiting() == 0


def test_the_webhook_is_set_with_its_secret(house: Telegram) -> None:
    house.mode = "webhook"

    async def act(front: Front) -> None:
        assert await eventually(lambda: any(name.lower() == "setwebhook" for name in house.world.calls))

    fetch(house, act)
