"""Requests by menu, for when Rasa, the model or the database fails: a few buttons, one question, a receipt.

It needs neither Rasa nor a model. Where the database is down too, the request waits in a synced file until it is back.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from bot.desk import TROUBLE, Button, Reply, Turn
from tickets.errors import TicketError
from tickets.model import OpenRequest, Proof, Receipt
from tickets.vocabulary import Channel, ContactKind, Regime, Right
from tickets.words import RIGHT_WORDS, words_for

if TYPE_CHECKING:
    from pii.masking import Contact
    from policies_kb.knowledge import KnowledgeBase
    from tickets.contacts import ContactBox
    from tickets.service import RequestService
    from tickets.spool import Spool

PREFIX = "menu:"
PATIENCE = 4.0  # seconds for the database; the file comes after that, still within eight
MOST_DRAFTS = 5_000
_SHORT = 25  # characters: an answer to the menu's question, not a question of one's own
RIGHTS = (Right.DELETION, Right.ACCESS, Right.CORRECTION, Right.OBJECTION, Right.QUESTION)
OFFER = "You can still leave a request here, by the buttons."
ASK_ACCOUNT = (
    "Which e-mail address or phone number is on your account? Type it, or press the button if you have none. "
    "Nothing is done before the support team has checked that the account is yours."
)
NO_ACCOUNT = "I need an e-mail address or a phone number, or press the button if you have none."
DROPPED = "All right, no request was opened."
FILED = "Your request is open ({rights}). Your reference is {reference}. The answer is expected by {date}."
CODE = "I have sent a code to {hint}. Type it here within 10 minutes."
SPOOLED = (
    "Your request ({rights}) is kept safely, with today as the day it was received. Its reference comes into this "
    "conversation as soon as our database is back."
)
NOT_SAVED = (
    "Your request could not be saved, so it does NOT exist. Please try again in a minute, or write to {company}."
)
_log = structlog.get_logger("bot.menu")


@dataclass
class Menu:
    """What is under way by menu, and where it is filed. Drafts live in memory; they hold no contact."""

    knowledge: "KnowledgeBase"
    requests: "RequestService"
    box: "ContactBox"
    spool: "Spool"
    clock: Callable[[], datetime]
    drafts: "OrderedDict[str, Right]" = field(default_factory=OrderedDict)
    patience: float = PATIENCE

    def offered(self, turn: Turn) -> Reply:
        """The honest word about a failure, with the menu."""
        buttons = tuple(Button(_title(right), f"{PREFIX}{right.value}") for right in RIGHTS)
        return Reply(TROUBLE, buttons=buttons, failed=True, closing=OFFER)

    def takes(self, turn: Turn) -> bool:
        """Whether a turn belongs to the menu: a button of it, or the account it has asked for.

        Anything else goes to the dialogue, which may be well again, and the menu's draft is dropped.
        """
        if turn.pressed:
            return turn.text.startswith(PREFIX)
        if turn.conversation not in self.drafts:
            return False
        if turn.raw_contacts or len(turn.full_text) <= _SHORT and "?" not in turn.full_text:
            return True
        del self.drafts[turn.conversation]
        return False

    async def reply(self, turn: Turn) -> Reply:
        """One step."""
        pressed = turn.text.removeprefix(PREFIX) if turn.pressed else ""
        if pressed in {right.value for right in RIGHTS}:
            return await self._chosen(turn, Right(pressed))
        right = self.drafts.pop(turn.conversation, None)
        if right is None or pressed == "cancel" or (not pressed and turn.full_text.strip().lower() == "cancel"):
            return Reply(DROPPED)
        if pressed == "none" or turn.raw_contacts:
            return await self._filed(turn, right)
        self.drafts[turn.conversation] = right
        return Reply(NO_ACCOUNT, buttons=_ACCOUNT_BUTTONS)

    async def _chosen(self, turn: Turn, right: Right) -> Reply:
        if right is Right.QUESTION:
            return await self._filed(turn, right)
        self.drafts[turn.conversation] = right
        while len(self.drafts) > MOST_DRAFTS:
            self.drafts.popitem(last=False)
        return Reply(ASK_ACCOUNT, buttons=_ACCOUNT_BUTTONS)

    async def _filed(self, turn: Turn, right: Right) -> Reply:
        wish = self._wish(turn, right)
        contact = turn.raw_contacts[0] if turn.raw_contacts else None
        try:
            filing = asyncio.to_thread(self._file, wish, contact, self.clock())
            return _receipt(await asyncio.wait_for(filing, self.patience))
        except (TicketError, asyncio.TimeoutError) as error:
            _log.error("menu_not_filed", kind=type(error).__name__)
        try:
            kept = (ContactKind(contact.kind.value), contact.value) if contact else None
            await asyncio.to_thread(self.spool.leave, wish, kept, self.clock())
            return Reply(SPOOLED.format(rights=RIGHT_WORDS[right]), kind="spooled")
        except TicketError as error:
            _log.error("menu_not_spooled", kind=type(error).__name__)
        company = self.knowledge.get(turn.policy).profile.name
        self.drafts[turn.conversation] = right
        return Reply(NOT_SAVED.format(company=company), buttons=_ACCOUNT_BUTTONS, failed=True)

    def _file(self, wish: OpenRequest, contact: "Contact | None", now: datetime) -> Receipt:
        if contact is not None:
            handles = self.box.keep(wish.conversation, [contact], now)
            wish = replace(wish, contacts=tuple(handles.values()))
        return self.requests.open_request(wish, now)

    def _wish(self, turn: Turn, right: Right) -> OpenRequest:
        policy = self.knowledge.get(turn.policy)
        return OpenRequest(
            policy=turn.policy,
            policy_version=policy.current.version,
            rights=frozenset({right}),
            channel=Channel(turn.channel),
            conversation=turn.conversation,
            text="filed by menu while the assistant was down",
            regimes=frozenset(Regime(name) for name in policy.profile.regimes),
            idempotency_key=turn.message_id,
        )


def _title(right: Right) -> str:
    return "Ask for a person" if right is Right.QUESTION else f"Request: {RIGHT_WORDS[right]}"


def _receipt(receipt: Receipt) -> Reply:
    day = receipt.clock.answer_by
    text = FILED.format(rights=words_for(receipt.rights), reference=receipt.reference, date=f"{day.day} {day:%B %Y}")
    if receipt.proof is Proof.CODE_SENT:
        text = f"{text} {CODE.format(hint=receipt.sent_to)}"
    return Reply(text, request=receipt.to_data())


_ACCOUNT_BUTTONS = (Button("I have none", f"{PREFIX}none"), Button("Cancel", f"{PREFIX}cancel"))
