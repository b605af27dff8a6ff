"""The form of a request, as Rasa runs it: one action reads a message, one for each step asks, one files.

What the person has said so far lies in slots; a contact is only a handle there, the value lies in tickets/.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.filing import file_drafted, file_referral
from actions.referral import OTHER, OWN, referral_for
from actions.request_form import EMPTY, FORM, MENTIONED, ORIGIN, PARENTAL, REQUESTED, Draft, Heeded, Step, heed, skipped
from actions.services import Heard, Served, policy_of
from actions.slots import FORGET, OFFER, OWN_AFTER_ALL, standing_offer
from actions.speaking import MENU_RIGHTS
from actions.wording import accepts, is_child
from policies_kb.profile import Referral
from tickets.errors import ContactGoneError
from tickets.vocabulary import Right
from tickets.words import RIGHT_WORDS, words_for

_RESUMES = "utter_back_to_request"


class _FormAction(Served):
    """What the form's actions share."""

    def _referral(self, tracker: Tracker, draft: Draft) -> Referral | None:
        policy = policy_of(self._services(), Heard.of(tracker))
        return referral_for(policy, draft.rights or ())


class ValidateRequestForm(_FormAction, Action):
    """Reads a message in the middle of the form. Without events Rasa takes it for an interruption."""

    def name(self) -> str:
        """As in domain.yml."""
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Slots to set; a requested_slot of None ends the form."""
        requested = tracker.get_slot(REQUESTED)
        if not requested:
            return []
        draft, heard = Draft.of(tracker.slots), Heard.of(tracker)
        if standing_offer(tracker) == [FORGET] and (heard.intent in ("affirm", "deny") or accepts(heard, [FORGET])):
            return []  # it answers what was asked last: whether to erase the chat
        heeded = heed(draft, Step(requested), heard, self._referral(tracker, draft))
        if heeded is None:
            return []
        if heeded.say:
            rights = heeded.slots.get(Step.RIGHTS.value) or [right.value for right in draft.rights or ()]
            dispatcher.utter_message(response=heeded.say, rights=words_for([Right(name) for name in rights]))
        return self._events(tracker, draft, heeded, requested)

    def _events(self, tracker: Tracker, draft: Draft, heeded: Heeded, requested: str) -> list[EventType]:
        if heeded.leave:
            return [*_set(heeded.slots), SlotSet(Step.CONFIRMED.value, None), SlotSet(REQUESTED, None)]
        slots = dict(heeded.slots) or {requested: None}
        changed = slots.get(Step.RIGHTS.value)
        if changed:
            slots = self._fitted(tracker, draft, [Right(name) for name in changed]) | slots
        events = _set(slots)
        return [*events, SlotSet(REQUESTED, heeded.ask.value)] if heeded.ask else events

    def _fitted(self, tracker: Tracker, draft: Draft, rights: list[Right]) -> dict[str, Any]:
        """Other rights may need other steps."""
        policy = policy_of(self._services(), Heard.of(tracker))
        has_referral = referral_for(policy, tuple(rights)) is not None
        return skipped(tuple(rights), has_referral and draft.party is None)


def _set(slots: Mapping[str, Any]) -> list[EventType]:
    return [SlotSet(name, value) for name, value in slots.items()]


class _Ask(_FormAction, ABC):
    """Asks for one step, after a word that leads back to it if something else was talked about in between."""

    step = Step.RIGHTS

    def name(self) -> str:
        """As Rasa looks for it."""
        return f"action_ask_{FORM}_{self.step.value}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """One question, with buttons where there is a choice."""
        if standing_offer(tracker) == [FORGET]:
            return []  # one question at a time, and this one is whether to erase the chat
        if interrupted(tracker):
            dispatcher.utter_message(response=_RESUMES)
        self.ask(dispatcher, tracker, Draft.of(tracker.slots))
        return []

    @abstractmethod
    def ask(self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft) -> None:
        """Say it."""


def interrupted(tracker: Tracker) -> bool:
    """Whether the form let something else be answered in this turn, and speaks again after it."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "action_execution_rejected" and event.get("name") == FORM:
            return True
    return False


class AskRights(_Ask, Action):
    """What is to be done."""

    step = Step.RIGHTS

    def ask(self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft) -> None:
        """A menu; words do as well."""
        buttons = [
            {"title": RIGHT_WORDS[right].capitalize(), "payload": f'/request{{"right": "{right.value}"}}'}
            for right in MENU_RIGHTS
        ]
        dispatcher.utter_message(response="utter_ask_rights", buttons=buttons)


class AskParty(_Ask, Action):
    """Who decides about this person's data."""

    step = Step.PARTY

    def ask(self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft) -> None:
        """The profile's question."""
        referral = self._referral(tracker, draft)
        if referral is None:
            return
        buttons = [
            {"title": referral.concerned, "payload": f'/affirm{{"party": "{OTHER}"}}'},
            {"title": referral.not_concerned, "payload": f'/affirm{{"party": "{OWN}"}}'},
        ]
        dispatcher.utter_message(response="utter_ask_party", question=referral.ask, buttons=buttons)


