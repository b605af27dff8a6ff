"""Small talk, and the way to a person."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import offer_to_pass_on
from actions.filing import WITHDRAW
from actions.services import Heard, Services, contact_of, policy_of, services_of_environment
from actions.slots import ASKED, OFFER, OWN_AFTER_ALL, standing_offer
from actions.speaking import offer_button
from actions.wording import accepts
from tickets.errors import StoreError
from tickets.vocabulary import OPEN, Right

_SMALL = 4  # words
NO_ANSWER = {
    "out_of_scope": "utter_out_of_scope",
    "nonsense": "utter_not_understood",
    "unsure": "utter_unsure",
}
"""What is said to what the policy cannot answer, by intent."""
SMALL_TALK = frozenset({"greet", "thanks", "bye", "how_are_you", "who_are_you", "praise", "frustration"})


class ActionSmallTalk(Action):
    """Answers a greeting, thanks, a goodbye, "are you a bot" and the like, each in its own way."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_small_talk"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Someone who is annoyed is offered a person."""
        services = self._services or services_of_environment()
        heard = Heard.of(tracker)
        kind = heard.detail if heard.detail in SMALL_TALK else "greet"
        buttons = [offer_button(Right.QUESTION)] if kind == "frustration" else []
        company = policy_of(services, heard).profile.name
        dispatcher.utter_message(response=f"utter_{kind}", company=company, buttons=buttons)
        offered = SlotSet(OFFER, [Right.QUESTION.value] if buttons else None)
        # "Thanks" is no answer to anything; "thanks, the one with the school's address" may be.
        says_more = len(heard.text.split()) > _SMALL
        return [offered, *(await offer_to_pass_on(services, dispatcher, tracker, heard) if says_more else ())]


class ActionOfferPerson(Action):
    """Says how a person is reached, and offers to pass the question on."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_offer_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """The contact is the policy's own; where it names none, that is said."""
        if accepts(Heard.of(tracker), standing_offer(tracker)):
            return [FollowupAction("action_accept_offer")]
        services = self._services or services_of_environment()
        policy = policy_of(services, Heard.of(tracker))
        contact = contact_of(policy) or "no address was found in it"
        dispatcher.utter_message(
            response="utter_offer_person",
            company=policy.profile.name,
            contact=f"{contact}.",
            buttons=[offer_button(Right.QUESTION)],
        )
        return [SlotSet(OFFER, [Right.QUESTION.value])]


class ActionDeclineOffer(Action):
    """Files nothing."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_decline_offer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Forgets the offer. A "no" to a referral means an account of one's own."""
        services = self._services or services_of_environment()
        offered, heard = standing_offer(tracker), Heard.of(tracker)
        if OWN_AFTER_ALL in offered or accepts(heard, offered):
            return [FollowupAction("action_accept_offer")]
        if not offered and (passing := await offer_to_pass_on(services, dispatcher, tracker, heard)):
            return passing  # "no" may be the answer itself
        company = policy_of(services, heard).profile.name
        # Only where a request was offered is it worth saying that none is filed.
        name = "utter_offer_declined" if set(offered) & {right.value for right in Right} else "utter_all_right"
        dispatcher.utter_message(response=name, company=company)
        return [SlotSet(OFFER, None)]


class ActionOtherLanguage(Action):
    """Owns up to reading English only."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_other_language"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """A person can read other languages, so the way to one is offered."""
        services, heard = self._services or services_of_environment(), Heard.of(tracker)
        dispatcher.utter_message(response="utter_other_language", buttons=[offer_button(Right.QUESTION)])
        asked = {"text": heard.full_text, "topics": {}, "shown": []}
        events = [SlotSet(OFFER, [Right.QUESTION.value]), SlotSet(ASKED, asked)]
        return [*events, *await offer_to_pass_on(services, dispatcher, tracker, heard)]


class ActionNoAnswer(Action):
    """Says that there is nothing to look up for this: it is not about privacy, no words, or not decided yet."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_no_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """What the policy cannot answer is often the answer to a question of the support team."""
        services, heard = self._services or services_of_environment(), Heard.of(tracker)
        if accepts(heard, standing_offer(tracker)):
            return [FollowupAction("action_accept_offer")]
        dispatcher.utter_message(response=NO_ANSWER.get(heard.intent, "utter_not_understood"))
        return await offer_to_pass_on(services, dispatcher, tracker, heard)


class ActionGoBack(Action):
    """Outside the form: what was filed can be taken back, not changed; an address alone asks for nothing."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_go_back"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Forgets what was offered; an address after an offer takes it up."""
        if accepts(Heard.of(tracker), standing_offer(tracker)):
            return [FollowupAction("action_accept_offer")]
        services, heard = self._services or services_of_environment(), Heard.of(tracker)
        if heard.contacts and (passing := await offer_to_pass_on(services, dispatcher, tracker, heard)):
            return passing  # an address alone often is the answer to "which account?"
        try:
            filed = await asyncio.to_thread(services.requests.status_of, tracker.sender_id)
        except StoreError:
            dispatcher.utter_message(response="utter_store_down")
            return []
        still_open = [one for one in filed if one.status in OPEN]
        if heard.contacts and still_open:
            reference = still_open[0].reference
            dispatcher.utter_message(response="utter_address_is_filed", reference=reference, buttons=[WITHDRAW])
        elif heard.contacts:
            dispatcher.utter_message(response="utter_address_unasked")
        elif still_open:
            return [FollowupAction("action_withdraw_request")]
        else:
            dispatcher.utter_message(response="utter_go_back_nothing")
        return [SlotSet(OFFER, None)]


ACTIONS = (
    *(ActionGoBack, ActionSmallTalk, ActionOfferPerson, ActionDeclineOffer),
    *(ActionOtherLanguage, ActionNoAnswer),
)
