"""Opens requests, tells what became of them, takes them back."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import offer_to_pass_on, pass_on_answer
from actions.filing import channel_of, file_question, file_referral
from actions.form import opening
from actions.own_data import forget
from actions.referral import OTHER, OWN, party_at_once, referral_for
from actions.request_form import FORM, ORIGIN, Draft, Step
from actions.services import Heard, Served, Services, policy_of
from actions.slots import ANSWER, ASKED, FORGET, OFFER, OWN_AFTER_ALL, WITHDRAW, standing_offer, then_listen
from actions.speaking import RIGHT_TOPIC, answer_data, outcomes_in_words
from actions.wording import accepts, turns_down_all, wanted_rights
from policies_kb.answering import Answer
from policies_kb.knowledge import Policy
from tickets.errors import MoveError, StoreError, UnknownRequestError
from tickets.model import Summary
from tickets.references import found_in
from tickets.vocabulary import OPEN, Right, Status
from tickets.words import RIGHT_WORDS, STATUS_WORDS, words_for

_STATUS = {"kind": "status"}  # see bot.desk.Reply
_WITHDRAWS = re.compile(
    r"\b(withdraw|cancel|revoke|retract|call off|take back|taking back)\b.*\b(request|it|that|deletion|complaint)\b|"
    r"\brequest\b.*\b(back|withdrawn|cancell?ed)\b|\b(take|taking) (it|that|my request) back\b|changed my mind",
    re.IGNORECASE,
)
_YES_WITHDRAW = {"title": "Yes, withdraw it", "payload": "/cancel"}
_NO = {"title": "No", "payload": "/deny"}


class ActionOpenRequest(Served, Action):
    """Says what the policy itself says about a right, and offers to open the request.

    A question is passed on at once. Where somebody else decides about this person's data, that comes first.
    """

    def name(self) -> str:
        """As in domain.yml."""
        return "action_open_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """A pressed button opens the form at once: the offer was made already."""
        services, heard = self._services(), Heard.of(tracker)
        policy = policy_of(services, heard)
        if turns_down_all(heard):
            return [FollowupAction("action_withdraw_request")]
        rights = wanted_rights(heard) or heard.rights
        if Right.QUESTION in rights:
            return await pass_on(services, dispatcher, tracker, heard)
        referral = referral_for(policy, rights)
        if heard.pressed:
            origin = tracker.get_slot(ORIGIN) or ""
            slots = opening(tracker, heard, rights, origin, None if heard.party == OWN else referral)
            return [SlotSet(OFFER, None), *slots, FollowupAction(FORM)]
        # "Delete the older one" may be the answer to "which of the two?": then it opens nothing by itself.
        if passing := await offer_to_pass_on(services, dispatcher, tracker, heard, rights):
            return [*opening(tracker, heard, (), heard.full_text, referral), *passing]
        party = party_at_once(referral, heard.text) if referral is not None else OWN
        if party == OTHER:
            await file_referral(services, dispatcher, tracker, heard, Draft(rights=rights, party=OTHER))
            # A "no, it is my own account" must not fall on deaf ears.
            offered = [OWN_AFTER_ALL, *(right.value for right in rights)]
            return [*opening(tracker, heard, (), heard.full_text, referral), SlotSet(OFFER, offered)]
        _say_policy(services, dispatcher, policy, heard, rights)
        dispatcher.utter_message(response="utter_offer_request", rights=words_for(rights), buttons=_offer_buttons())
        offered = [right.value for right in rights]
        slots = opening(tracker, heard, (), heard.full_text, None if party == OWN else referral)
        return [SlotSet(OFFER, offered), *slots]


def _offer_buttons() -> list[dict[str, str]]:
    return [{"title": "Yes, open a request", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}]


async def pass_on(
    services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard
) -> list[EventType]:
    """Pass a question on; without one, ask for it: nobody can answer a "yes"."""
    question = _question(tracker, heard)
    if not question:
        dispatcher.utter_message(response="utter_question_what")
        return [SlotSet(OFFER, [Right.QUESTION.value])]
    filed = await file_question(services, dispatcher, tracker, heard, question)
    return [SlotSet(OFFER, None), *([SlotSet(ASKED, None)] if filed else [])]


def _question(tracker: Tracker, heard: Heard) -> str:
    """The question that is passed on: the one the policy did not answer, and what was added to it."""
    asked = (tracker.get_slot(ASKED) or {}).get("text") or ""
    # A bare "yes" or "pass it on" adds nothing to what was asked.
    bare = heard.intent in ("affirm", "human") or accepts(heard, [Right.QUESTION.value])
    own = "" if heard.pressed or (bare and len(heard.text) < 40) else heard.full_text
    return "\n".join(dict.fromkeys(part for part in (asked, own) if part))


def _say_policy(
    services: Services, dispatcher: CollectingDispatcher, policy: Policy, heard: Heard, rights: tuple[Right, ...]
) -> None:
    """What the policy says about each right that was named, a topic once."""
    answers: list[Answer] = []
    topics = dict.fromkeys(RIGHT_TOPIC[right] for right in rights if right in RIGHT_TOPIC)
    for topic in topics:
        question = heard.text if len(topics) == 1 else topic.phrase
        answers.append(services.knowledge.answer(policy.profile.policy, question, {topic: 1.0}))
    if not answers:
        return
    silent = [answer for answer in answers if answer.kind.value == "silent"]
    name = "utter_policy_on_right_silent" if len(silent) == len(answers) else "utter_policy_on_right"
    first, *more = [answer for answer in answers if answer not in silent] or answers
    told = ", ".join(answer.topic.phrase for answer in silent)
    data = {"answer": answer_data(first), "more_answers": _without_repeats(first, more)}
    dispatcher.utter_message(
        response=name, company=policy.profile.name, rights=words_for(rights), topic=told, json_message=data
    )
    if silent and len(silent) < len(answers):
        dispatcher.utter_message(response="utter_policy_on_right_gaps", company=policy.profile.name, topic=told)


def _without_repeats(first: Answer, more: list[Answer]) -> list[dict[str, Any]]:
    """Further answers without the passages that stand above already."""
    shown = {quote.clause.id for quote in first.quotes}
    found = []
    for answer in more:
        data = answer_data(answer)
        data["quotes"] = [quote for quote in data["quotes"] if quote["clause"] not in shown]
        shown |= {quote["clause"] for quote in data["quotes"]}
        if data["quotes"] or data["steps"]:
            found.append(data)
    return found


class ActionAcceptOffer(Served, Action):
    """Does what was offered with the last answer."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_accept_offer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """A "yes" that answers nothing is met with a question."""
        return then_listen(tracker, await self._accept(dispatcher, tracker))

    async def _accept(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        services, heard = self._services(), Heard.of(tracker)
        offered = standing_offer(tracker)
        if offered == [FORM]:  # a draft that could not be saved
            return [SlotSet(OFFER, None), FollowupAction(FORM)]
        if offered == [WITHDRAW]:
            return [FollowupAction("action_withdraw_request")]
        if offered == [FORGET]:
            return forget(services, dispatcher, tracker, heard)
        if offered == [ANSWER]:
            return await pass_on_answer(services, dispatcher, tracker)
        rights = tuple(Right(name) for name in offered if name in RIGHT_WORDS)
        if Right.QUESTION in rights:
            return await pass_on(services, dispatcher, tracker, heard)
        if not rights and (passing := await offer_to_pass_on(services, dispatcher, tracker, heard)):
            return passing  # "yes" may be the answer itself
        if not rights:
            dispatcher.utter_message(response="utter_offer_accepted_unclear")
            return []
        referral = referral_for(policy_of(services, heard), rights) if OWN_AFTER_ALL not in offered else None
        origin = str(tracker.get_slot(ORIGIN) or (tracker.get_slot(ASKED) or {}).get("text") or "")
        is_own = OWN in (heard.party, tracker.get_slot(Step.PARTY.value))
        slots = opening(tracker, heard, rights, origin, None if is_own else referral)
        kept = _kept_account(tracker, slots)
        return [SlotSet(OFFER, None), *slots, *kept, FollowupAction(FORM)]


def _kept_account(tracker: Tracker, slots: list[EventType]) -> list[EventType]:
    """A contact that came with the wish is not asked for again."""
    before = tracker.get_slot("request__account")
    given = any(event.get("name") == "request__account" and event.get("value") for event in slots)
    return [SlotSet("request__account", before)] if before and not given else []


class ActionRequestStatus(Served, Action):
    """Tells what became of the requests of this conversation, or sends a code for one that was filed elsewhere."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_request_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """One line a request, newest first."""
        await self._tell(dispatcher, tracker)
        return then_listen(tracker, [])

    async def _tell(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        services, heard = self._services(), Heard.of(tracker)
        try:
            found = await asyncio.to_thread(services.requests.status_of, tracker.sender_id)
            if await reach_other(services, dispatcher, tracker, heard, found):
                return
        except StoreError:
            dispatcher.utter_message(response="utter_store_down")
            return
        if not found:
            dispatcher.utter_message(response="utter_status_none", json_message=_STATUS)
        else:
            lines = "\n".join(status_line(one) for one in found)
            dispatcher.utter_message(response="utter_status", requests=lines, json_message=_STATUS)


async def reach_other(
    services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard, own: tuple[Summary, ...]
) -> bool:
    """A reference that is not of this conversation: a code goes to the address on it, if there is one.

    The answer is the same whether the request exists or not.
    """
    reference = found_in(heard.text)
    if not reference or reference in {one.reference for one in own}:
        return False
    await asyncio.to_thread(
        services.identity.ask_reach, reference, tracker.sender_id, services.now(), channel_of(heard)
    )
    dispatcher.utter_message(response="utter_reach_asked", reference=reference)
    return True


class ActionWithdrawRequest(Served, Action):
    """Takes back the request that was named, else the newest open one of this conversation."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_withdraw_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Says plainly if there is none, or if it is too late."""
        offered = standing_offer(tracker)
        if offered != [WITHDRAW] and accepts(Heard.of(tracker), offered):
            return [FollowupAction("action_accept_offer")]  # "yes, erase it"
        return then_listen(tracker, await self._taken_back(dispatcher, tracker))

    async def _taken_back(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        services, heard = self._services(), Heard.of(tracker)
        try:
            found = await asyncio.to_thread(services.requests.status_of, tracker.sender_id)
            if await reach_other(services, dispatcher, tracker, heard, found):
                return [SlotSet(OFFER, None)]
            return await self._withdraw(services, dispatcher, tracker, heard, found)
        except StoreError:
            dispatcher.utter_message(response="utter_store_down")
        return [SlotSet(OFFER, None)]

    async def _withdraw(
        self,
        services: Services,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        heard: Heard,
        found: tuple[Summary, ...],
    ) -> list[EventType]:
        named = found_in(heard.text)
        open_ones = [one for one in found if one.status in OPEN and named in ("", one.reference)]
        if not open_ones:
            dispatcher.utter_message(response="utter_nothing_to_withdraw")
            return [SlotSet(OFFER, None)]
        reference = open_ones[0].reference
        is_sure = heard.pressed or named or _WITHDRAWS.search(heard.text)
        if not is_sure and standing_offer(tracker) != [WITHDRAW]:
            # "Stop" or "never mind" may mean something else; a request that is gone by mistake is a right lost.
            dispatcher.utter_message(
                response="utter_withdraw_sure", request=status_line(open_ones[0]), buttons=[_YES_WITHDRAW, _NO]
            )
            return [SlotSet(OFFER, [WITHDRAW])]
        try:
            await asyncio.to_thread(services.requests.withdraw, reference, tracker.sender_id, services.now())
            dispatcher.utter_message(response="utter_withdrawn", reference=reference)
            if len(open_ones) > 1:
                rest = "\n".join(status_line(one) for one in open_ones[1:])
                dispatcher.utter_message(response="utter_still_open", requests=rest)
        except (MoveError, UnknownRequestError):
            dispatcher.utter_message(response="utter_withdraw_impossible", reference=reference)
        return [SlotSet(OFFER, None)]


def status_line(one: Summary) -> str:
    """A request in one line."""
    due = f"; answer by {one.answer_by.day} {one.answer_by:%B %Y}" if one.status in OPEN else ""
    told = (
        outcomes_in_words(one) if one.status is Status.PARTLY_FULFILLED and one.outcomes else STATUS_WORDS[one.status]
    )
    return f"{one.reference}: {words_for(one.rights)}. {told[:1].upper()}{told[1:]}{due}."


ACTIONS = (ActionOpenRequest, ActionAcceptOffer, ActionRequestStatus, ActionWithdrawRequest)
