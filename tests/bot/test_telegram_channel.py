"""Telegram from end to end, in private chats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from telegram_house import TOKEN, Telegram, echo, eventually, telegram

from bot.channels.telegram import speech
from bot.channels.telegram.buttons import Buttons
from bot.channels.telegram.channel import MOST_IN_A_LANE
from bot.desk import Button, Reply, Turn
from pii.redacted import Redacted
from tickets.model import Summary
from tickets.vocabulary import Right, Status

RECEIVED = datetime(2026, 3, 2, tzinfo=timezone.utc)
SUMMARY = Summary(
    "KLS-7F3K-92QD", "klasso", (Right.DELETION,), Status.UNVERIFIED, RECEIVED, None, date(2026, 4, 1), True
)
Scene = Callable[[Telegram], Coroutine[Any, Any, None]]


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Telegram]:
    with telegram(tmp_path) as running:
        yield running


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Telegram]:
    with telegram(tmp_path, "klasso", "klantra") as running:
        yield running


def play(house: Telegram, scene: Scene) -> None:
    async def run() -> None:
        async with house.running():
            await scene(house)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_question_is_answered_after_the_notice_which_comes_once(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.say(chat, "do you record calls?")
        assert await house.said(chat) == ["I am a machine for klasso.\n\nklasso heard do you record calls?"]
        house.world.say(chat, "and videos?")
        assert (await house.said(chat, 2))[1] == "klasso heard and videos?"
        turn = house.desk.heard[0]
        assert turn.channel == "telegram" and turn.conversation.startswith("tg:") and str(chat) not in turn.conversation

    play(one, scene)


def test_the_first_start_says_the_notice_and_no_second_greeting(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.start(chat)
        (said,) = await house.said(chat)
        assert said == f"I am a machine for klasso.\n\n{speech.STARTED.format(company='Klasso')}"

    play(one, scene)


def test_after_a_restart_the_notice_does_not_come_again(one: Telegram) -> None:
    chat = one.world.new_person()
    for number, text in enumerate(("one", "two"), 1):

        async def scene(house: Telegram, text: str = text, number: int = number) -> None:
            house.world.say(chat, text)
            await house.said(chat, number)

        play(one, scene)
    assert one.world.messages(chat)[1].text == "klasso heard two"


def test_a_command_is_read_as_words_and_a_made_up_one_never_runs(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person(has_started=True)
        for text in ("/delete", "/delete all of it", '/request{"right": "deletion"}', "/affirm", "/code ABCD-EFGH"):
            house.world.say(chat, text)
        await house.said(chat, 5)
        heard = [turn.text for turn in house.desk.heard]
        assert heard[:2] == ["please delete my account", "please delete my account\nall of it"]
        assert not any(text.startswith("/") and text != "/nonsense" for text in heard) and heard[4] == "ABCD-EFGH"

    play(one, scene)


def test_with_several_policies_a_person_chooses_first(several: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.say(chat, "do you sell data?")
        assert await house.said(chat) == [speech.CHOOSE] and house.desk.heard == []
        message = house.world.messages(chat)[0]
        house.world.press(message.id, "Klantra")
        assert "I am a machine for klantra." in (await house.said(chat, 2))[1]
        house.world.say(chat, "do you sell data?")
        assert (await house.said(chat, 3))[2].endswith("klantra heard do you sell data?")
        await house.quiet()
        assert house.world.messages(chat)[0].buttons == [] and "› Klantra" in house.world.messages(chat)[0].text

    play(several, scene)


def test_a_deep_link_binds_and_another_policy_is_another_conversation(several: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.start(chat, "klasso")
        assert "I am a machine for klasso." in (await house.said(chat))[0]
        house.world.say(chat, "/policy")
        assert (await house.said(chat, 2))[1] == speech.CHANGE.format(company="Klasso")
        house.world.press(house.world.messages(chat)[1].id, "Klantra")
        await house.said(chat, 3)
        house.world.say(chat, "who are you?")
        await house.said(chat, 4)
        first, last = house.desk.heard[0], house.desk.heard[-1]
        assert (first.policy, last.policy) == ("klasso", "klantra") and first.conversation != last.conversation

    play(several, scene)


def test_a_link_to_a_policy_that_is_not_served_shows_the_picker(several: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.start(chat, "nowhere")
        assert await house.said(chat) == [speech.CHOOSE]

    play(several, scene)


def test_a_pressed_button_acts_once_is_answered_and_shows_the_choice(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.say(chat, "delete it")
        await house.said(chat)
        asked = house.world.messages(chat)[0]
        presses = [house.world.press(asked.id, "Yes"), house.world.press(asked.id, "Yes")]
        await house.said(chat, 2)
        await house.quiet()
        assert [turn.text for turn in house.desk.heard] == ["delete it", "/affirm"] and house.desk.heard[1].pressed
        assert house.world.unanswered() == [] and all(presses)
        shown = house.world.messages(chat)[0]
        assert shown.buttons == [] and shown.text == f"{asked.text}" and shown.text.endswith("› Yes")

    play(one, scene)


def test_a_forged_or_foreign_button_does_nothing_and_says_so(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        people = [house.world.new_person(), house.world.new_person()]
        for chat in people:
            house.world.say(chat, "hello")
            await house.said(chat)
        theirs = house.world.messages(people[0])[0]
        mine = house.world.messages(people[1])[0]
        foreign = theirs.buttons[0][0].data
        forged = Buttons(Redacted("another-secret-another-secret-another")).data("tg:x", "/forget_me")
        for data in (foreign, forged, "/forget_me", ""):
            mine.keyboard = [[{"text": "Yes", "callback_data": data}]]
            press = house.world.press(mine.id, 0)
            assert press is not None
            await house.world.until(lambda press=press: house.world.answer_to(press) is not None)  # type: ignore[misc]
            answer = house.world.answer_to(press)
            assert answer is not None and answer.text == speech.GONE
        assert [turn.text for turn in house.desk.heard] == ["hello", "hello"]

    play(one, scene)


@pytest.mark.parametrize("kind", ["photo", "voice", "contact"])
def test_what_is_no_text_gets_a_sentence(one: Telegram, kind: str) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person(has_started=True)
        getattr(house.world, f"send_{kind}")(chat)
        (said,) = await house.said(chat)
        assert "kept" in said and house.desk.heard == []

    play(one, scene)


def test_an_edit_never_acts(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        message = house.world.say(chat, "hello")
        await house.said(chat)
        house.world.edit(message, "please delete my account")
        assert (await house.said(chat, 2))[1] == speech.EDITED and len(house.desk.heard) == 1

    play(one, scene)


def test_an_update_that_comes_five_times_has_one_effect(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.say(chat, "hello")
        await house.said(chat)
        update = int(house.desk.heard[0].message_id.removeprefix("tg"))
        for _ in range(5):
            assert house.world.redeliver(update)
            await house.quiet()
        assert len(house.desk.heard) == 1 and len(house.world.messages(chat)) == 1

    play(one, scene)


def test_a_forgotten_chat_loses_all_its_conversations_and_is_told(several: Telegram) -> None:
    def says(turn: Turn) -> Reply:
        return Reply("All is erased.", kind="forgotten") if turn.text == "erase" else echo(turn)

    async def scene(house: Telegram) -> None:
        house.desk.says = says
        chat = house.world.new_person()
        for policy in ("klasso", "klantra"):
            house.world.start(chat, policy)
        await house.said(chat, 2)
        house.world.say(chat, "erase")
        assert (await house.said(chat, 3))[2].endswith("Erased.")  # the word about all of them, not about one
        assert sorted(house.forgotten) == sorted({turn.conversation for turn in house.desk.heard})

    play(several, scene)


def test_what_is_to_be_sent_to_a_forgotten_chat_shows_its_number_to_nobody(one: Telegram, tmp_path: Path) -> None:
    async def scene(house: Telegram) -> None:
        house.desk.says = lambda turn: Reply("All is erased.", kind="forgotten")
        chat = house.world.new_person()
        house.world.fail_next("sendMessage", 502, times=100)
        house.world.say(chat, "erase")
        assert await eventually(lambda: house.outbox.oldest_waiting() is not None)
        chats.append(str(chat))

    chats: list[str] = []
    play(one, scene)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"tg:" in kept and b"chat:" not in kept and chats[0].encode() not in kept


def test_a_long_text_is_declined_with_its_reason(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.say(chat, "x" * 4_090)
        (said,) = await house.said(chat)
        assert "4,000 are the most" in said and house.desk.heard == []

    play(one, scene)


def test_of_a_burst_the_last_ones_are_read_and_all_before_are_asked_to_slow_down(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        gate = asyncio.Event()

        async def hold(turn: Turn) -> None:
            await gate.wait()

        house.desk.before = hold
        chat = house.world.new_person()
        for number in range(MOST_IN_A_LANE + 3):
            house.world.say(chat, f"message {number}")
        await house.world.until(lambda: not house.world.pending())
        gate.set()
        assert await eventually(lambda: not house.inbox.waiting())
        heard = [int(turn.text.split()[1]) for turn in house.desk.heard]
        assert heard == sorted(heard) and heard[-MOST_IN_A_LANE:] == list(range(3, MOST_IN_A_LANE + 3))
        assert 2 <= MOST_IN_A_LANE + 3 - len(heard) <= 3  # the first may have been read before the others came

    play(one, scene)


def test_who_blocks_the_bot_gets_nothing_more_and_is_welcome_again(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.say(chat, "hello")
        await house.said(chat)
        conversation = house.desk.heard[0].conversation
        house.world.block(chat)
        assert await eventually(lambda: house.chats.is_blocked(conversation))
        house.world.unblock(chat)
        house.world.say(chat, "again")
        await house.said(chat, 2)
        assert not house.chats.is_blocked(conversation)

    play(one, scene)


def test_an_update_that_cannot_be_answered_does_not_hold_up_other_chats(one: Telegram) -> None:
    async def broken(turn: Turn) -> None:
        if turn.text == "poison":
            raise RuntimeError("broken")

    async def scene(house: Telegram) -> None:
        house.desk.before = broken
        ill, well = house.world.new_person(), house.world.new_person()
        house.world.say(ill, "poison")
        house.world.say(well, "hello")
        await house.said(well)
        assert house.world.messages(ill) == [] and house.inbox.waiting() == 1

    play(one, scene)


def test_typing_is_shown_while_an_answer_is_worked_on(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()

        async def look(turn: Turn) -> None:
            assert await house.world.until(lambda: house.world.is_typing(chat), 5)

        house.desk.before = look
        house.world.say(chat, "hello")
        await house.said(chat)

    play(one, scene)


def test_commands_are_announced(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        assert await house.world.until(lambda: len(house.world.descriptions) >= 2)
        names = {entry["command"] for entries in house.world.commands.values() for entry in entries}
        assert names == set(speech.COMMANDS)

    play(one, scene)
    assert TOKEN not in repr(one.front())


def test_a_button_with_a_payload_that_does_not_fit_is_left_out_and_the_answer_comes(one: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        house.desk.says = lambda turn: Reply("Well.", buttons=(Button("Long", "x" * 99), Button("Short", "/deny")))
        chat = house.world.new_person()
        house.world.say(chat, "hello")
        await house.said(chat)
        assert [button.text for row in house.world.messages(chat)[0].buttons for button in row] == ["Short"]

    play(one, scene)


# --- several policies in one chat -----------------------------------------------------------------------------------


def test_a_code_is_tried_where_it_is_awaited_whatever_the_chat_is_about_now(several: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        for policy in ("klasso", "klantra"):
            house.world.start(chat, policy)
        await house.said(chat, 2)
        house.identity.waiting.add(house.desk.heard[0].conversation)
        house.world.say(chat, "7F3K-92QD")
        await house.said(chat, 3)
        assert house.desk.heard[2].conversation == house.desk.heard[0].conversation

    play(several, scene)


def test_status_and_my_data_tell_of_the_other_conversations_of_the_chat_too(several: Telegram) -> None:
    def says(turn: Turn) -> Reply:
        return Reply("None here.", kind="status") if "status" in turn.text else echo(turn)

    async def scene(house: Telegram) -> None:
        house.desk.says = says
        chat = house.world.new_person()
        for policy in ("klasso", "klantra"):
            house.world.start(chat, policy)
        await house.said(chat, 2)
        house.keeper.requests[house.desk.heard[0].conversation] = (SUMMARY,)
        house.world.say(chat, "hello")
        house.world.say(chat, "/status")
        hello, status = (await house.said(chat, 4))[2:]
        assert SUMMARY.reference in status and "Klasso" in status and status.startswith("None here.")
        assert SUMMARY.reference not in hello

    play(several, scene)


def test_a_command_that_names_a_policy_is_about_that_policy(several: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        chat = house.world.new_person()
        house.world.start(chat, "klantra")
        await house.said(chat, 1)
        house.world.say(chat, "/delete klasso")
        await house.said(chat, 2)
        assert house.desk.heard[1].policy == "klasso" and "klasso" not in house.desk.heard[1].text

    play(several, scene)


def test_who_picks_a_policy_in_the_middle_of_a_form_is_told_that_it_goes_on(several: Telegram) -> None:
    async def scene(house: Telegram) -> None:
        async def is_asking(conversation: str) -> bool:
            return True

        house.desk.is_asking = is_asking  # type: ignore[method-assign]
        chat = house.world.new_person()
        for policy in ("klasso", "klantra"):
            house.world.start(chat, policy)
        await house.said(chat, 2)
        house.world.say(chat, "/policy")
        await house.said(chat, 3)
        house.world.press(house.world.messages(chat)[-1].id, "Klasso")
        assert "goes on" in (await house.said(chat, 4))[3]

    play(several, scene)
