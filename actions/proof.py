"""Codes: what became of one that was typed, and another one on request. The code itself never gets here."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.requests import status_line
from actions.services import Heard, Served
from tickets.errors import StoreError
from tickets.identity import SendOutcome
from tickets.vocabulary import Purpose


class ActionSayProof(Served, Action):
    """Says what became of a typed code; intake has checked it before this message came."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_say_proof"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Right, wrong with the tries left, spent, expired, or no code awaited."""
        proof = Heard.of(tracker).proof or {"outcome": "none"}
        outcome = str(proof["outcome"])
        if outcome == "right" and proof.get("purpose") == "reach":
            services = self._services()
            found = await asyncio.to_thread(services.requests.status_of, tracker.sender_id)
            lines = "\n".join(status_line(one) for one in found)
            dispatcher.utter_message(response="utter_proof_reached", requests=lines)
            return []
        if outcome != "unchecked" and proof.get("purpose") != "prove":
            # The same words whether the request of a reference named here exists or not.
            dispatcher.utter_message(response="utter_proof_not_reached")
            return []
        again = [{"title": "Send another code", "payload": "/resend_code"}]
        dispatcher.utter_message(
            response=_OUTCOMES[outcome],
            left=proof.get("tries_left", 0),
            reference=proof.get("reference", ""),
            buttons=again if outcome in ("expired", "wrong") else [],
        )
        return []


class ActionResendCode(Served, Action):
    """Sends another code; the tries already made stay counted."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_resend_code"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Says where it went, or why none was sent."""
        if _HOW.search(Heard.of(tracker).text):
            dispatcher.utter_message(response="utter_code_how")
            return []
        services = self._services()
        try:
            result = await asyncio.to_thread(services.identity.send_again, tracker.sender_id, services.now())
        except StoreError:
            dispatcher.utter_message(response="utter_store_down")
            return []
        if result.purpose is not Purpose.PROVE:
            dispatcher.utter_message(response="utter_code_maybe")
            return []
        dispatcher.utter_message(response=_SENDINGS[result.outcome], hint=result.sent_to)
        return []


# "I got a code, what do I do with it?" must not make the code that came worthless.
_HOW = re.compile(r"\b(what|how|where)\b.*\b(do|type|enter|put|use|with)\b", re.IGNORECASE)
_OUTCOMES = {
    "right": "utter_proof_right",
    "wrong": "utter_proof_wrong",
    "spent": "utter_proof_spent",
    "expired": "utter_proof_expired",
    "unchecked": "utter_proof_unchecked",
}
_SENDINGS = {
    SendOutcome.SENT: "utter_code_sent_again",
    SendOutcome.TOO_MANY: "utter_code_too_many",
    SendOutcome.NONE: "utter_code_maybe",
}


ACTIONS = (ActionSayProof, ActionResendCode)
