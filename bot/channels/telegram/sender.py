"""Sends what waits for Telegram conversations: our replies, and what the support team writes.

A reply (kind "reply") is a Rendered message; anything else is plain text, in which nothing is markup. The recipient is
a conversation, or a sealed chat where none is bound yet or it was just erased.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import datetime

from bot.channels.telegram.calls import Calls
from bot.channels.telegram.rendered import Rendered
from bot.channels.telegram.rendering import with_hidden_addresses
from bot.channels.telegram.units import parts_of
from pii.encryption import EncryptionError, Sealed, Vault
from pii.redacted import Redacted
from tickets.chats import Chat, Chats
from tickets.outbox import Parcel
from tickets.worker import Refused

REPLY = "reply"
"""The kind of letters whose text is a Rendered message."""
SEALED_CHAT = "chat:"
_PLACE = "outbox.chat"


def sealed_chat(vault: Vault, chat: Chat) -> str:
    """A recipient for what must arrive without a conversation. The chat's number is readable with our keys alone."""
    sealed = vault.seal(Redacted(json.dumps([chat.bot, chat.chat, chat.member])), _PLACE)
    return f"{SEALED_CHAT}{sealed.key}:{base64.urlsafe_b64encode(sealed.data).decode()}"


class TelegramSender:
    """See tickets.worker.Sender. bot: our own number; chats of another bot are not written to."""

    def __init__(
        self, calls: Calls, chats: Chats, vault: Vault, clock: Callable[[], datetime], bot: str | None = None
    ) -> None:
        self._calls = calls
        self._chats = chats
        self._vault = vault
        self._clock = clock
        self._bot = bot

    async def send(self, parcel: Parcel) -> None:
        """Send one message. Raises Refused where trying again is no use, RetryLater where Telegram says when."""
        recipient = parcel.recipient.reveal()
        chat = await asyncio.to_thread(self._chat_of, recipient)
        if chat is None or (self._bot is not None and chat.bot != self._bot):
            raise Refused("not_a_chat")
        try:
            for message in _messages(parcel):
                await self._calls.send(chat.chat, message)
        except Refused as refused:
            if refused.kind == "blocked" and not recipient.startswith(SEALED_CHAT):
                await asyncio.to_thread(self._chats.blocked, recipient, self._clock())
            raise

    async def close(self) -> None:
        """Let the connections go."""
        await self._calls.close()

    def _chat_of(self, recipient: str) -> Chat | None:
        try:
            if recipient.startswith(SEALED_CHAT):
                key, _, data = recipient.removeprefix(SEALED_CHAT).partition(":")
                sealed = Sealed(key, base64.urlsafe_b64decode(data))
                return Chat(*json.loads(self._vault.open(sealed, _PLACE).reveal()))
            return self._chats.address_of(recipient)
        except (EncryptionError, ValueError, TypeError):
            return None


def _messages(parcel: Parcel) -> list[Rendered]:
    text = parcel.text.reveal()
    if parcel.kind != REPLY:
        return [with_hidden_addresses(Rendered(part)) for part in parts_of(text)]
    try:
        return [Rendered.from_json(text)]
    except (ValueError, KeyError, TypeError):
        raise Refused("not_a_message") from None
