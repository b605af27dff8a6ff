"""Takes updates in: read, reduced to what they mean, and durable in the inbox before Telegram is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.channels.telegram.heard import BotName, Heard, packed
from bot.channels.telegram.updates import read
from tickets.chats import Chats
from tickets.inbox import Inbox, Incoming

MOST_WAITING = 5_000  # messages of all channels; then Telegram keeps what is new, up to 24 hours
PATIENCE = 10.0  # seconds for the database


def source_of(bot_id: int) -> str:
    """Where the inbox has a bot's messages from."""
    return f"telegram:{bot_id}"


@dataclass
class Arrivals:
    """wake: called once something new waits, in the loop's own thread. bot: None until Telegram has told who we are."""

    inbox: Inbox
    chats: Chats
    clock: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None
    bot: BotName | None = None

    async def keep(self, updates: Sequence[object]) -> int:
        """Keep them in one transaction, in their order; gives how many were new. What is not for us leaves no trace.

        Raises tickets.errors.TicketError or asyncio.TimeoutError: then nothing was kept.
        """
        if self.bot is None:
            raise asyncio.TimeoutError("it is not known yet which bot this is")
        heard = [found for update in updates if (found := read(update, self.bot)).chat is not None]
        if not heard:
            return 0
        batch = [self._incoming(one, self.bot) for one in heard]
        new = await asyncio.wait_for(asyncio.to_thread(self.inbox.receive_all, batch, self.clock()), PATIENCE)
        if new:
            self.wake()
        return int(new)

    async def is_full(self) -> bool:
        """Whether so much waits that more should stay with Telegram. Raises as keep."""
        waiting = await asyncio.wait_for(asyncio.to_thread(self.inbox.waiting), PATIENCE)
        return bool(waiting > MOST_WAITING)

    def _incoming(self, heard: Heard, bot: BotName) -> Incoming:
        assert heard.chat is not None
        return Incoming(source_of(bot.id), str(heard.update_id), self.chats.lane_of(heard.chat), packed(heard))
