"""Conversations outlive the process: what was being filled in goes on, sealed at rest, and nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import WISH, events_of, fresh_address, fresh_conversation, fresh_id, tracker_store_of
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.desk import Reply
from bot.launch import Parts, assemble
from bot.rasa_agent import delete_tracker, recent_tracker_store, utc_now
from pii.encryption import KeyRing, Vault
from tickets.conversations import Conversations
from tickets.errors import StoreUnavailableError
from tickets.vocabulary import Right

pytestmark = pytest.mark.asyncio
PRIVATE = "my parrot is called Kakadudel"


@pytest.fixture(scope="module")
def restarted(own_settings: Any, parts: Parts, model_path: Path) -> Iterator[Parts]:
    """A second process of the same product, as far as one process can have two: its own agent, the same store."""
    yield assemble(own_settings, model_path, parts.store, parts.knowledge)


async def say(parts: Parts, conversation: str, *texts: str) -> Reply:
    for text in texts:
        reply = await parts.desk.reply(await parts.reception.typed(conversation, "klasso", fresh_id(), text))
    return reply


def store_over(parts: Parts, vault: Vault | None = None) -> Any:
    """A tracker store without anything in memory, over the same database."""
    kept = Conversations(parts.store, vault or parts.vault)
    return recent_tracker_store()(parts.desk.agent.domain, kept=kept)


def tracker_with(parts: Parts, conversation: str, *texts: str) -> DialogueStateTracker:
    tracker = DialogueStateTracker(conversation, parts.desk.agent.domain.slots)
    for text in texts:
        tracker.update(UserUttered(text))
    return tracker


def database_of(parts: Parts) -> bytes:
    return Path(str(parts.store.engine.url.database)).read_bytes()


def texts_of(tracker: DialogueStateTracker | None) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


# --- a restart -----------------------------------------------------------------------------------------------------


async def test_after_a_restart_the_form_goes_on_where_it_was(parts: Parts, restarted: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, WISH, "yes", fresh_address())
    assert conversation not in tracker_store_of(restarted).store
    assert "Is that right?" in (await say(restarted, conversation, "no")).text
    receipt = await say(restarted, conversation, "yes")
    assert receipt.request is not None and receipt.request["proof"] == "code_sent"
    assert [one.rights for one in parts.requests.status_of(conversation)] == [(Right.DELETION,)]


async def test_after_a_restart_the_offer_is_still_open(parts: Parts, restarted: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, WISH)
    assert "Which e-mail address" in (await say(restarted, conversation, "yes please")).text


async def test_after_a_restart_there_is_more_on_the_last_question(parts: Parts, restarted: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, "What do you collect about me?")
    more = await say(restarted, conversation, "more")
    assert "more that bears on your question" in more.text or "all I found on your question" in more.text


async def test_what_one_process_forgot_the_other_does_not_bring_back(parts: Parts, restarted: Parts) -> None:
    conversation = fresh_conversation()
    await say(parts, conversation, PRIVATE)
    await delete_tracker(parts.desk.agent, conversation)
    assert await events_of(restarted, conversation) == []


# --- at rest -------------------------------------------------------------------------------------------------------


async def test_a_conversation_is_kept_sealed(parts: Parts) -> None:
    conversation = fresh_conversation()
    await store_over(parts).save(tracker_with(parts, conversation, PRIVATE))
    assert b"Kakadudel" not in database_of(parts)
    assert texts_of(await store_over(parts).retrieve(conversation)) == [PRIVATE]


async def test_a_form_left_for_two_days_asks_again_for_the_account_that_left_meanwhile(parts: Parts) -> None:
    """A contact that no request was filed with is kept for a day; the draft for a month."""
    conversation = fresh_conversation()
    await say(parts, conversation, WISH, "yes", fresh_address(), "no")
    parts.keeper.purge(utc_now() + timedelta(days=2))
    reply = await say(parts, conversation, "yes")
    if reply.request is None:
        assert "e-mail address" in reply.text and "try again in a minute" not in reply.text, reply.text
        await say(parts, conversation, fresh_address())
        reply = await say(parts, conversation, "yes")
    assert reply.request is not None and reply.request["created"]


# --- what cannot be read or written ----------------------------------------------------------------------------------


async def test_a_conversation_that_cannot_be_read_is_not_overwritten(parts: Parts) -> None:
    conversation = fresh_conversation()
    await store_over(parts).save(tracker_with(parts, conversation, PRIVATE))
    without_key = store_over(parts, Vault(KeyRing.new()))
    assert await without_key.retrieve(conversation) is None
    await without_key.save(tracker_with(parts, conversation, "hello"))
    assert texts_of(await store_over(parts).retrieve(conversation)) == [PRIVATE]


async def test_a_conversation_behind_a_store_that_was_down_is_found_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    conversation, store = fresh_conversation(), store_over(parts)
    await store_over(parts).save(tracker_with(parts, conversation, PRIVATE))
    with monkeypatch.context() as patch:
        patch.setattr(Conversations, "load", down)
        assert await store.retrieve(conversation) is None
        await store.save(tracker_with(parts, conversation, "hello"))
    assert texts_of(await store.retrieve(conversation)) == [PRIVATE]
    await store.save(tracker_with(parts, conversation, PRIVATE, "hello again"))
    assert texts_of(await store_over(parts).retrieve(conversation)) == [PRIVATE, "hello again"]


async def test_a_conversation_that_cannot_be_kept_is_answered_all_the_same(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    conversation = fresh_conversation()
    with monkeypatch.context() as patch:
        patch.setattr(Conversations, "save", down)
        reply = await say(parts, conversation, "do you record calls?")
        assert not reply.failed and reply.answer is not None and reply.answer["kind"] == "denies"
    assert texts_of(await tracker_store_of(parts).retrieve(conversation)) == ["do you record calls?"]


async def test_in_memory_alone_nothing_is_kept(parts: Parts) -> None:
    conversation = fresh_conversation()
    store = recent_tracker_store()(parts.desk.agent.domain)
    await store.save(tracker_with(parts, conversation, PRIVATE))
    assert texts_of(await store.retrieve(conversation)) == [PRIVATE]
    assert await store_over(parts).retrieve(conversation) is None
