"""Being forgotten: the conversation leaves everywhere at once, what the law keeps stays, and that is said."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from builders import WISH, events_of, fresh_address, fresh_conversation, fresh_id, played, said_in, tracker_store_of
from chatting import app_over, client_of, open_chat

from bot.desk import TROUBLE, Desk, Reply, Turn
from bot.forgetting import Forgetting
from bot.launch import Parts
from tickets.conversations import Conversations
from tickets.errors import StoreUnavailableError
from tickets.retention import Keeper
from tickets.vocabulary import Right, Status

pytestmark = pytest.mark.asyncio
PRIVATE = "my cat is called Mimikatze"


async def say(parts: Parts, conversation: str, *texts: str) -> Reply:
    for text in texts:
        reply = await parts.desk.reply(await parts.reception.typed(conversation, "klasso", fresh_id(), text))
    return reply


def kept(parts: Parts, conversation: str) -> bytes | None:
    return Conversations(parts.store, parts.vault).load(conversation)


# --- asked once ----------------------------------------------------------------------------------------------------


async def test_erasing_is_asked_once_and_says_that_it_is_not_the_account(parts: Parts) -> None:
    conversation = fresh_conversation()
    reply = await say(parts, conversation, PRIVATE, "forget me")
    assert "Shall I erase this chat?" in reply.text and "does not delete your account" in reply.text
    assert [button.title for button in reply.buttons][0] == "Erase this chat"
    assert await events_of(parts, conversation) and kept(parts, conversation) is not None


@pytest.mark.parametrize("answer", ["no", "do you record calls?", "blue"])
async def test_anything_but_a_yes_erases_nothing(parts: Parts, answer: str) -> None:
    conversation = fresh_conversation()
    assert (await say(parts, conversation, PRIVATE, "forget me", answer)).kind == ""
    assert PRIVATE in json.dumps(await events_of(parts, conversation))


# --- erased everywhere ---------------------------------------------------------------------------------------------


async def test_a_yes_erases_the_tracker_the_cache_and_the_store(parts: Parts) -> None:
    conversation, address = fresh_conversation(), fresh_address()
    reply = await say(parts, conversation, PRIVATE, f"my mail is {address}", "forget me", "yes")
    assert reply.kind == "forgotten" and reply.text.startswith("This chat is erased")
    assert await events_of(parts, conversation) == [] and conversation not in tracker_store_of(parts).store
    assert kept(parts, conversation) is None
    held = parts.keeper.my_data(conversation)
    assert (held.hints, held.requests, held.last_talk, held.messages) == ((), (), None, 0)


async def test_after_it_the_desk_knows_nothing_of_what_was_said(parts: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, "Do you use cookies?", "forget me", "yes")
    assert "Gladly. What would you like" in (await say(parts, conversation, "yes")).text
    told = await say(parts, conversation, "my data")
    assert "– none" in told.text and "encrypted: none" in told.text
    assert parts.requests.status_of(conversation) == ()


async def test_a_draft_of_a_request_goes_with_the_chat(parts: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, WISH, "yes", fresh_address())
    button = next(
        one for one in (await say(parts, conversation, "forget me")).buttons if one.title == "Erase this chat"
    )
    reply = await parts.desk.reply(Turn.of_button(conversation, "klasso", fresh_id(), button.payload))
    assert reply.kind == "forgotten" and parts.keeper.my_data(conversation).hints == ()
    assert (await say(parts, conversation, "yes")).request is None


async def test_what_a_client_could_ask_for_again_is_dropped_too(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        chat, other = await open_chat(http), await open_chat(http)
        await chat.say(PRIVATE, "first")
        await other.say("hello", "theirs")
        await chat.say("forget me")
        erased = await chat.say("yes", "last")
        assert erased["kind"] == "forgotten"
        again = [await chat.say(PRIVATE, "first"), await chat.say("yes", "last")]
        assert [reply["kind"] for reply in again] == ["forgotten"] * 2 and PRIVATE not in str(again)
        assert (await other.say("hello", "theirs"))["kind"] == ""


# --- what stays, and why -------------------------------------------------------------------------------------------


async def test_an_open_request_stays_and_is_named_with_its_date(parts: Parts) -> None:
    conversation = fresh_conversation()
    await played(parts, conversation)
    (filed,) = parts.requests.status_of(conversation)
    reply = await say(parts, conversation, "forget me", "yes")
    assert filed.reference in reply.text and f"{filed.answer_by:%d.%m.%Y}" in reply.text
    assert "the law obliges the company" in reply.text
    (staying,) = parts.requests.status_of(conversation)
    assert (staying.reference, staying.rights, staying.status) == (filed.reference, (Right.DELETION,), filed.status)
    assert kept(parts, conversation) is None and await events_of(parts, conversation) == []


async def test_a_closed_request_loses_its_person(parts: Parts) -> None:
    conversation = fresh_conversation()
    await played(parts, conversation)
    await say(parts, conversation, "withdraw my request")
    (closed,) = parts.requests.status_of(conversation)
    assert closed.status is Status.WITHDRAWN
    reply = await say(parts, conversation, "forget me", "yes")
    assert closed.reference not in reply.text and parts.requests.status_of(conversation) == ()
    details = parts.requests.show(closed.reference)
    assert (details.text, details.contacts) == ("", ())


# --- when it fails, and while others speak ---------------------------------------------------------------------------


async def test_forgetting_that_fails_is_admitted_and_can_be_tried_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    conversation = fresh_conversation()
    await say(parts, conversation, PRIVATE, f"it is {fresh_address()}", "forget me")
    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "forget", down)
        reply = await say(parts, conversation, "yes")
    assert reply.failed and reply.text == TROUBLE and reply.kind == ""
    assert parts.keeper.my_data(conversation).hints != ()
    again = await say(parts, conversation, "forget me", "yes")
    assert again.kind == "forgotten" and parts.keeper.my_data(conversation).hints == ()


async def test_a_turn_under_way_does_not_write_the_conversation_anew(parts: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, PRIVATE, "forget me")
    await asyncio.gather(*(say(parts, conversation, text) for text in ("yes", "hello", "do you record calls?")))
    assert PRIVATE not in json.dumps(await events_of(parts, conversation))
    assert PRIVATE.encode() not in (tracker_store_of(parts).store.get(conversation) or "").encode()


async def test_nobody_elses_conversation_is_touched(parts: Parts) -> None:
    mine, yours = fresh_conversation(), fresh_conversation()
    await say(parts, yours, PRIVATE)
    before = await events_of(parts, yours)
    await say(parts, mine, "hello", "forget me", "yes")
    assert await events_of(parts, yours) == before and kept(parts, yours) is not None


async def test_whatever_else_keeps_something_is_told(parts: Parts) -> None:
    told: list[str] = []
    forgetting = Forgetting(parts.desk.agent, parts.keeper, parts.clock, also=[told.append])
    conversation = fresh_conversation()
    text = await forgetting(conversation)
    assert told == [conversation] and "{" not in text


async def test_erasing_ends_within_the_patience_over_http(own_settings: Any, parts: Parts) -> None:
    desk = Desk(parts.desk.agent, forget=parts.forgetting)
    async with client_of(app_over(own_settings, parts, desk)) as http:
        chat = await open_chat(http)
        await chat.file()
        await chat.say("forget me")
        reply = await asyncio.wait_for(chat.say("yes"), 8)
        assert reply["kind"] == "forgotten" and "These requests stay" in said_in(reply)
