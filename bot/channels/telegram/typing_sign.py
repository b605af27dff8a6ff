"""Shows people that an answer is being worked on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.channels.telegram.calls import Calls, politely

SHOWN_SECONDS = 4.5  # Telegram shows it for five


class Typing:
    """Best effort: no answer waits for it, and no call is broken off half-way, which would break its connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def shown(self, chat: int) -> AsyncIterator[None]:
        """While the block lasts."""
        is_done = asyncio.Event()
        task = asyncio.create_task(self._show(chat, is_done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            yield
        finally:
            is_done.set()

    async def _show(self, chat: int, is_done: asyncio.Event) -> None:
        while not is_done.is_set():
            await politely(self._calls.typing(chat))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(is_done.wait(), SHOWN_SECONDS)
