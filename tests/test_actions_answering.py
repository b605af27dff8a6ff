"""A typed answer to a question of the support team: offered to be passed on, and passed on with a yes alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hearing import ADDRESS, heard, pressed, with_contact
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import offer_to_pass_on, pass_on_answer
from actions.services import Heard, Services, utc_now
from actions.slots import ANSWER, OFFER, standing_offer
from actions.talk import NO_ANSWER, ActionNoAnswer
from tickets.errors import ContactGoneError, StoreUnavailableError


class Waiting:
    """In place of tickets.handling.Handling: a question waits, or not."""

    def __init__(self, reference: str = "KLS-7F3K-92QD", error: Exception | None = None) -> None:
        self.reference, self.error = reference, error
        self.passed_on: list[tuple[str, str, tuple[str, ...]]] = []

    def awaits_answer(self, conversation: str) -> str:
        if self.error:
            raise self.error
        return self.reference

    def answered(self, conversation: str, text: str, now: Any, handles: tuple[str, ...] = ()) -> bool:
        if self.error:
            raise self.error
        self.passed_on.append((conversation, text, handles))
        return bool(self.reference)


def services_with(handling: Any) -> Services:
    nothing: Any = None
    return Services(nothing, nothing, nothing, nothing, utc_now, handling)


def tracker_of(*events: dict[str, Any], offered: Any = None, loop: str = "") -> Tracker:
    slots = {OFFER: offered}
    return Tracker("c1", slots, {}, list(events), False, None, {"name": loop} if loop else {}, "action_listen")


def typed(text: str, **metadata: Any) -> dict[str, Any]:
    return {"event": "user", "text": text, "metadata": metadata}


OFFER_SET = {"event": "slot", "name": OFFER, "value": [ANSWER]}


def offer(handling: Any, said: Heard, loop: str = "") -> tuple[list[Any], list[dict[str, Any]]]:
    dispatcher = CollectingDispatcher()
    events = asyncio.run(offer_to_pass_on(services_with(handling), dispatcher, tracker_of(loop=loop), said))
    return events, dispatcher.messages


def test_what_is_typed_while_a_question_waits_is_offered_to_be_passed_on() -> None:
    events, (message,) = offer(Waiting(), heard("the account of my school"))
    assert events == [SlotSet(OFFER, [ANSWER])]
    assert (message["response"], message["reference"]) == ("utter_answer_offered", "KLS-7F3K-92QD")
    assert [button["payload"] for button in message["buttons"]] == ["/affirm", "/deny"]


@pytest.mark.parametrize(
    ("said", "loop"),
    [
        (heard("how long do you keep my data?"), ""),
        (heard("what about cookies"), ""),
        (pressed('/request{"right": "access"}'), ""),
        (heard("the account of my school"), "request_form"),
    ],
)
def test_a_question_a_button_and_the_form_are_left_alone(said: Heard, loop: str) -> None:
    assert offer(Waiting(), said, loop) == ([], [])


@pytest.mark.parametrize("handling", [Waiting(""), Waiting(error=StoreUnavailableError()), None])
def test_nothing_is_offered_where_nothing_waits_or_nobody_knows(handling: Any) -> None:
    assert offer(handling, heard("the account of my school")) == ([], [])


def no_answer(intent: str) -> tuple[list[Any], list[dict[str, Any]]]:
    dispatcher, tracker = CollectingDispatcher(), tracker_of(typed("the first one"))
    tracker.latest_message = {"text": "the first one", "intent": {"name": intent}}
    events = asyncio.run(ActionNoAnswer(services_with(Waiting())).run(dispatcher, tracker, {}))
    return events, dispatcher.messages


@pytest.mark.parametrize(("intent", "response"), NO_ANSWER.items())
def test_what_the_policy_cannot_answer_is_said_to_be_that_and_offered_to_be_passed_on(
    intent: str, response: str
) -> None:
    events, (said, offered) = no_answer(intent)
    assert said["response"] == response and offered["response"] == "utter_answer_offered"
    assert events == [SlotSet(OFFER, [ANSWER])]


def passed_on(handling: Any, *events: dict[str, Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    dispatcher = CollectingDispatcher()
    done = asyncio.run(pass_on_answer(services_with(handling), dispatcher, tracker_of(*events)))
    return done, dispatcher.messages


def test_a_yes_passes_on_the_words_that_were_offered_not_the_yes() -> None:
    waiting = Waiting()
    before = typed("cut", full_text="it is [email-1]", contacts=[ADDRESS])
    done, (message,) = passed_on(waiting, typed("hello"), before, OFFER_SET, typed("yes, and thank you"))
    assert waiting.passed_on == [("c1", "it is [email-1]", ("h1",))]
    assert done == [SlotSet(OFFER, None)] and message["response"] == "utter_answer_passed_on"


def test_an_answer_that_nobody_waits_for_any_more_is_said_to_be_none() -> None:
    _, (message,) = passed_on(Waiting(""), typed("the first one"), OFFER_SET, typed("yes"))
    assert message["response"] == "utter_answer_not_awaited"


@pytest.mark.parametrize("error", [StoreUnavailableError(), ContactGoneError()])
def test_what_was_not_saved_is_not_said_to_be(error: Exception) -> None:
    done, (message,) = passed_on(Waiting(error=error), typed("the first one"), OFFER_SET, typed("yes"))
    assert message["response"] == "utter_store_down" and done == []


def test_the_offer_stands_for_one_message_only() -> None:
    events = [typed("the first one"), OFFER_SET, typed("hm"), typed("yes")]
    assert standing_offer(tracker_of(*events, offered=[ANSWER])) == []
    assert standing_offer(tracker_of(*events[:3], offered=[ANSWER])) == [ANSWER]


def test_an_address_alone_may_be_the_answer() -> None:
    assert offer(Waiting(), with_contact("[email-1]", ADDRESS))[0] == [SlotSet(OFFER, [ANSWER])]