class AskAccount(_Ask, Action):
    """Which e-mail address or phone number is on the account."""

    step = Step.ACCOUNT

    def ask(self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft) -> None:
        """For a child only the parent's own contact is asked."""
        rights = set(draft.rights or ())
        name = "utter_ask_account_parent" if rights & PARENTAL else "utter_ask_account"
        if is_child(draft.origin):
            name = "utter_ask_account_child"
        if rights <= {Right.COMPLAINT, Right.APPEAL}:
            name = "utter_ask_account_reply"
        company = policy_of(self._services(), Heard.of(tracker)).profile.name
        dispatcher.utter_message(response=name, company=company, buttons=[_CANCEL])


class AskDetails(_Ask, Action):
    """Anything that helps."""

    step = Step.DETAILS

    def ask(self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft) -> None:
        """A correction and a complaint need words of their own."""
        rights = set(draft.rights or ())
        name = "utter_ask_details"
        if Right.CORRECTION in rights:
            name = "utter_ask_details_correction"
        elif rights & {Right.COMPLAINT, Right.APPEAL}:
            name = "utter_ask_details_complaint"
        dispatcher.utter_message(response=name, buttons=[{"title": "Nothing to add", "payload": "/deny"}, _CANCEL])


class AskConfirmed(_Ask, Action):
    """The summary."""

    step = Step.CONFIRMED

    def ask(self, dispatcher: CollectingDispatcher, tracker: Tracker, draft: Draft) -> None:
        """Everything that will be filed, and ways to change it."""
        company = policy_of(self._services(), Heard.of(tracker)).profile.name
        dispatcher.utter_message(
            response="utter_ask_confirm",
            company=company,
            rights=words_for(draft.rights or ()),
            account=account_words(draft),
            details=draft.details or "nothing",
            buttons=[
                {"title": "Yes, open the request", "payload": "/affirm"},
                _change("Change the account", Step.ACCOUNT),
                _change("Change the details", Step.DETAILS),
                _CANCEL,
            ],
        )


_CANCEL = {"title": "Cancel", "payload": "/cancel"}


def _change(title: str, step: Step) -> dict[str, str]:
    return {"title": title, "payload": f'/go_back{{"step": "{step.value}"}}'}


def account_words(draft: Draft) -> str:
    """The account as it may be said back: a hint, never the address."""
    given = draft.account or ()
    account = ", ".join(str(one["hint"]) for one in given if not one.get(MENTIONED))
    mentioned = ", ".join(str(one["hint"]) for one in given if one.get(MENTIONED))
    said = account or "not named; the support team will ask in this conversation"
    return f"{said} (also named: {mentioned})" if mentioned else said


class ActionFileRequest(_FormAction, Action):
    """Ends the form: files what was confirmed, hands over a referral, or lets the draft go."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_file_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """The draft stays only where saving failed, so that "try again" needs no second telling."""
        draft, heard, services = Draft.of(tracker.slots), Heard.of(tracker), self._services()
        if draft.party == OTHER and draft.rights:
            await file_referral(services, dispatcher, tracker, heard, draft)
            offered = [OWN_AFTER_ALL, *(right.value for right in draft.rights)]
            return [*_set(EMPTY | {ORIGIN: draft.origin}), SlotSet(OFFER, offered)]
        if tracker.get_slot(Step.CONFIRMED.value) is True and draft.rights:
            try:
                if not await file_drafted(services, dispatcher, tracker, heard, draft):
                    return [SlotSet(Step.CONFIRMED.value, None), SlotSet(OFFER, [FORM])]
            except ContactGoneError:
                dispatcher.utter_message(response="utter_account_gone")
                again = {Step.ACCOUNT.value: None, Step.CONFIRMED.value: None}
                return [*_set(again), FollowupAction(FORM)]
        else:
            dispatcher.utter_message(response="utter_request_dropped")
        return _set(EMPTY | {OFFER: None})  # what was offered in the middle of the form is over


def opening(
    tracker: Tracker, heard: Heard, rights: tuple[Right, ...], origin: str, referral: Referral | None
) -> list[EventType]:
    """The slots with which the form begins; a contact that was given already is not asked for again."""
    slots = EMPTY | skipped(rights, referral is not None)
    if rights:
        slots[Step.RIGHTS.value] = [right.value for right in rights]
    if is_child(origin):
        slots[Step.DETAILS.value] = ""
    usable = [dict(contact) for contact in heard.contacts if contact["usable"]]
    if usable and not is_child(origin):
        slots[Step.ACCOUNT.value] = usable
    return _set(slots | {ORIGIN: origin})


ACTIONS = (ValidateRequestForm, AskRights, AskParty, AskAccount, AskDetails, AskConfirmed, ActionFileRequest)
