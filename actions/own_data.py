"""What this desk itself holds about a person, and forgetting it."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.services import Heard, Served, Services, policy_of
from actions.slots import FORGET, OFFER
from tickets.errors import StoreError
from tickets.vocabulary import Right
from tickets.words import RIGHT_WORDS, words_for

SURE = "sure"


class ActionMyData(Served, Action):
    """Lists what the desk holds for this conversation, and how long."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_my_data"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Contacts only as hints."""
        services, heard = self._services(), Heard.of(tracker)
        try:
            held = await asyncio.to_thread(services.keeper.my_data, tracker.sender_id)
        except StoreError:
            dispatcher.utter_message(response="utter_store_down")
            return []
        requests = "\n".join(f"   – {one.reference}: {words_for(one.rights)}" for one in held.requests) or "   – none"
        dispatcher.utter_message(
            response="utter_my_data",
            company=policy_of(services, heard).profile.name,
            requests=requests,
            contacts=", ".join(held.hints) or "none",
            days=services.keeper.schedule.conversation,
            closed=services.keeper.schedule.closed,
            json_message={"kind": "my_data"},
            buttons=[
                {"title": "Erase this chat", "payload": "/forget_me"},
                {"title": "Ask the company for my data", "payload": '/request{"right": "access"}'},
            ],
        )
        return []


class ActionForgetMe(Served, Action):
    """Asks once, then erases this conversation; an account at the company is another matter, and that is said."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_forget_me"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """The second time, or with the button that says so, it is done."""
        services, heard = self._services(), Heard.of(tracker)
        if heard.detail == SURE or heard.step_pressed == SURE:
            return forget(services, dispatcher, tracker, heard)
        dispatcher.utter_message(
            response="utter_forget_sure",
            company=policy_of(services, heard).profile.name,
            buttons=[
                {"title": "Erase this chat", "payload": f'/forget_me{{"step": "{SURE}"}}'},
                {
                    "title": f"File a request: {RIGHT_WORDS[Right.DELETION]} of my account",
                    "payload": '/request{"right": "deletion"}',
                },
            ],
        )
        return [SlotSet(OFFER, [FORGET])]


def forget(services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard) -> list[EventType]:
    """Ask the desk to erase the conversation once this turn is over: Rasa saves it at the end of the turn."""
    dispatcher.utter_message(json_message={"forget": True})
    return []


ACTIONS = (ActionMyData, ActionForgetMe)
