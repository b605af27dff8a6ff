"""Answers from the policy."""

from __future__ import annotations

from datetime import date
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import offer_to_pass_on
from actions.services import Heard, Services, policy_of, services_of_environment
from actions.slots import ASKED, OFFER, standing_offer
from actions.speaking import OFFERED, answer_data, offer_button, quote_data, response_name
from actions.wording import accepts
from policies_kb.answering import AnswerKind, Quote, further, main_topic
from policies_kb.knowledge import Policy
from policies_kb.since import Whence, since_when
from policies_kb.topics import Topic
from tickets.references import found_in
from tickets.vocabulary import Right


class ActionAnswerPolicy(Action):
    """Quotes the clauses that answer a question, or says that there are none."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_answer_policy"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """One message: the introduction, the quotes as data, and buttons for what can be done next."""
        if accepts(Heard.of(tracker), standing_offer(tracker)):
            return [FollowupAction("action_accept_offer")]
        if found_in(Heard.of(tracker).text):
            return [FollowupAction("action_request_status")]  # whoever names a reference asks about that request
        services = self._services or services_of_environment()
        heard = Heard.of(tracker)
        policy = policy_of(services, heard)
        if _asks_since_when(policy, heard, services.now().date()):
            return [FollowupAction("action_what_changed")]
        found = services.knowledge.answer(policy.profile.policy, heard.text, heard.topics)
        _log(found.kind, policy.profile.policy, found.topic)
        offered = [Right.QUESTION] if found.kind in (AnswerKind.SILENT, AnswerKind.CONFLICT) else []
        offered += [OFFERED[found.topic]] if found.topic in OFFERED else []
        dispatcher.utter_message(
            response=response_name(found, policy),
            company=policy.profile.name,
            topic=found.topic.phrase,
            condition=found.condition,
            json_message={"answer": answer_data(found)},
            buttons=[offer_button(right) for right in offered],
        )
        shown = [quote.clause.id for quote in found.quotes]
        events = [SlotSet(OFFER, [right.value for right in offered[:1]]), SlotSet(ASKED, _asked(heard, shown))]
        return [*events, *await offer_to_pass_on(services, dispatcher, tracker, heard)]


class ActionMore(Action):
    """Quotes what comes after the clauses that were shown for the last question."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_more"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Says so if there is nothing more."""
        if accepts(Heard.of(tracker), standing_offer(tracker)):
            return [FollowupAction("action_accept_offer")]
        services = self._services or services_of_environment()
        policy = policy_of(services, Heard.of(tracker))
        asked = tracker.get_slot(ASKED)
        quotes: tuple[Quote, ...] = ()
        if asked:
            topics = {Topic(name): share for name, share in asked["topics"].items()}
            question = policy.question_text.plain(asked["text"])
            quotes = further(policy.index, question, topics, asked["shown"])
        if not quotes:
            dispatcher.utter_message(response="utter_nothing_more", buttons=[offer_button(Right.QUESTION)])
            return [SlotSet(OFFER, [Right.QUESTION.value])]
        data = {
            "kind": "states",
            "topic": "",
            "quotes": [quote_data(quote) for quote in quotes],
            "steps": [],
            "note": "",
        }
        dispatcher.utter_message(
            response="utter_answer_more", company=policy.profile.name, json_message={"answer": data | {"condition": ""}}
        )
        return [SlotSet(ASKED, asked | {"shown": [*asked["shown"], *(quote.clause.id for quote in quotes)]})]


def _asks_since_when(policy: Policy, heard: Heard, today: date) -> bool:
    """Whether a question on changes names a day from which there are some to tell: "has it changed since March?"."""
    if len(policy.versions) < 2 or main_topic(heard.topics) is not Topic.CHANGE:
        return False
    return since_when(heard.text, today, policy.versions).whence is not Whence.PREVIOUS


def _asked(heard: Heard, shown: list[str]) -> dict[str, Any]:
    """The question as it is remembered for "more"; shown: ids of the clauses quoted so far."""
    topics = {topic.value: share for topic, share in heard.topics.items()}
    return {"text": heard.text, "topics": topics, "shown": shown}


def _log(kind: AnswerKind, policy: str, topic: Topic) -> None:
    structlog.get_logger("actions").info("question_answered", policy=policy, topic=topic.value, kind=kind.value)


ACTIONS = (ActionAnswerPolicy, ActionMore)
