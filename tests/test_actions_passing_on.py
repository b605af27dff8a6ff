"""A question of the support team, answered in the conversation: the trained model, real actions and a real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from builders import fresh_conversation, fresh_id, played

from bot.desk import Reply, Turn
from bot.rendering import plain_text
from tickets.decisions import Decisions
from tickets.handling import Handling
from tickets.vocabulary import Remark, Status

pytestmark = pytest.mark.asyncio
OFFER = "Shall I pass this on as your answer to it?"
WISH = "please stop sending me marketing e-mails"  # needs no proof, so staff can begin at once
STAFF = "staff:0000000000000001"
ANSWER = "the account is mia@example.org, from 2024"


@dataclass
class Asked:
    """A conversation in which the support team has asked something."""

    parts: Any
    conversation: str
    reference: str

    async def say(self, text: str) -> Reply:
        """Type something; gives the desk's reply."""
        turn = await self.parts.reception.typed(self.conversation, "klasso", fresh_id(), text)
        reply: Reply = await self.parts.desk.reply(turn)
        return reply

    async def offered(self, text: str) -> bool:
        """Whether passing it on is offered."""
        return OFFER in plain_text(await self.say(text))

    @property
    def status(self) -> Status:
        return Status(self.parts.requests.show(self.reference).summary.status)

    def answers(self) -> list[str]:
        """What staff see of the person's answers."""
        said = Handling(self.parts.store, self.parts.vault, self.parts.mail).remarks(self.reference)
        return [one.text for one in said if one.kind is Remark.ANSWER]


@pytest.fixture
def ask(parts: Any) -> Callable[[], Awaitable[Asked]]:
    async def one() -> Asked:
        conversation = fresh_conversation()
        receipt = (await played(parts, conversation, wish=WISH)).request
        assert receipt is not None
        reference, now = str(receipt["reference"]), parts.clock()
        staff = Decisions(parts.store, parts.vault, parts.mail)
        staff.start(reference, STAFF, now)
        staff.ask_requester(reference, "Which account is it, and since when?", STAFF, now)
        return Asked(parts, conversation, reference)

    return one


async def test_a_typed_answer_reaches_staff_after_a_yes(ask: Callable[[], Awaitable[Asked]]) -> None:
    asked = await ask()
    reply = await asked.say(ANSWER)
    assert OFFER in plain_text(reply) and asked.reference in plain_text(reply)
    assert {"Yes, pass it on", "No"} <= {button.title for button in reply.buttons}
    assert asked.status is Status.AWAITING_REQUESTER and asked.answers() == []
    done = plain_text(await asked.say("yes"))
    assert "I have passed your answer on to the support team." in done
    assert asked.status is Status.IN_PROGRESS
    (told,) = asked.answers()
    assert told.startswith("the account is ") and told.endswith(", from 2024") and "mia@example.org" not in told
    hints = [one.hint for one in asked.parts.requests.show(asked.reference).contacts]
    assert "m…@example.org" in hints  # staff can look the address up, with a reason


async def test_a_no_passes_nothing_on(ask: Callable[[], Awaitable[Asked]]) -> None:
    asked = await ask()
    assert await asked.offered(ANSWER)
    await asked.say("no")
    assert asked.status is Status.AWAITING_REQUESTER and asked.answers() == []
    assert "passed your answer on" not in plain_text(await asked.say("yes"))  # the offer is gone
    assert asked.answers() == []


async def test_a_question_in_between_is_answered_and_not_offered(ask: Callable[[], Awaitable[Asked]]) -> None:
    asked = await ask()
    reply = await asked.say("how long do you keep my data?")
    assert reply.answer and reply.answer["quotes"] and OFFER not in plain_text(reply)
    assert await asked.offered(ANSWER)
    await asked.say("yes please")
    assert len(asked.answers()) == 1 and asked.status is Status.IN_PROGRESS


async def test_a_yes_after_a_question_in_between_passes_no_old_words_on(ask: Callable[[], Awaitable[Asked]]) -> None:
    asked = await ask()
    assert await asked.offered(ANSWER)
    await asked.say("how long do you keep my data?")
    await asked.say("yes")
    assert asked.answers() == [] and asked.status is Status.AWAITING_REQUESTER


@pytest.mark.parametrize(
    "typed",
    [
        ANSWER,
        "the one I opened for the choir of my church",
        "the second one",
        "it was in the spring of 2024",
        "the weather was awful when I signed up, so it must have been November",
        "mia2024xq",
        "I am not sure, maybe the older one",
        "the blue one with the football team",
        "4711",
        "delete the older one please",
        "please use the account of the school, one@example.org",
    ],
)
async def test_an_answer_of_any_kind_is_offered_to_be_passed_on(
    ask: Callable[[], Awaitable[Asked]], typed: str
) -> None:
    asked = await ask()
    assert await asked.offered(typed)
    await asked.say("yes")
    assert len(asked.answers()) == 1 and asked.status is Status.IN_PROGRESS


async def test_what_may_be_a_new_wish_too_gets_a_button_for_it(ask: Callable[[], Awaitable[Asked]]) -> None:
    asked = await ask()
    reply = await asked.say("delete the older one please")
    (wish,) = [button for button in reply.buttons if button.title.startswith("File a request: deletion")]
    assert OFFER in plain_text(reply) and "Shall I open a request" not in plain_text(reply)
    turn = Turn(asked.conversation, "klasso", fresh_id(), wish.payload, wish.payload)
    assert "address" in plain_text(await asked.parts.desk.reply(turn))  # the form has begun
    assert asked.answers() == []


@pytest.mark.parametrize("typed", ["what is the capital of France?", "skjdh qwpoe zmxnb", "let me think about it"])
async def test_without_a_question_of_staff_nothing_is_offered(parts: Any, typed: str) -> None:
    reply = await Asked(parts, fresh_conversation(), "").say(typed)
    assert OFFER not in plain_text(reply) and plain_text(reply).strip()
