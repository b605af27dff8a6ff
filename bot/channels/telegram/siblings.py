"""The conversations of one chat about other policies: to the person they are one chat, so nothing may seem lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from bot.channels.telegram import speech
from tickets.chats import Bound, Chat, Chats
from tickets.vocabulary import OPEN
from tickets.words import STATUS_WORDS, words_for

if TYPE_CHECKING:
    from bot.channels.telegram.buttons import Buttons
    from tickets.model import Summary
    from tickets.retention import Keeper

ABOUT_REQUESTS = frozenset({"status", "my_data"})
"""Replies that tell what the chat holds."""


class AwaitsCode(Protocol):
    """The part of tickets.identity.Identity that is asked here."""

    def awaits_code(self, conversation: str, now: datetime) -> bool:
        """Whether a code was sent for this conversation that may still be typed."""


@dataclass(frozen=True)
class Siblings:
    """name_of: a policy's company."""

    chats: Chats
    keeper: "Keeper"
    identity: AwaitsCode
    name_of: Callable[[str], str]
    clock: Callable[[], datetime]

    async def awaiting_code(self, chat: Chat, bound: Bound) -> Bound | None:
        """The conversation that a typed code is for, if it is not the current one."""
        return await asyncio.to_thread(self._awaiting_code, chat, bound)

    async def pressed(self, chat: Chat, data: str, buttons: "Buttons") -> "tuple[Bound | None, str]":
        """Whose button it is and what it says: of any conversation of this chat, of no other chat."""
        for bound in await asyncio.to_thread(self.chats.bounds_of, chat):
            payload = buttons.payload(bound.conversation, data)
            if payload is not None:
                return bound, payload
        return None, ""

    async def told(self, chat: Chat, bound: Bound) -> str:
        """The requests of the others, to be said after those of the current one; empty if there are none."""
        return await asyncio.to_thread(self._told, chat, bound)

    def _awaiting_code(self, chat: Chat, bound: Bound) -> Bound | None:
        now = self.clock()
        if self.identity.awaits_code(bound.conversation, now):
            return None
        return next(
            (one for one in self._others(chat, bound) if self.identity.awaits_code(one.conversation, now)), None
        )

    def _told(self, chat: Chat, bound: Bound) -> str:
        lines = [
            _line(self.name_of(other.policy), request)
            for other in self._others(chat, bound)
            for request in self.keeper.my_data(other.conversation).requests
        ]
        return speech.ALSO_HERE + "\n".join(lines) if lines else ""

    def _others(self, chat: Chat, bound: Bound) -> list[Bound]:
        return [one for one in self.chats.bounds_of(chat) if one.conversation != bound.conversation]


def _line(company: str, request: "Summary") -> str:
    until = f"; answer by {request.answer_by.day} {request.answer_by:%B %Y}" if request.status in OPEN else ""
    words = STATUS_WORDS[request.status]
    return f"– {company}, {request.reference}: {words_for(request.rights)}. {words[:1].upper()}{words[1:]}{until}."
