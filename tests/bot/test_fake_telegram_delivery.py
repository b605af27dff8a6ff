"""The Bot API server of our own: webhooks, rates, faults, and python-telegram-bot's own client against a served one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import httpx
import pytest
from serving import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.request import HTTPXRequest

from bot.channels.fake_telegram.server import make_fake, make_server
from bot.channels.fake_telegram.webhook import SECRET_HEADER
from bot.channels.fake_telegram.world import World

TOKEN = "1:demo"
HOOK = "http://bot/hook"
Result = TypeVar("Result")
Answer = Callable[[int], Response]


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


class Hook:
    """A bot with a webhook. answer: what it says to the n-th post."""

    def __init__(self, answer: Answer = lambda _: Response()) -> None:
        self.texts: list[str] = []
        self.secrets: list[str | None] = []
        self.taken: list[str] = []
        self._answer = answer
        self.transport = httpx.ASGITransport(Starlette(routes=[Route("/hook", self._post, methods=["POST"])]))

    async def _post(self, request: Request) -> Response:
        text = (await request.json())["message"]["text"]
        self.texts.append(text)
        self.secrets.append(request.headers.get(SECRET_HEADER))
        response = self._answer(len(self.texts))
        if 200 <= response.status_code < 300:
            self.taken.append(text)
        return response


async def call(world: World, method: str, *, hook: Hook | None = None, **arguments: Any) -> httpx.Response:
    app = make_fake(world, transport=hook.transport if hook else None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fake") as client:
        return await client.post(f"/bot{TOKEN}/{method}", json=arguments)


# Webhooks


def test_a_webhook_gets_each_update_once_with_its_secret_and_in_order() -> None:
    world, hook = World(), Hook()
    ann = world.new_person(has_started=True)
    texts = [f"text {number}" for number in range(30)]

    async def scene() -> None:
        response = await call(world, "setWebhook", hook=hook, url=HOOK, secret_token="s-3cret")
        assert response.json()["description"] == "Webhook was set"
        for text in texts:
            world.say(ann, text)
        assert await world.until(lambda: not world.pending())

    run(scene())
    assert hook.texts == texts and set(hook.secrets) == {"s-3cret"}


def test_an_update_can_be_posted_a_second_time_with_the_same_number() -> None:
    world, hook = World(), Hook()
    world.say(world.new_person(has_started=True), "one")
    (update,) = world.pending()

    async def scene() -> None:
        await call(world, "setWebhook", hook=hook, url=HOOK)
        assert await world.until(lambda: not world.pending())
        assert world.redeliver(update.id) and not world.redeliver(7)
        assert await world.until(lambda: not world.pending())

    run(scene())
    assert hook.texts == ["one", "one"]


@pytest.mark.parametrize("status", [500, 403, 302, 404])
def test_what_the_webhook_does_not_take_is_posted_again_before_the_chats_next_message(status: int) -> None:
    world, hook = World(speed=500), Hook(lambda number: Response(status_code=status if number <= 4 else 204))
    ann = world.new_person(has_started=True)
    world.say(ann, "one")
    world.say(ann, "two")

    async def scene() -> Any:
        app = make_fake(world, transport=hook.transport)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fake") as client:
            await client.post(f"/bot{TOKEN}/setWebhook", json={"url": HOOK})
            assert await world.until(lambda: not world.pending())
            return (await client.get(f"/bot{TOKEN}/getWebhookInfo")).json()["result"]

    info = run(scene())
    assert hook.texts == ["one"] * 5 + ["two"]
    assert info["last_error_message"].startswith(f"Wrong response from the webhook: {status}")
    assert info["pending_update_count"] == 0


def test_the_webhooks_retry_after_is_waited_for() -> None:
    busy = Response(status_code=503, headers={"Retry-After": "600"})
    world, hook = World(speed=2000), Hook(lambda number: busy if number == 1 else Response())
    world.say(world.new_person(has_started=True), "one")

    async def scene() -> float:
        began = world.pace.now()
        await call(world, "setWebhook", hook=hook, url=HOOK)
        assert await world.until(lambda: not world.pending())
        return (world.pace.now() - began).total_seconds()

    assert run(scene()) >= 600
    assert hook.texts == ["one", "one"]


def test_a_chat_whose_message_is_refused_holds_up_no_other_chat() -> None:
    world = World()
    hook = Hook(lambda _: Response(status_code=500 if hook.texts[-1] == "poison" else 200))
    ann, ben = world.new_person(has_started=True), world.new_person(has_started=True)
    world.say(ann, "poison")
    world.say(ben, "hello")

    async def scene() -> None:
        await call(world, "setWebhook", hook=hook, url=HOOK)
        assert await world.until(lambda: "hello" in hook.taken)

    run(scene())
    assert [update.wire["message"]["text"] for update in world.pending()] == ["poison"]


def test_while_a_webhook_is_set_getupdates_is_refused() -> None:
    world = World()

    async def scene() -> list[Any]:
        app = make_fake(world)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fake") as client:
            path = f"/bot{TOKEN}"
            poll = asyncio.create_task(client.get(f"{path}/getUpdates?timeout=50"))
            await world.until(lambda: world.calls.get("getupdates"))
            await client.post(f"{path}/setWebhook", json={"url": HOOK})
            answers = [await poll, await client.get(f"{path}/getUpdates")]
            await client.post(f"{path}/deleteWebhook", json={})
            answers.append(await client.get(f"{path}/getUpdates"))
            return [(answer.status_code, answer.json().get("description", "")) for answer in answers]

    ended, refused, allowed = run(scene())
    assert ended == (409, "Conflict: terminated by setWebhook request")
    assert refused[0] == 409 and "while webhook is active" in refused[1]
    assert allowed[0] == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url": "ftp://example.org/"}, "bad webhook: unsupported URL protocol"),
        ({"url": "https://"}, "bad webhook: URL host is empty"),
        ({"url": HOOK, "secret_token": "not allowed!"}, "secret token contains unallowed characters"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(arguments: dict[str, Any], words: str) -> None:
    response = run(call(World(), "setWebhook", **arguments))
    assert response.status_code == 400 and response.json()["description"] == f"Bad Request: {words}"


def test_dropping_pending_updates_with_a_webhook_drops_them() -> None:
    world, hook = World(), Hook()
    ann = world.new_person(has_started=True)
    world.say(ann, "old")

    async def scene() -> None:
        await call(world, "setWebhook", hook=hook, url=HOOK, drop_pending_updates=True)
        world.say(ann, "new")
        assert await world.until(lambda: not world.pending())

    run(scene())
    assert hook.texts == ["new"]


# Rates and faults


def statuses_of_sending(world: World, chat: int, times: int) -> list[int]:
    async def scene() -> list[int]:
        return [(await call(world, "sendMessage", chat_id=chat, text="x")).status_code for _ in range(times)]

    return run(scene())


def test_more_than_a_short_burst_to_a_person_is_too_much_until_time_has_passed() -> None:
    world = World(limits=True, speed=0.001)  # time all but stands still
    ann = world.new_person(has_started=True)
    assert statuses_of_sending(world, ann, 5) == [200, 200, 200, 429, 429]
    world.skip(2)
    assert statuses_of_sending(world, ann, 3) == [200, 200, 429]
    assert len(world.messages(ann)) == 5


def test_more_than_twenty_a_minute_to_a_group_is_too_much() -> None:
    world = World(limits=True, speed=0.001)  # time all but stands still
    group = world.new_group("Two", [world.new_person()])
    assert statuses_of_sending(world, group, 21) == [200] * 20 + [429]


def test_more_than_thirty_at_once_to_all_is_too_much() -> None:
    world = World(limits=True, speed=0.001)  # time all but stands still
    people = [world.new_person(has_started=True) for _ in range(40)]

    async def scene() -> list[int]:
        answers = [await call(world, "sendMessage", chat_id=person, text="x") for person in people]
        return [answer.json().get("parameters", {}).get("retry_after", 0) for answer in answers]

    waits = run(scene())
    assert set(waits) == {0, 1} and waits.index(1) >= 30


def test_calls_fail_as_they_are_told_and_only_those() -> None:
    world = World()
    ann = world.new_person(has_started=True)
    world.fail_next("sendMessage", 500, times=2)
    world.fail_next("sendMessage", 429, retry_after=7)
    assert statuses_of_sending(world, ann, 4) == [500, 500, 429, 200]
    assert len(world.messages(ann)) == 1


def test_a_server_that_is_down_answers_502_and_keeps_what_waits() -> None:
    world = World()
    ann = world.new_person(has_started=True)
    world.say(ann, "hello")
    world.down = True
    assert run(call(world, "getUpdates")).status_code == 502
    world.down = False
    assert len(run(call(world, "getUpdates")).json()["result"]) == 1


# python-telegram-bot's client, over a socket


class Served:
    """A world served on a free port by a thread."""

    def __init__(self, world: World) -> None:
        self.world = world
        port = free_port()
        self.server = make_server(world, port=port)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.url = f"http://127.0.0.1:{port}"

    def begin(self) -> None:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)

    def bot(self, token: str = TOKEN, read_timeout: float = 5.0) -> Bot:
        request = HTTPXRequest(read_timeout=read_timeout)
        polling = HTTPXRequest(read_timeout=read_timeout)
        return Bot(token, base_url=f"{self.url}/bot", request=request, get_updates_request=polling)


@pytest.fixture
def served() -> Iterator[Served]:
    serving = Served(World(limits=True))
    serving.begin()
    yield serving
    serving.end()


def test_a_real_client_polls_sends_edits_and_answers(served: Served) -> None:
    world = served.world
    ann = world.new_person()
    world.start(ann, "klasso")

    async def scene() -> None:
        async with served.bot() as bot:
            assert bot.username == "privacy_desk_demo_bot"
            (update,) = await bot.get_updates(timeout=5)
            assert update.message and update.message.text == "/start klasso"
            assert update.message.parse_entities() and update.effective_chat
            markup = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
            bold = [MessageEntity(MessageEntity.BOLD, 0, 5)]
            sent = await bot.send_message(ann, "Hello.", entities=bold, reply_markup=markup)
            world.press(sent.message_id, "Yes")
            (pressed,) = await bot.get_updates(offset=update.update_id + 1, timeout=5)
            assert pressed.callback_query and pressed.callback_query.data == "y"
            await pressed.callback_query.answer("Noted")
            await pressed.callback_query.edit_message_text("Done.")
            assert (await bot.get_chat(ann)).first_name == "Ann"

    run(scene())
    (message,) = world.messages(ann)
    assert message.text == "Done." and message.buttons == [] and world.unanswered() == []


def test_a_real_client_understands_every_refusal(served: Served) -> None:
    world = served.world
    ann, ben = world.new_person(has_started=True), world.new_person(has_started=True)
    world.block(ben)

    async def scene() -> None:
        async with served.bot() as bot:
            with pytest.raises(BadRequest, match="Message text is empty"):
                await bot.send_message(ann, "")
            with pytest.raises(BadRequest, match="Message is too long"):
                await bot.send_message(ann, "x" * 4097)
            with pytest.raises(Forbidden, match="bot was blocked by the user"):
                await bot.send_message(ben, "hi")
            with pytest.raises(RetryAfter) as raised:
                for _ in range(30):
                    await bot.send_message(ann, "hi")
            assert raised.value.retry_after == 1
            world.down = True
            with pytest.raises(NetworkError, match="Bad Gateway"):
                await bot.get_me()
            world.down = False
            world.revoke_token()
            with pytest.raises(InvalidToken):
                await bot.get_updates()
        world.faults.clear()
        with pytest.raises(InvalidToken):
            await served.bot("1:another").initialize()

    run(scene())


def test_a_real_client_is_told_of_a_second_poller(served: Served) -> None:
    async def scene() -> None:
        async with served.bot() as first, served.bot() as second:
            older = asyncio.create_task(first.get_updates(timeout=20))
            await served.world.until(lambda: served.world.calls.get("getupdates"))
            newer = asyncio.create_task(second.get_updates(timeout=20))
            with pytest.raises(Conflict, match="terminated by other getUpdates request"):
                await older
            served.world.say(served.world.new_person(), "hello")
            assert len(await newer) == 1

    run(scene())


def test_a_dropped_response_is_a_timeout_though_the_message_is_there(served: Served) -> None:
    ann = served.world.new_person(has_started=True)
    served.world.drop_responses("sendMessage")

    async def scene() -> None:
        async with served.bot(read_timeout=0.3) as bot:
            with pytest.raises(TimedOut):
                await bot.send_message(ann, "once")
            await bot.send_message(ann, "twice")

    run(scene())
    assert [message.text for message in served.world.messages(ann)] == ["once", "twice"]


def test_a_server_that_ends_lets_go_of_who_waits_for_news(served: Served) -> None:
    async def scene() -> Any:
        async with served.bot() as bot:
            poll = asyncio.create_task(bot.get_updates(timeout=50))
            await served.world.until(lambda: served.world.calls.get("getupdates"))
            served.server.should_exit = True
            return await poll

    assert run(scene()) == ()


# The world over HTTP


def test_the_world_can_be_moved_over_http(served: Served) -> None:
    with httpx.Client(base_url=f"{served.url}/test", timeout=5) as client:
        chat = client.post("/new_person", json={"name": "Ann"}).json()["result"]
        client.post("/say", json={"chat": chat, "text": "Hello"})
        (update,) = client.get("/pending").json()
        assert update["message"]["text"] == "Hello"
        (message,) = client.get("/history", params={"chat": chat}).json()
        assert message["text"] == "Hello" and message["from"] == chat
        assert client.post("/say", json={"chat": 12, "text": "Hello"}).status_code == 400
        assert client.post("/say", json={"chat": chat, "text": "  "}).status_code == 400
        assert client.post("/__init__", json={}).status_code == 400
        assert client.post("/say", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
