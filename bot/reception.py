"""Where a message arrives: contacts and codes are taken out of it and given to tickets/ before the dialogue sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from bot.desk import NOT_UNDERSTOOD, Turn
from bot.intake import Taken, take
from bot.rasa_agent import utc_now
from pii.encryption import EncryptionError
from pii.masking import Contact
from pii.redacted import Redacted
from tickets.contacts import canonical, hint, is_mailable
from tickets.errors import TicketError
from tickets.identity import Outcome, looks_like_code
from tickets.vocabulary import ContactKind

if TYPE_CHECKING:
    from tickets.contacts import ContactBox
    from tickets.identity import Identity

PATIENCE = 2.5  # seconds for the database; with the desk's own patience a person hears of trouble within eight
PROVE = "/prove"  # what a checked code is to the dialogue
_log = structlog.get_logger("bot.reception")


@dataclass
class Reception:
    """Turns a typed text or a pressed button into a turn for the desk."""

    box: "ContactBox"
    identity: "Identity"
    clock: Callable[[], datetime] = utc_now
    patience: float = PATIENCE

    async def typed(self, conversation: str, policy: str, message_id: str, text: str, channel: str = "web") -> Turn:
        """A message that a person typed. Raises IntakeError for one that cannot be taken."""
        taken = take(text)
        code = looks_like_code(text)
        if code is not None:
            proof = await self._proof(conversation, code, text)
            if proof is not None:
                return Turn(conversation, policy, message_id, PROVE, PROVE, channel, proof=proof)
        contacts = await self._kept(conversation, taken)
        read = NOT_UNDERSTOOD if taken.is_command else taken.read
        return Turn(
            conversation,
            policy,
            message_id,
            read,
            taken.full,
            channel,
            taken.was_cut,
            contacts,
            raw_contacts=taken.found,
        )

    async def _soon(self, call: Callable[..., Any], *given: Any) -> Any:
        """A call of the store, with an end to the waiting."""
        return await asyncio.wait_for(asyncio.to_thread(call, *given), self.patience)

    async def _proof(self, conversation: str, code: Redacted, text: str) -> dict[str, Any] | None:
        """What became of the code; None if these are words and no code is awaited."""
        now = self.clock()
        try:
            result = await self._soon(self.identity.check_code, conversation, code, now)
        except (TicketError, EncryptionError, asyncio.TimeoutError) as error:
            _log.error("code_not_checked", kind=type(error).__name__)
            return {"outcome": "unchecked"}
        if result.outcome is Outcome.NONE and not any(map(str.isdigit, text)):
            return None  # letters alone, and nothing waits for a code: a word
        return {
            "outcome": result.outcome.value,
            "tries_left": result.tries_left,
            "purpose": result.purpose.value if result.purpose else "",
            "reference": result.reference,
        }

    async def _kept(self, conversation: str, taken: Taken) -> tuple[dict[str, Any], ...]:
        """Handles for the contacts of a message; an empty handle if the store is down."""
        if not taken.found:
            return ()
        try:
            handles = await self._soon(self.box.keep, conversation, taken.found, self.clock())
        except (TicketError, EncryptionError, asyncio.TimeoutError) as error:
            _log.error("contact_not_kept", kind=type(error).__name__)
            handles = {}
        return tuple(_entry(contact, handles.get(contact.placeholder, "")) for contact in taken.found)


def _entry(contact: Contact, handle: str) -> dict[str, Any]:
    """What the dialogue may know of a contact: a handle, a hint, and whether it can be used."""
    kind = ContactKind(contact.kind.value)
    value = canonical(kind, contact.value)
    complete = is_mailable(value) if kind is ContactKind.EMAIL else True
    return {
        "kind": kind.value,
        "placeholder": contact.placeholder,
        "handle": handle,
        "hint": hint(kind, value),
        "usable": bool(handle) and complete,
    }
