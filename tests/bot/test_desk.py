"""One message in, one message out, and never silence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from builders import fresh_conversation, typed
from fakes import FailingAgent, HangingAgent, SilentAgent

from bot.desk import CUT, TROUBLE, Button, Desk

pytestmark = pytest.mark.asyncio


async def test_an_assistant_that_raises_is_admitted() -> None:
    reply = await Desk(FailingAgent(1, "inner detail")).reply(typed("hello"))  # type: ignore[arg-type]
    assert (reply.text, reply.failed, reply.answer, reply.request, reply.buttons) == (TROUBLE, True, None, None, ())


async def test_an_assistant_that_says_nothing_is_admitted() -> None:
    reply = await Desk(SilentAgent()).reply(typed("hello"))  # type: ignore[arg-type]
    assert (reply.text, reply.failed) == (TROUBLE, True)


async def test_an_assistant_that_hangs_is_admitted_and_its_turn_is_not_aborted() -> None:
    agent = HangingAgent()
    desk = Desk(agent, patience=0.05)  # type: ignore[arg-type]
    assert (await desk.reply(typed("hello"))).text == TROUBLE
    agent.let_go.set()
    await desk.drain()
    assert agent.finished == 1 and desk._tasks == set()


async def test_a_client_that_hangs_up_does_not_abort_its_turn() -> None:
    agent = HangingAgent()
    desk = Desk(agent)  # type: ignore[arg-type]
    asking = asyncio.create_task(desk.reply(typed("hello")))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    agent.let_go.set()
    await desk.drain()
    assert agent.finished == 1


async def test_draining_does_not_wait_for_ever() -> None:
    agent = HangingAgent()
    desk = Desk(agent, patience=0.05)  # type: ignore[arg-type]
    await desk.reply(typed("hello"))
    await desk.drain()
    assert agent.finished == 0
    agent.let_go.set()


async def test_a_message_that_was_cut_says_so_first(parts: Any) -> None:
    long = "do you record calls? " + "I really wonder about that. " * 50
    reply = await parts.desk.reply(typed(long))
    assert reply.text.startswith(CUT) and not reply.failed
    assert not (await parts.desk.reply(typed("do you record calls?"))).text.startswith(CUT)


async def test_the_reading_of_the_last_message_can_be_asked_for(parts: Any) -> None:
    conversation = fresh_conversation()
    assert await parts.desk.reading(conversation) == {}
    await parts.desk.reply(typed("do you record calls?", conversation))
    reading = await parts.desk.reading(conversation)
    assert reading["intent"]["name"] == "ask_policy"
    assert reading["topics"][0]["topic"] == "first_party_collection.calls_recordings"


async def test_fifty_conversations_at_once_each_get_their_own_policys_answer(parts: Any) -> None:
    policies = parts.knowledge.ids
    turns = [typed("what do you collect about me?", policy=policies[number % 5]) for number in range(50)]
    replies = await asyncio.gather(*(parts.desk.reply(turn) for turn in turns))
    for turn, reply in zip(turns, replies):
        assert {quote["policy"] for quote in reply.answer["quotes"]} == {turn.policy}


async def test_buttons_come_with_the_reply(parts: Any) -> None:
    reply = await parts.desk.reply(typed("how do I delete my account?"))
    assert Button("File a request: deletion", '/request{"right": "deletion"}') in reply.buttons
