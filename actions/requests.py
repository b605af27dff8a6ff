"""Takes requests down, tells what became of them, takes them back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.policy import ASKED, OFFER
from actions.services import Heard, Services, contact_of, policy_of, services_of_environment
from actions.speaking import RIGHT_TOPIC, answer_data, words_for
from policies_kb.answering import Answer
from policies_kb.knowledge import Policy
from tickets.errors import MoveError, TicketError, UnknownRequestError
from tickets.model import OpenRequest, Receipt, Summary
from tickets.vocabulary import OPEN, Channel, Regime, Right

LONGEST_TEXT = 4000


class ActionOpenRequest(Action):
    """Files a request and says what the policy itself says about that right."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_open_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """The receipt is said only after it is stored; a store that fails is admitted."""
        services = self._services or services_of_environment()
        heard = Heard.of(tracker)
        rights = heard.rights or (Right.QUESTION,)
        return await file_request(services, dispatcher, tracker, heard, rights)


class ActionAcceptOffer(Action):
    """Files what was offered with the last answer."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_accept_offer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """A "yes" that answers nothing is met with a question."""
        services = self._services or services_of_environment()
        offered = tuple(Right(name) for name in tracker.get_slot(OFFER) or ())
        if not offered:
            dispatcher.utter_message(response="utter_offer_accepted_unclear")
            return []
        return await file_request(services, dispatcher, tracker, Heard.of(tracker), offered)


class ActionRequestStatus(Action):
    """Tells what became of this conversation's requests."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_request_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """One line a request, newest first."""
        services = self._services or services_of_environment()
        found = await asyncio.to_thread(services.requests.status_of, tracker.sender_id)
        if not found:
            dispatcher.utter_message(response="utter_status_none")
        else:
            dispatcher.utter_message(response="utter_status", requests="\n".join(_line(one) for one in found))
        return []


class ActionWithdrawRequest(Action):
    """Takes back the newest open request of this conversation."""

    def __init__(self, services: Services | None = None) -> None:
        self._services = services

    def name(self) -> str:
        """As in domain.yml."""
        return "action_withdraw_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Says plainly if there is none, or if it is too late."""
        services = self._services or services_of_environment()
        found = await asyncio.to_thread(services.requests.status_of, tracker.sender_id)
        open_ones = [one for one in found if one.status in OPEN]
        if not open_ones:
            dispatcher.utter_message(response="utter_nothing_to_withdraw")
            return [SlotSet(OFFER, None)]
        reference = open_ones[0].reference
        try:
            await asyncio.to_thread(services.requests.withdraw, reference, tracker.sender_id, services.now())
            dispatcher.utter_message(response="utter_withdrawn", reference=reference)
        except (MoveError, UnknownRequestError):
            dispatcher.utter_message(response="utter_withdraw_impossible", reference=reference)
        return [SlotSet(OFFER, None)]


async def file_request(
    services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard, rights: tuple[Right, ...]
) -> list[EventType]:
    """File, then say the receipt with the policy's own words beside it."""
    policy = policy_of(services, heard)
    try:
        wish = _wish(policy, tracker, heard, rights)
        receipt = await _filed(services, wish)
    except TicketError as error:
        structlog.get_logger("actions").error("request_not_saved", kind=type(error).__name__)
        contact = contact_of(policy)
        turn_to = f"turn to {contact}." if contact else "write to the company."
        dispatcher.utter_message(response="utter_request_not_saved", contact=turn_to)
        return []
    answer = _policy_on(services, policy, heard, receipt.rights)
    dispatcher.utter_message(
        response=_receipt_response(receipt),
        rights=words_for(receipt.rights),
        reference=receipt.reference,
        date=f"{receipt.clock.answer_by.day} {receipt.clock.answer_by:%B %Y}",
        json_message={"request": _receipt_data(receipt), "answer": answer_data(answer) if answer else None},
        buttons=[{"title": "Take the request back", "payload": "/cancel"}],
    )
    return [SlotSet(OFFER, None)]


async def _filed(services: Services, wish: OpenRequest) -> Receipt:
    """File; rights that an open request of this conversation lacks are filed as a request of their own."""
    receipt = await asyncio.to_thread(services.requests.open_request, wish, services.now())
    if not receipt.missing:
        return receipt
    rest = replace(wish, rights=frozenset(receipt.missing), idempotency_key=f"{wish.idempotency_key}:rest")
    return await asyncio.to_thread(services.requests.open_request, rest, services.now())


def _wish(policy: Policy, tracker: Tracker, heard: Heard, rights: tuple[Right, ...]) -> OpenRequest:
    asked = tracker.get_slot(ASKED) or {}
    text = heard.full_text
    if Right.QUESTION in rights and asked.get("text") and asked["text"] != text:
        text = f"{asked['text']}\n{'' if text.startswith('/') else text}".strip()
    return OpenRequest(
        policy=policy.profile.policy,
        policy_version=policy.current.version,
        rights=frozenset(rights),
        channel=Channel(heard.channel) if heard.channel in {channel.value for channel in Channel} else Channel.WEB,
        conversation=tracker.sender_id,
        text=text[:LONGEST_TEXT],
        regimes=frozenset(Regime(name) for name in policy.profile.regimes),
        idempotency_key=heard.message_id or f"{tracker.sender_id}:{len(tracker.events)}",
    )


def _policy_on(services: Services, policy: Policy, heard: Heard, rights: tuple[Right, ...]) -> Answer | None:
    """What the policy says about the first right; None for a question that is passed on."""
    topic = next((RIGHT_TOPIC[right] for right in rights if right in RIGHT_TOPIC), None)
    if topic is None:
        return None
    return services.knowledge.answer(policy.profile.policy, topic.phrase, {topic: 1.0})


def _receipt_response(receipt: Receipt) -> str:
    if receipt.created and receipt.rights == (Right.QUESTION,):
        return "utter_request_question"  # no law sets a date for a plain question
    what = "opened" if receipt.created else "exists"
    return f"utter_request_{what}_{'target' if receipt.clock.is_target else 'law'}"


def _receipt_data(receipt: Receipt) -> dict[str, Any]:
    return {
        "reference": receipt.reference,
        "rights": [right.value for right in receipt.rights],
        "received": receipt.received.isoformat(),
        "status": receipt.status.value,
        "answer_by": receipt.clock.answer_by.isoformat(),
        "is_target": receipt.clock.is_target,
        "created": receipt.created,
    }


def _line(one: Summary) -> str:
    status = one.status.value.replace("_", " ")
    return f"{one.reference}: {words_for(one.rights)}, {status}, answer by {one.answer_by.isoformat()}"


ACTIONS = (ActionOpenRequest, ActionAcceptOffer, ActionRequestStatus, ActionWithdrawRequest)
