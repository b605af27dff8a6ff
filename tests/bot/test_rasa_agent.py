"""Rasa's Agent in this process: its memory, its queue, and what a person hears when an action fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from builders import fresh_conversation, typed
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import rasa_agent
from bot.desk import TROUBLE, Desk
from bot.rasa_agent import MOST_EVENTS, queueing_lock_store, recent_tracker_store
from policies_kb.knowledge import KnowledgeBase

pytestmark = pytest.mark.asyncio


def store_for(parts: Any) -> Any:
    return recent_tracker_store()(parts.desk.agent.domain)


def tracker_of(parts: Any, conversation: str, turns: int) -> DialogueStateTracker:
    tracker = DialogueStateTracker(conversation, parts.desk.agent.domain.slots)
    for number in range(turns):
        tracker.update(UserUttered(f"message {number}"))
        tracker.update(SlotSet("asked__text", {"text": f"message {number}", "topics": {}}))
        tracker.update(ActionExecuted("action_answer_policy"))
        tracker.update(ActionExecuted("action_listen"))
    return tracker


async def test_a_long_conversation_is_rolled_up_and_keeps_its_slots_and_its_last_turns(parts: Any) -> None:
    store = store_for(parts)
    long = tracker_of(parts, "long", 100)
    assert len(long.events) > MOST_EVENTS
    await store.save(long)
    kept = await store.retrieve("long")
    assert len(kept.events) <= MOST_EVENTS // 2
    assert kept.get_slot("asked__text")["text"] == "message 99"
    said = [event.text for event in kept.events if isinstance(event, UserUttered)]
    assert said[-1] == "message 99" and len(said) >= 2
    assert kept.latest_message.text == "message 99"


async def test_a_short_conversation_is_kept_as_it_is(parts: Any) -> None:
    store = store_for(parts)
    short = tracker_of(parts, "short", 5)
    await store.save(short)
    assert len((await store.retrieve("short")).events) == len(short.events)


async def test_one_endless_turn_is_rolled_up_too(parts: Any) -> None:
    store = store_for(parts)
    tracker = tracker_of(parts, "endless", 1)
    for number in range(200):
        tracker.update(SlotSet("asked__text", {"text": str(number), "topics": {}}))
    await store.save(tracker)
    assert (await store.retrieve("endless")).get_slot("asked__text")["text"] == "199"


async def test_a_form_that_goes_on_for_long_is_rolled_up_and_stays_open(parts: Any) -> None:
    store, tracker = store_for(parts), tracker_of(parts, "in a form", 20)
    for event in (
        ActionExecuted("request_form"),
        ActiveLoop("request_form"),
        SlotSet("requested_slot", "request__account"),
    ):
        tracker.update(event)
    tracker.update(SlotSet("request__rights", ["deletion"]))
    assert len(tracker.events) > MOST_EVENTS
    await store.save(tracker)
    kept = await store.retrieve("in a form")
    assert len(kept.events) <= MOST_EVENTS // 2 and kept.active_loop_name == "request_form"
    assert (kept.get_slot("requested_slot"), kept.get_slot("request__rights")) == ("request__account", ["deletion"])


async def test_a_form_of_fifty_turns_stays_small_and_still_files(parts: Any) -> None:
    conversation, sizes = fresh_conversation(), []
    for text in ("delete my account", "yes", *["do you record calls?", "hm"] * 25):
        assert not (await parts.desk.reply(typed(text, conversation))).failed
        sizes.append(len((await parts.desk.agent.tracker_store.retrieve(conversation)).events))
    assert max(sizes) <= MOST_EVENTS
    for text in ("I have none", "no", "yes"):
        reply = await parts.desk.reply(typed(text, conversation))
    assert reply.request is not None and reply.request["rights"] == ["deletion"]


async def test_the_conversations_longest_unused_are_forgotten_first(
    parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rasa_agent, "MOST_CONVERSATIONS", 3)
    store = store_for(parts)
    for name in ("a", "b", "c", "a", "d"):
        await store.save(tracker_of(parts, name, 1))
    assert [await store.retrieve(name) is not None for name in "abcd"] == [True, False, True, True]


async def test_a_conversation_can_be_forgotten(parts: Any) -> None:
    store = store_for(parts)
    await store.save(tracker_of(parts, "gone", 2))
    await store.delete("gone")
    await store.delete("never there")
    assert await store.retrieve("gone") is None


async def test_turns_of_one_conversation_queue_in_the_order_they_came() -> None:
    locks, order, inside = queueing_lock_store()(), [], 0

    async def turn(number: int) -> None:
        nonlocal inside
        async with locks.lock("one"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(number)
            inside -= 1

    await asyncio.gather(*(turn(number) for number in range(50)))
    assert order == list(range(50)) and locks._locks == {}


async def test_other_conversations_do_not_wait() -> None:
    locks, held = queueing_lock_store()(), asyncio.Event()

    async def holder() -> None:
        async with locks.lock("held"):
            await held.wait()

    task = asyncio.create_task(holder())
    await asyncio.sleep(0)
    async with locks.lock("other"):
        assert not task.done()
    held.set()
    await task
    assert locks._locks == {}


async def test_a_turn_that_fails_or_is_given_up_leaves_no_lock_behind() -> None:
    locks = queueing_lock_store()()
    with pytest.raises(RuntimeError):
        async with locks.lock("one"):
            raise RuntimeError
    async with locks.lock("one"):
        waiting = asyncio.create_task(_entered(locks))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert locks._locks == {}
    assert await _entered(locks)


async def _entered(locks: Any) -> bool:
    async with locks.lock("one"):
        return True


async def test_an_exception_in_an_action_is_told_and_the_next_message_is_answered(
    parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = fresh_conversation()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a detail that nobody should read")

    with monkeypatch.context() as patch:
        patch.setattr(KnowledgeBase, "answer", broken)
        failed = await parts.desk.reply(typed("do you record calls?", conversation))
    assert failed.failed and failed.text == TROUBLE and failed.answer is None
    again = await parts.desk.reply(typed("do you record calls?", conversation))
    assert not again.failed and again.answer is not None and again.answer["kind"] == "denies"


async def test_an_action_that_hangs_is_told_of_and_others_are_answered_meanwhile(
    parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, conversation, let_go = Desk(parts.desk.agent, patience=0.3), fresh_conversation(), asyncio.Event()
    actions = parts.desk.agent.action_endpoint._executor.actions
    original = actions["action_answer_policy"]

    async def hanging(dispatcher: Any, tracker: Any, domain: Any) -> Any:
        if tracker.sender_id == conversation:
            await let_go.wait()
        return await original(dispatcher, tracker, domain)

    monkeypatch.setitem(actions, "action_answer_policy", hanging)
    assert (await desk.reply(typed("do you record calls?", conversation))).text == TROUBLE
    assert (await desk.reply(typed("are you there?", conversation))).text == TROUBLE  # it queues behind the first
    other = await Desk(parts.desk.agent).reply(typed("do you record calls?"))
    assert not other.failed
    let_go.set()
    await Desk(parts.desk.agent, _tasks=desk._tasks).drain()
    assert desk._tasks == set()
    assert not (await Desk(parts.desk.agent).reply(typed("do you record calls?", conversation))).failed


async def test_a_conversation_of_a_hundred_turns_stays_small_and_remembers_what_was_offered(parts: Any) -> None:
    conversation = fresh_conversation()
    questions = ("do you record calls?", "how long do you keep my data?", "thanks", "who gets my data?")
    sizes = []
    for number in range(99):
        reply = await parts.desk.reply(typed(questions[number % len(questions)], conversation))
        assert not reply.failed
        sizes.append(len((await parts.desk.agent.tracker_store.retrieve(conversation)).events))
    assert max(sizes) <= MOST_EVENTS
    await parts.desk.reply(typed("how do I delete my account?", conversation))
    asked = await parts.desk.reply(typed("yes please", conversation))
    assert "Which e-mail address" in asked.text
    tracker = await parts.desk.agent.tracker_store.retrieve(conversation)
    assert tracker.get_slot("request__rights") == ["deletion"]
