"""A person's typed answer to a question of the support team: passed on once they say that it is one.

What is typed while a question waits may as well be a question about the policy, so it is answered as what it is, and
passing it on is offered beside that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.services import Heard, Services
from actions.slots import ANSWER, OFFER
from actions.speaking import offer_button
from actions.wording import QUESTION
from tickets.errors import InputError, StoreError
from tickets.vocabulary import Right

_BUTTONS = ({"title": "Yes, pass it on", "payload": "/affirm"}, {"title": "No", "payload": "/deny"})


async def offer_to_pass_on(
    services: Services,
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    heard: Heard,
    rights: Collection[Right] = (),
) -> list[EventType]:
    """Offer to pass on what was just typed, if a question waits and this is not a question itself.

    rights: what else it may have meant; each gets a button, because a "yes" can mean one thing only.
    """
    is_in_form = bool((tracker.active_loop or {}).get("name"))
    if services.handling is None or heard.pressed or is_in_form or QUESTION.search(heard.text):
        return []
    try:
        reference = await asyncio.to_thread(services.handling.awaits_answer, tracker.sender_id)
    except StoreError:
        return []  # what was typed is answered all the same
    if not reference:
        return []
    buttons = [*(dict(one) for one in _BUTTONS), *(offer_button(right) for right in rights)]
    dispatcher.utter_message(response="utter_answer_offered", reference=reference, buttons=buttons)
    return [SlotSet(OFFER, [ANSWER])]


async def pass_on_answer(services: Services, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
    """Pass on the message that the offer was about."""
    said = _offered_message(tracker)
    metadata = said.get("metadata") or {}
    text = str(metadata.get("full_text") or said.get("text") or "")
    handles = tuple(str(one["handle"]) for one in metadata.get("contacts") or () if one.get("handle"))
    if services.handling is None or not text:
        return [SlotSet(OFFER, None)]
    try:
        heard = await asyncio.to_thread(
            services.handling.answered, tracker.sender_id, text, services.now(), handles=handles
        )
    except (StoreError, InputError):
        # InputError: a contact in it was typed too long ago to be held. Nothing was saved either way.
        dispatcher.utter_message(response="utter_store_down")
        return []
    dispatcher.utter_message(response="utter_answer_passed_on" if heard else "utter_answer_not_awaited")
    return [SlotSet(OFFER, None)]


def _offered_message(tracker: Tracker) -> Mapping[str, Any]:
    """The typed message before the offer stood: contacts in it are handles, so it can be read from the dialogue."""
    is_before = False
    for event in reversed(tracker.events):
        if event.get("event") == "slot" and event.get("name") == OFFER and event.get("value") == [ANSWER]:
            is_before = True
        if is_before and event.get("event") == "user":
            return dict(event)
    return {}
