"""What leaves for Telegram: limits, refusals, and what Telegram asks for, over our own Bot API server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from telegram_house import TOKEN, VAULT, Telegram, now, telegram

from bot.channels.telegram.calls import Calls
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.rendered import Key, Mark, Rendered
from bot.channels.telegram.sender import REPLY, TelegramSender, sealed_chat
from pii.redacted import Redacted
from tickets.chats import Chat
from tickets.outbox import Parcel
from tickets.vocabulary import Way
from tickets.worker import Refused, RetryLater

BOLD = Rendered("Hello there", (Mark("bold", 0, 5),), ((Key("Yes", "a:b"),),))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Telegram]:
    with telegram(tmp_path) as running:
        yield running


def parcel(text: str, recipient: str, kind: str = "received") -> Parcel:
    return Parcel(
        sequence=1,
        id="a" * 32,
        lane=recipient,
        way=Way.TELEGRAM,
        kind=kind,
        recipient=Redacted(recipient),
        subject="",
        text=Redacted(text),
        request_id=None,
        attempts=0,
        created_at=now(),
        leased_until=now() + timedelta(seconds=60),
        deadline=None,
    )


def known(house: Telegram) -> tuple[int, str]:
    """A person who has started the bot, and their conversation."""
    chat = house.world.new_person(has_started=True)
    return chat, house.chats.bind(Chat("4711", chat), "klasso", now()).conversation


def with_sender(house: Telegram, act: Callable[[TelegramSender], Awaitable[None]], token: str = TOKEN) -> None:
    async def run() -> None:
        sender = TelegramSender(Calls(Redacted(token), f"{house.url}/bot"), house.chats, VAULT, now, "4711")
        try:
            await act(sender)
        finally:
            await sender.close()

    asyncio.run(asyncio.wait_for(run(), 30))


def send(house: Telegram, *parcels: Parcel, token: str = TOKEN) -> None:
    async def act(sender: TelegramSender) -> None:
        for one in parcels:
            await sender.send(one)

    with_sender(house, act, token)


def test_what_staff_wrote_arrives_as_plain_text(house: Telegram) -> None:
    chat, conversation = known(house)
    send(house, parcel("<b>not bold</b> *nor* _this_", conversation))
    (message,) = house.world.messages(chat)
    assert message.text == "<b>not bold</b> *nor* _this_"
    assert not {"bold", "italic"} & {mark["type"] for mark in message.entities}  # Telegram itself finds "/b"


def test_a_reply_arrives_with_its_marks_and_buttons(house: Telegram) -> None:
    chat, conversation = known(house)
    send(house, parcel(BOLD.to_json(), conversation, REPLY))
    (message,) = house.world.messages(chat)
    assert message.entities == [{"type": "bold", "offset": 0, "length": 5}] and message.buttons[0][0].data == "a:b"


def test_a_look_that_telegram_refuses_is_left_out_rather_than_the_words(house: Telegram) -> None:
    chat, conversation = known(house)
    odd = replace(BOLD, rows=((Key("Read", url="nowhere"), Key("Yes", "a:b")),))
    send(house, parcel(odd.to_json(), conversation, REPLY))
    (message,) = house.world.messages(chat)
    assert message.text == "Hello there" and [key.text for row in message.buttons for key in row] == ["Yes"]


def test_a_sealed_chat_is_reached_without_a_conversation_and_its_number_is_not_in_the_name(house: Telegram) -> None:
    chat = house.world.new_person(has_started=True)
    recipient = sealed_chat(VAULT, Chat("4711", chat))
    assert str(chat) not in recipient and len(recipient) < 195
    send(house, parcel("All is erased.", recipient))
    assert [message.text for message in house.world.messages(chat)] == ["All is erased."]


@pytest.mark.parametrize("recipient", ["web:abc", "tg:", "tg:7", "chat:", "chat:x:!!", "chat:[1, 2]"])
def test_what_is_no_chat_of_ours_is_never_tried(house: Telegram, recipient: str) -> None:
    with pytest.raises(Refused):
        send(house, parcel("Hello.", recipient))
    assert "sendMessage" not in house.world.calls and "sendmessage" not in house.world.calls


def test_another_bots_chat_is_not_written_to(house: Telegram) -> None:
    with pytest.raises(Refused):
        send(house, parcel("Hello.", sealed_chat(VAULT, Chat("5", 7))))


def test_what_telegram_asks_to_wait_is_waited_for_by_everything_to_that_chat(house: Telegram) -> None:
    chat, conversation = known(house)
    house.world.fail_next("sendMessage", 429, retry_after=17)

    async def act(sender: TelegramSender) -> None:
        with pytest.raises(RetryLater) as raised:
            await sender.send(parcel("One.", conversation))
        assert raised.value.seconds == 17
        with pytest.raises(RetryLater) as again:
            await sender.send(parcel("Two.", conversation))
        assert again.value.seconds is not None and 15 < again.value.seconds <= 17

    with_sender(house, act)
    assert house.world.messages(chat) == []


def test_who_blocked_the_bot_is_given_up_and_noted(house: Telegram) -> None:
    chat, conversation = known(house)
    house.world.block(chat)
    with pytest.raises(Refused) as raised:
        send(house, parcel("Hello.", conversation))
    assert raised.value.kind == "blocked" and house.chats.is_blocked(conversation)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_what_may_be_mended_is_tried_again(house: Telegram, status: int) -> None:
    _, conversation = known(house)
    house.world.fail_next("sendMessage", status)
    with pytest.raises(RetryLater):
        send(house, parcel("Hello.", conversation))


def test_a_revoked_token_is_tried_again_later_and_said_once(house: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("bot.channels.telegram.calls._log.error", lambda event, **_: said.append(event), raising=False)
    _, conversation = known(house)
    house.world.revoke_token()

    async def act(sender: TelegramSender) -> None:
        for _ in range(3):
            with pytest.raises(RetryLater) as raised:
                await sender.send(parcel("Hello.", conversation))
            assert raised.value.seconds == 60 and raised.value.kind == "token_refused"

    with_sender(house, act)
    assert said == ["telegram_token_refused"]


def test_the_token_stands_in_no_log(house: Telegram, caplog: pytest.LogCaptureFixture) -> None:
    _, conversation = known(house)
    with caplog.at_level(logging.INFO, "httpx"):
        send(house, parcel("Hello.", conversation))
    assert TOKEN not in caplog.text


def test_a_person_gets_one_message_a_second_and_a_busy_group_does_not_hold_up_others() -> None:
    async def run() -> None:
        pace, loop = Pace(), asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(3):
            await pace.wait(7)
        assert loop.time() - begun >= 1.9
        for _ in range(10):
            await pace.wait(-7)
        with pytest.raises(RetryLater) as busy:
            await pace.wait(-7)
        assert not busy.value.is_failure  # a pace of our own uses up no try
        await pace.wait(8)

    asyncio.run(run())


def test_all_chats_together_stay_below_thirty_a_second() -> None:
    async def run() -> None:
        pace, loop = Pace(), asyncio.get_running_loop()
        times: list[float] = []

        async def one(chat: int) -> None:
            await pace.wait(chat)
            times.append(loop.time())

        await asyncio.gather(*(one(chat) for chat in range(1, 61)))
        times.sort()
        assert all(late - early >= 1.0 for early, late in zip(times, times[30:]))

    asyncio.run(run())
