"""The page of a request over what the running assistant itself has packed and sealed, not over events made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import fresh_address, fresh_conversation, fresh_id, played
from queue_room import PAGES, words
from staff_people import CHEAP, Clock, browser, let_in, settings_of

from bot.desk import Reply
from console.app import create_app
from console.launch import make_house
from console.pages.request_conversation import conversation_of
from tickets.vocabulary import Role

pytestmark = pytest.mark.asyncio
QUESTION = "how long do you keep my data?"
ADDRESS = fresh_address()


@pytest.fixture
def clock(parts: Any) -> Clock:
    return Clock(parts.clock())


async def talk(parts: Any) -> tuple[str, Reply]:
    """A question, and then a request; gives its reference and the answer to the question."""
    conversation = fresh_conversation()
    answer = await parts.desk.reply(await parts.reception.typed(conversation, "klasso", fresh_id(), QUESTION))
    filed = await played(parts, conversation, ADDRESS)
    return str(filed.request["reference"]), answer  # type: ignore[index]


async def test_what_was_said_is_shown_in_order_with_the_clauses_that_were_cited(
    parts: Any, knowledge: Any, clock: Clock, tmp_path: Path
) -> None:
    reference, answer = await talk(parts)
    settings = settings_of(tmp_path)
    house = make_house(parts.store, parts.vault, knowledge, parts.mail, tmp_path, settings, clock, CHEAP)
    said = conversation_of(house, reference)
    typed = [one.text for one in said if one.is_person]
    assert typed[:2] == [QUESTION, "please delete my account"] and typed[-1] == "yes"
    assert typed.count(QUESTION) == 1
    assert [one.at for one in said] == sorted(one.at for one in said)
    (cited,) = [one.cited for one in said if one.cited][:1]
    quotes = (answer.answer or {})["quotes"]
    assert [one.path for one in cited] == [quote["url"] for quote in quotes]
    assert [one.text for one in cited] == [quote["text"] for quote in quotes]
    with browser(create_app(house, PAGES)) as client:
        page = let_in(client, house, clock, Role.AGENT, f"agent-{fresh_id('x')}").get(f"/requests/{reference}")
    shown = words(page).split("Conversation and notes")[-1]
    assert page.status_code == 200 and QUESTION in shown and shown.index(QUESTION) < shown.index("please delete my")
    assert " ".join(quotes[0]["text"].split())[:60] in shown
    assert ADDRESS not in page.text  # the address was taken out before the dialogue saw it
