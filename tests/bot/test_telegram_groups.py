"""Telegram from end to end, in groups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from telegram_house import Telegram, telegram

from bot.channels.telegram import speech
from bot.desk import Button, Reply
from tickets.chats import Chat

Scene = Callable[[Telegram, int, list[int]], Coroutine[Any, Any, None]]
MACHINE = speech.MACHINE.format(company="Klasso")


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Telegram]:
    with telegram(tmp_path) as running:
        yield running


def play(house: Telegram, scene: Scene) -> None:
    """A group of two people, into which the bot has just come and said so."""

    async def run() -> None:
        async with house.running():
            people = [house.world.new_person(), house.world.new_person("Bo")]
            group = house.world.new_group("Staff room", people)
            await house.said(group)
            await scene(house, group, people)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_bot_that_comes_into_a_group_says_what_it_reads(one: Telegram) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        assert [message.text for message in house.world.messages(group)] == [speech.JOINED]
        assert house.desk.heard == []

    play(one, scene)


def test_a_question_is_answered_to_who_asked_and_two_members_share_no_memory(one: Telegram) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        asked = [house.world.say_in_group(group, person, "do you sell data?") for person in people]
        said = await house.said(group, 3)
        assert said[1:] == [f"{MACHINE}\n\nklasso heard do you sell data?"] * 2
        first, second = house.desk.heard
        assert first.conversation != second.conversation
        replied = {message.reply_to.id for message in house.world.messages(group) if message.reply_to}
        assert replied == set(asked)

    play(one, scene)


def test_offers_lead_into_a_private_chat(one: Telegram) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        offer = (Button("Yes", "/affirm"),)
        house.desk.says = lambda turn: Reply("It says so.", buttons=offer, closing="Shall I open a request?")
        house.world.say_in_group(group, people[0], "do you sell data?")
        said = await house.said(group, 2)
        assert said[1] == f"{MACHINE}\n\nIt says so."
        ((button,),) = house.world.messages(group)[1].buttons
        assert (button.data, button.url) == (None, "https://t.me/desk_bot?start=klasso")

    play(one, scene)


@pytest.mark.parametrize(
    "text",
    ["delete my account", "yes", "my address is someone@example.org", "call +44 20 7946 0123", "/delete@desk_bot"],
)
def test_what_is_personal_is_sent_to_a_private_chat_and_not_kept(one: Telegram, tmp_path: Path, text: str) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        house.desk.intents = {"delete my account": "request", "yes": "affirm"}
        house.world.say_in_group(group, people[0], text)
        said = await house.said(group, 2)
        assert said[1] == speech.IN_PRIVATE and house.desk.heard == []
        ((button,),) = house.world.messages(group)[1].buttons
        assert button.url == "https://t.me/desk_bot?start=klasso"
        assert house.chats.conversations_of(Chat("4711", group, people[0])) == ()

    play(one, scene)


def test_what_is_not_said_to_the_bot_is_neither_answered_nor_kept(one: Telegram) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        for text in ("good morning", "/help", "/help@other_bot"):
            wire = house.world.people[people[0]].wire()
            chat = house.world.chats[group].wire()
            house.world.push({"message": {"message_id": 1, "date": 1, "chat": chat, "from": wire, "text": text}})
        house.world.say_in_group(group, people[0], "hello")
        await house.said(group, 2)
        assert [turn.text for turn in house.desk.heard] == ["hello"] and house.inbox.waiting() == 0

    play(one, scene)


def test_with_several_policies_the_group_chooses_one_for_all(tmp_path: Path) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        (joined,) = house.world.messages(group)
        house.world.press(joined.id, "Klantra", person=people[1])
        assert (await house.said(group, 2))[1] == speech.IN_THIS_GROUP.format(company="Klantra")
        house.world.say_in_group(group, people[0], "do you sell data?")
        await house.said(group, 3)
        assert house.desk.heard[0].policy == "klantra"

    with telegram(tmp_path, "klasso", "klantra") as house:
        play(house, scene)


def test_a_group_that_gets_another_number_keeps_its_policy(tmp_path: Path) -> None:
    async def scene(house: Telegram, group: int, people: list[int]) -> None:
        (joined,) = house.world.messages(group)
        house.world.press(joined.id, "Klantra", person=people[1])
        await house.said(group, 2)
        who, chat = house.world.people[people[0]].wire(), house.world.chats[group].wire()
        moved = {"message_id": 1, "date": 1, "chat": chat, "from": who, "migrate_to_chat_id": group - 7}
        house.world.push({"message": moved})
        await house.quiet()
        bound = house.chats.current(Chat("4711", group - 7))
        assert bound is not None and bound.policy == "klantra"

    with telegram(tmp_path, "klasso", "klantra") as house:
        play(house, scene)
