"""From a confirmed draft to a filed request, and the words of its receipt."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import structlog
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.referral import letter, referral_quotes
from actions.request_form import MENTIONED, PARENTAL, Draft
from actions.services import Heard, Services, contact_of, policy_of
from actions.speaking import quote_data
from actions.wording import is_child
from policies_kb.knowledge import Policy
from tickets.errors import ContactGoneError, TicketError
from tickets.model import OpenRequest, Proof, Receipt
from tickets.vocabulary import Channel, EvidenceKind, Regime, Right
from tickets.words import words_for

LONGEST_TEXT = 4_000
ACCOUNT_LINE = "Logged in on the company's site as account:"
_NEXT = {
    Proof.CODE_SENT: "utter_next_code",
    Proof.BY_STAFF: "utter_next_staff",
    Proof.LATER: "utter_next_later",
    Proof.NOT_NEEDED: "utter_next_no_proof",
}
WITHDRAW = {"title": "Take the request back", "payload": "/cancel"}


async def file_drafted(
    services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard, draft: Draft
) -> bool:
    """File what was confirmed; False if it could not be saved, which is said. Raises ContactGoneError."""
    policy = policy_of(services, heard)
    wish = wish_of(policy, tracker, heard, draft.rights or (), _text(draft))
    given = draft.account or ()
    wish = replace(
        wish,
        contacts=tuple(str(one["handle"]) for one in given if not one.get(MENTIONED)),
        mentioned=tuple(str(one["handle"]) for one in given if one.get(MENTIONED)),
    )
    receipt = await filed(services, dispatcher, policy, wish)
    if receipt is None:
        return False
    say_receipt(dispatcher, receipt)
    return True


async def file_question(
    services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard, text: str
) -> bool:
    """Pass a question on to the support team; the answer comes back in this conversation."""
    policy = policy_of(services, heard)
    receipt = await filed(services, dispatcher, policy, wish_of(policy, tracker, heard, (Right.QUESTION,), text))
    if receipt is None:
        return False
    name = "utter_request_question" if receipt.created else "utter_request_exists"
    dispatcher.utter_message(
        response=name,
        reference=receipt.reference,
        date=_date(receipt),
        rights=words_for(receipt.rights),
        json_message={"request": receipt.to_data()},
        buttons=[WITHDRAW],
    )
    return True


async def file_referral(
    services: Services, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard, draft: Draft
) -> None:
    """Say who decides, with the clause and a letter to them, and log it. A log that fails does not hold the letter."""
    policy = policy_of(services, heard)
    referral = policy.profile.referral
    if referral is None:
        return
    rights = draft.rights or ()
    wish = replace(wish_of(policy, tracker, heard, rights, ""), referred_to=referral.who)
    try:
        receipt = await asyncio.to_thread(services.requests.open_request, wish, services.now())
    except TicketError as error:
        structlog.get_logger("actions").error("referral_not_logged", kind=type(error).__name__)
        receipt = None
    quotes = [quote_data(quote) for quote in referral_quotes(policy, referral)]
    answer = {"kind": "states", "topic": "controller_role", "quotes": quotes, "steps": [], "note": "", "condition": ""}
    data: dict[str, Any] = {"answer": answer, "request": receipt.to_data() if receipt else None}
    dispatcher.utter_message(
        response="utter_referred", company=policy.profile.name, who=referral.who, json_message=data
    )
    filled = letter(policy, referral, rights, services.now().date())
    dispatcher.utter_message(response="utter_letter", json_message={"letter": True}, **filled)
    right = next(iter(rights), Right.QUESTION)
    own = {"title": referral.not_concerned, "payload": f'/request{{"right": "{right.value}", "party": "own"}}'}
    logged = "utter_referral_logged" if receipt else "utter_referral_not_logged"
    dispatcher.utter_message(response=logged, reference=receipt.reference if receipt else "", buttons=[own])


async def filed(
    services: Services, dispatcher: CollectingDispatcher, policy: Policy, wish: OpenRequest
) -> Receipt | None:
    """File; None if the store failed, which is said with another way to the company.

    Rights that an open request of this conversation lacks are filed as a request of their own.
    """
    try:
        receipt = await asyncio.to_thread(services.requests.open_request, wish, services.now())
        if not receipt.missing:
            return receipt
        rest = replace(wish, rights=frozenset(receipt.missing), idempotency_key=f"{wish.idempotency_key}:rest")
        return await asyncio.to_thread(services.requests.open_request, rest, services.now())
    except ContactGoneError:
        raise
    except TicketError as error:
        structlog.get_logger("actions").error("request_not_saved", kind=type(error).__name__)
        contact = contact_of(policy)
        turn_to = f"turn to {contact}." if contact else "write to the company."
        dispatcher.utter_message(response="utter_request_not_saved", contact=turn_to)
        return None


def channel_of(heard: Heard) -> Channel:
    """How the message came; a developer's shell counts as the web."""
    return Channel(heard.channel) if heard.channel in {channel.value for channel in Channel} else Channel.WEB


def wish_of(policy: Policy, tracker: Tracker, heard: Heard, rights: tuple[Right, ...], text: str) -> OpenRequest:
    """A wish in this conversation; the key is that of the message, so a message that comes twice files once."""
    return OpenRequest(
        policy=policy.profile.policy,
        policy_version=policy.current.version,
        rights=frozenset(rights),
        channel=channel_of(heard),
        conversation=tracker.sender_id,
        text=_vouched(heard, text)[:LONGEST_TEXT],
        evidence=frozenset({EvidenceKind.LOGIN_TOKEN}) if heard.account else frozenset(),
        regimes=frozenset(Regime(name) for name in policy.profile.regimes),
        idempotency_key=heard.message_id or f"{tracker.sender_id}:{len(tracker.events)}",
    )


def _vouched(heard: Heard, text: str) -> str:
    """The text, after a line that tells staff which account the company's site vouched for."""
    return f"{ACCOUNT_LINE} {heard.account}\n{text}".rstrip() if heard.account else text


def _text(draft: Draft) -> str:
    """The person's own words; none for a child's data, so that no name of a child is stored before proof."""
    if PARENTAL & set(draft.rights or ()) or is_child(draft.origin):
        return ""
    return "\n".join(part for part in (draft.origin, draft.details) if part)


def say_receipt(dispatcher: CollectingDispatcher, receipt: Receipt) -> None:
    """Reference, due date with its working, what happens next."""
    if not receipt.created:
        dispatcher.utter_message(
            response="utter_request_exists",
            rights=words_for(receipt.rights),
            reference=receipt.reference,
            date=_date(receipt),
            json_message={"request": receipt.to_data()},
            buttons=[WITHDRAW],
        )
        return
    dispatcher.utter_message(
        response="utter_request_filed",
        rights=words_for(receipt.rights),
        reference=receipt.reference,
        json_message={"request": receipt.to_data()},
    )
    due = "utter_due_target" if receipt.clock.is_target else "utter_due_law"
    dispatcher.utter_message(response=due, date=_date(receipt))
    buttons = [{"title": "Send the code again", "payload": "/resend_code"}] if receipt.proof is Proof.CODE_SENT else []
    dispatcher.utter_message(response=_NEXT[receipt.proof], hint=receipt.sent_to, buttons=[*buttons, WITHDRAW])


def _date(receipt: Receipt) -> str:
    return f"{receipt.clock.answer_by.day} {receipt.clock.answer_by:%B %Y}"
