"""Requests by menu, where Rasa, the model or the database fails: honest words, a few buttons, a receipt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from broken_desk import Broken, payloads
from builders import fresh_address, fresh_id, mailed_code, said_in
from chatting import app_over, client_of, open_chat
from fakes import FailingAgent, HangingAgent, SilentAgent

from bot.desk import PATIENCE, TROUBLE, Button, Turn
from bot.launch import Parts
from bot.menu import PATIENCE as MENU_PATIENCE
from bot.menu import PREFIX, RIGHTS
from bot.reception import PATIENCE as RECEPTION_PATIENCE
from tickets.vocabulary import EvidenceKind, Right, Status

pytestmark = pytest.mark.asyncio


@pytest.fixture
def broken(parts: Parts, tmp_path: Path) -> Broken:
    return Broken(parts, tmp_path)


# --- the assistant fails -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", [FailingAgent(10**6), SilentAgent(), HangingAgent()])
async def test_whatever_the_assistant_does_the_person_hears_of_it_and_is_shown_the_menu(
    parts: Parts, tmp_path: Path, agent: Any
) -> None:
    began = time.monotonic()
    reply = await Broken(parts, tmp_path, agent).say("please delete my account")
    assert time.monotonic() - began < 2
    assert (reply.text, reply.failed, reply.request) == (TROUBLE, True, None) and "leave a request" in reply.closing
    assert payloads(reply) == [f"{PREFIX}{right.value}" for right in RIGHTS]
    assert len({button.title for button in reply.buttons}) == len(RIGHTS)


async def test_all_waiting_together_ends_within_eight_seconds() -> None:
    assert RECEPTION_PATIENCE + PATIENCE <= 8
    assert RECEPTION_PATIENCE + MENU_PATIENCE <= 7  # the file is written after that


async def test_a_request_by_menu_is_filed_and_its_code_mailed(broken: Broken) -> None:
    address = fresh_address()
    asked = await broken.press("menu:deletion")
    assert "Which e-mail address or phone number" in asked.text and broken.filed() == []
    assert asked.buttons == (Button("I have none", "menu:none"), Button("Cancel", "menu:cancel"))
    reply = await broken.say(f"it is {address}")
    (filed,) = broken.filed()
    assert (filed.rights, filed.status) == ((Right.DELETION,), Status.UNVERIFIED)
    assert filed.reference in reply.text and "I have sent a code to" in reply.text and not reply.failed
    assert address not in reply.text and f"{address[0]}…@example.org" in reply.text
    code = mailed_code(broken.parts, address)
    turn = await broken.parts.reception.typed(broken.conversation, "klasso", fresh_id(), code)
    assert turn.proof is not None and turn.proof["outcome"] == "right"
    assert broken.parts.requests.show(filed.reference).evidence == (EvidenceKind.MAILBOX_CONTROL,)


@pytest.mark.parametrize("right", [right for right in RIGHTS if right is not Right.QUESTION])
async def test_each_right_of_the_menu_can_be_filed_without_an_account(broken: Broken, right: Right) -> None:
    await broken.press(f"menu:{right.value}")
    reply = await broken.press("menu:none")
    (filed,) = broken.filed()
    assert filed.rights == (right,) and filed.reference in reply.text and "code" not in reply.text


async def test_a_person_is_asked_for_at_once(broken: Broken) -> None:
    reply = await broken.press("menu:question")
    (filed,) = broken.filed()
    assert filed.rights == (Right.QUESTION,) and filed.reference in reply.text


async def test_words_without_a_contact_are_asked_about_again(broken: Broken) -> None:
    await broken.press("menu:access")
    reply = await broken.say("blue")
    assert "I need an e-mail address" in reply.text and payloads(reply) == ["menu:none", "menu:cancel"]
    assert broken.filed() == []
    await broken.say("+44 20 7946 0123")
    assert [one.rights for one in broken.filed()] == [(Right.ACCESS,)]


@pytest.mark.parametrize("how", ["press", "say"])
async def test_cancelling_files_nothing_and_gives_the_conversation_back(broken: Broken, how: str) -> None:
    await broken.press("menu:deletion")
    reply = await (broken.press("menu:cancel") if how == "press" else broken.say("Cancel"))
    assert "no request was opened" in reply.text and broken.filed() == []
    assert (await broken.say("pat@example.org")).text == TROUBLE  # the assistant's turn again


async def test_an_address_where_nothing_was_chosen_files_nothing(broken: Broken) -> None:
    assert (await broken.press("menu:none")).request is None and broken.filed() == []
    assert (await broken.press("menu:nonsense")).request is None and broken.filed() == []


@pytest.mark.parametrize("typed", ["menu:question", "menu:deletion", " menu:question", "/menu:question"])
async def test_what_is_typed_is_never_a_button_of_the_menu(broken: Broken, typed: str) -> None:
    reply = await broken.say(typed)
    assert reply.text == TROUBLE and broken.filed() == [] and broken.menu.drafts == {}


async def test_a_press_that_comes_twice_files_once(broken: Broken) -> None:
    first, second = [await broken.press("menu:question", "the same") for _ in range(2)]
    assert len(broken.filed()) == 1 and first.text == second.text


async def test_two_conversations_do_not_share_a_draft(parts: Parts, tmp_path: Path) -> None:
    one, other = Broken(parts, tmp_path), Broken(parts, tmp_path)
    other.desk = one.desk
    await one.press("menu:deletion")
    assert (await other.say("pat@example.org")).text == TROUBLE and other.filed() == []


async def test_drafts_do_not_pile_up(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.menu.MOST_DRAFTS", 3)
    for number in range(10):
        await broken.desk.reply(Turn.of_button(f"test:{number}", "klasso", fresh_id(), "menu:deletion"))
    assert list(broken.menu.drafts) == ["test:7", "test:8", "test:9"]


async def test_over_http_the_menu_comes_with_signed_buttons_and_files(own_settings: Any, broken: Broken) -> None:
    async with client_of(app_over(own_settings, broken.parts, broken.desk)) as http:
        chat = await open_chat(http)
        failed = await chat.say("please delete my account")
        assert failed["text"] == TROUBLE and "leave a request" in said_in(failed)
        button = next(button for button in failed["buttons"] if "deletion" in button["title"])
        assert "menu:" not in button["token"]
        asked = await chat.press(button)
        filed = await chat.say(fresh_address())
        assert "Which e-mail address" in asked["text"] and "Your request is open (deletion)" in filed["text"]
