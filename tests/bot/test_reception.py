"""Where a message arrives: contacts and codes are taken out before the dialogue sees it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import events_of, fresh_address, fresh_conversation, fresh_id, mailed_code, played

from bot.desk import NOT_UNDERSTOOD
from bot.intake import COMMANDS
from bot.launch import Parts
from bot.rasa_agent import utc_now
from bot.reception import PROVE, Reception
from tickets.contacts import ContactBox
from tickets.errors import StoreUnavailableError
from tickets.identity import Identity
from tickets.vocabulary import EvidenceKind, Status

pytestmark = pytest.mark.asyncio


async def arrived(parts: Parts, text: str, conversation: str = "", reception: Reception | None = None) -> Any:
    receiving = reception or parts.reception
    return await receiving.typed(conversation or fresh_conversation(), "klasso", fresh_id(), text)


async def test_words_arrive_as_they_are(parts: Parts) -> None:
    turn = await arrived(parts, "do you record calls?")
    assert (turn.text, turn.full_text, turn.contacts, turn.proof) == ("do you record calls?",) * 2 + ((), None)


# --- contacts ------------------------------------------------------------------------------------------------------


async def test_a_contact_becomes_a_handle_and_a_hint(parts: Parts) -> None:
    turn = await arrived(parts, "I am pat.roe@example.org or +44 20 7946 0123")
    assert turn.text == turn.full_text == "I am [email-1] or [phone-1]"
    address, phone = turn.contacts
    assert (address["kind"], address["hint"], address["usable"]) == ("email", "p…@example.org", True)
    assert (phone["kind"], phone["hint"], phone["usable"]) == ("phone", "…23", True)
    assert all(re.fullmatch("[0-9a-f]{32}", contact["handle"]) for contact in turn.contacts)
    dialogue_gets = json.dumps([turn.text, turn.full_text, turn.contacts])
    assert "pat.roe" not in dialogue_gets and "7946 0" not in dialogue_gets and "79460" not in dialogue_gets
    assert "pat.roe" not in repr(turn) and "79460" not in repr(turn)


async def test_the_value_behind_a_handle_lies_sealed_in_the_store(parts: Parts) -> None:
    conversation = fresh_conversation()
    await arrived(parts, "I am pat.roe@example.org", conversation)
    assert parts.keeper.my_data(conversation).hints == ("p…@example.org",)


@pytest.mark.parametrize("torn", ["pat@example", '"pat roe"@example.org', "pat..roe@example.org"])
async def test_an_address_that_nothing_can_be_sent_to_is_not_usable(parts: Parts, torn: str) -> None:
    (contact,) = (await arrived(parts, f"it is {torn}")).contacts
    assert contact["usable"] is False and contact["handle"]


async def test_a_store_that_is_down_gives_no_handle_and_the_message_still_arrives(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(ContactBox, "keep", down)
    turn = await arrived(parts, "I am pat.roe@example.org")
    assert turn.text == "I am [email-1]"
    assert [(one["handle"], one["usable"]) for one in turn.contacts] == [("", False)]


async def test_a_store_that_hangs_is_waited_for_no_longer_than_the_patience(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContactBox, "keep", lambda *_: time.sleep(0.6))
    began = time.monotonic()
    turn = await arrived(
        parts, "I am pat.roe@example.org", reception=Reception(parts.box, parts.identity, patience=0.1)
    )
    assert time.monotonic() - began < 0.5 and turn.contacts[0]["handle"] == ""


# --- codes ---------------------------------------------------------------------------------------------------------


async def filed(parts: Parts, address: str = "") -> tuple[str, str]:
    """A conversation with a request that waits for its code; gives its id and the code that was mailed."""
    conversation = fresh_conversation()
    address = address or fresh_address()
    await played(parts, conversation, address)
    return conversation, mailed_code(parts, address)


async def test_a_code_is_checked_before_rasa_and_reaches_no_tracker(parts: Parts) -> None:
    conversation, code = await filed(parts)
    turn = await arrived(parts, f"here it is: {code}", conversation)
    assert (turn.text, turn.full_text) == (PROVE, PROVE)
    assert turn.proof is not None and turn.proof["outcome"] == "right" and code not in repr(turn)
    reply = await parts.desk.reply(turn)
    assert "the mailbox is yours" in reply.text
    everything = json.dumps(await events_of(parts, conversation))
    assert code not in everything and code.replace("-", "") not in everything
    reference = turn.proof["reference"]
    assert parts.requests.show(reference).evidence == (EvidenceKind.MAILBOX_CONTROL,)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as in the mail": str,
    "with white space around it": " {} \n".format,
    "in small letters": str.lower,
    "with a blank": lambda code: code.replace("-", " "),
    "in one word": lambda code: code.replace("-", ""),
    "in marks": "`{}`".format,
    "in a sentence": "my code is {}.".format,
    "with a mark behind it": "{}!".format,
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_a_code_is_found_however_it_is_written(parts: Parts, spelled: Callable[[str], str]) -> None:
    conversation, code = await filed(parts)
    turn = await arrived(parts, spelled(code), conversation)
    assert turn.text == PROVE and turn.proof is not None and turn.proof["outcome"] == "right", spelled(code)


async def test_a_wrong_code_is_counted_and_said(parts: Parts) -> None:
    conversation, code = await filed(parts)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    for left in (4, 3, 2, 1, 0):
        turn = await arrived(parts, wrong, conversation)
        assert turn.proof is not None and (turn.proof["outcome"], turn.proof["tries_left"]) == ("wrong", left)
    turn = await arrived(parts, code, conversation)
    assert turn.proof is not None and turn.proof["outcome"] == "spent"
    assert "cannot be used any more" in (await parts.desk.reply(turn)).text


async def test_a_code_of_another_conversation_is_none_here(parts: Parts) -> None:
    conversation, code = await filed(parts)
    turn = await arrived(parts, code)
    assert turn.proof is not None and turn.proof["outcome"] == "none"
    (summary,) = parts.requests.status_of(conversation)
    assert summary.status is Status.UNVERIFIED and parts.requests.show(summary.reference).evidence == ()


async def test_a_code_is_good_for_ten_minutes(parts: Parts) -> None:
    conversation, code = await filed(parts)
    later = Reception(parts.box, parts.identity, lambda: utc_now() + timedelta(minutes=11))
    turn = await arrived(parts, code, conversation, later)
    assert turn.proof is not None and turn.proof["outcome"] == "expired"


async def test_a_store_that_is_down_leaves_the_code_unchecked(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any) -> Any:
        raise StoreUnavailableError("the disk is full")

    conversation, code = await filed(parts)
    with monkeypatch.context() as patch:
        patch.setattr(Identity, "check_code", down)
        turn = await arrived(parts, code, conversation)
    assert turn.proof == {"outcome": "unchecked"} and code not in repr(turn)
    assert "could not check the code" in (await parts.desk.reply(turn)).text
    again = await arrived(parts, code, conversation)
    assert again.proof is not None and again.proof["outcome"] == "right"


@pytest.mark.parametrize("text", ["withdraw", "my reference is KLS-7F3K-92QD", "REQUESTS", "in 2020 2026", "what data"])
async def test_words_that_are_no_code_stay_words(parts: Parts, text: str) -> None:
    conversation, _ = await filed(parts)
    turn = await arrived(parts, text, conversation)
    assert turn.proof is None and turn.text == text


# --- commands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ['/request{"right": "deletion"}', "/{}", '/prove{"outcome": "right"}'])
async def test_a_typed_command_arrives_as_one_that_is_not_understood(parts: Parts, typed: str) -> None:
    turn = await arrived(parts, typed)
    assert (turn.text, turn.proof) == (NOT_UNDERSTOOD, None) and not turn.full_text.startswith("/")


async def test_an_announced_command_arrives_as_its_words(parts: Parts) -> None:
    assert (await arrived(parts, "/delete")).text == COMMANDS["delete"]
