"""Erases a conversation everywhere: the tracker, what tickets/ holds of it, and what channels remember."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bot.rasa_agent import delete_tracker

if TYPE_CHECKING:
    from rasa.core.agent import Agent

    from tickets.model import Summary
    from tickets.retention import Keeper


@dataclass
class Forgetting:
    """The one way a conversation is erased. also: what else keeps something of it, such as a channel's memory."""

    agent: "Agent"
    keeper: "Keeper"
    clock: Callable[[], datetime]
    also: list[Callable[[str], None]] = field(default_factory=list)

    async def __call__(self, conversation: str, others: Sequence[str] = ()) -> str:
        """Erase, then give the sentence that says what stays and why. Raises if it could not be done.

        others: conversations of the same person that go with it, such as those of a chat about other policies.
        """
        staying: list[Summary] = []
        for one in (conversation, *others):
            staying += await self._erased(one)
        kept = ", ".join(f"{one.reference} (answer by {one.answer_by:%d.%m.%Y})" for one in staying)
        said = self._text("utter_forgotten_kept").format(requests=kept) if kept else ""
        return self._text("utter_forgotten").format(kept=said)

    async def _erased(self, conversation: str) -> "tuple[Summary, ...]":
        # Under the conversation's lock: no turn under way may write it anew.
        async with self.agent.lock_store.lock(conversation):
            await delete_tracker(self.agent, conversation)
            forgotten = await asyncio.to_thread(self.keeper.forget, conversation, self.clock())
        for forget in self.also:
            forget(conversation)
        return forgotten.staying

    def _text(self, name: str) -> str:
        responses = self.agent.domain.responses if self.agent.domain else {}
        return str(responses[name][0]["text"])
