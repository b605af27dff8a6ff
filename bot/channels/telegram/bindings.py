"""Whose policy a chat is about: chosen by a deep link or from a picker; the only one, where only one is served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.channels.telegram.buttons import Buttons
from bot.desk import Button
from tickets.chats import Bound, Chat, Chats

PICK = "pick:"
"""What the payload of a picker's button begins with; the policy follows."""


@dataclass(frozen=True)
class Bindings:
    """policies: the ids of those that are served now."""

    chats: Chats
    policies: Callable[[], Sequence[str]]
    name_of: Callable[[str], str]
    buttons: Buttons
    clock: Callable[[], datetime]

    @property
    def only(self) -> str | None:
        """The policy, where there is but one."""
        served = self.policies()
        return served[0] if len(served) == 1 else None

    async def current(self, chat: Chat) -> Bound | None:
        """What the chat is about; None if a person has to choose first. Raises tickets.errors.StoreError."""
        found = await asyncio.to_thread(self.chats.current, chat)
        if found is not None and found.policy in self.policies():
            return found
        return await self.bind(chat, self.only) if self.only is not None else None

    async def bind(self, chat: Chat, policy: str) -> Bound:
        """From now on the chat is about that policy. Raises as current."""
        return await asyncio.to_thread(self.chats.bind, chat, policy, self.clock())

    def named(self, payload: str) -> str | None:
        """The policy that a deep link names, if it is served."""
        wanted = payload.strip().lower()
        return next((policy for policy in self.policies() if policy.lower() == wanted), None)

    def picker(self) -> tuple[Button, ...]:
        """A button for each policy. They hold in the scope of the chat, not of a conversation."""
        return tuple(Button(self.name_of(policy), f"{PICK}{policy}") for policy in self.policies())

    def scope(self, chat: Chat) -> str:
        """In which the picker's buttons hold: the private chat, or the whole group."""
        return self.chats.lane_of(Chat(chat.bot, chat.chat))

    def picked(self, chat: Chat, data: str) -> str | None:
        """The policy of a pressed picker; None if that is no picker's button of this chat, or it is not served now."""
        payload = self.buttons.payload(self.scope(chat), data) or ""
        return self.named(payload.removeprefix(PICK)) if payload.startswith(PICK) else None
