"""How fast we may speak: 30 messages a second in all, one a second to a person, 20 a minute to a group.

The figures are those of core.telegram.org/bots/faq ("My bot is hitting limits"). A burst and what refills meanwhile
stay below them in any second or minute. What Telegram asked us to wait for is waited for by everybody in that chat.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter

from tickets.worker import RetryLater

MOST_CHATS = 10_000
_GROUP_BURST = 10.0
_GROUP_SECONDS = 60 / 10  # between two messages, after a burst: 10 + 10 a minute


def _overall() -> AsyncLimiter:
    return AsyncLimiter(4, 4 / 25)  # 4 + 25 a second


def _of_person() -> AsyncLimiter:
    return AsyncLimiter(1, 1.0)


def _of_group() -> AsyncLimiter:
    return AsyncLimiter(_GROUP_BURST, _GROUP_BURST * _GROUP_SECONDS)


@dataclass
class Pace:
    """The limits of one bot, for one loop."""

    _all: AsyncLimiter = field(default_factory=_overall)
    _chats: "OrderedDict[int, AsyncLimiter]" = field(default_factory=OrderedDict)
    _asked: "OrderedDict[int, float]" = field(default_factory=OrderedDict)  # chat -> time of the loop until it waits

    async def wait(self, chat: int) -> None:
        """Return when something may be said there. Raises RetryLater where that would hold up other chats."""
        left = self._asked.get(chat, 0.0) - asyncio.get_running_loop().time()
        if left > 0:
            raise RetryLater(left, "telegram_asked_to_wait", is_failure=False)
        limiter = self._limiter(chat)
        if chat < 0 and not limiter.has_capacity():
            raise RetryLater(_GROUP_SECONDS, "group_pace", is_failure=False)
        await limiter.acquire()
        await self._all.acquire()

    def asked_to_wait(self, chat: int, seconds: float) -> None:
        """Telegram said how long nothing should be sent there."""
        self._asked[chat] = asyncio.get_running_loop().time() + seconds
        self._asked.move_to_end(chat)
        while len(self._asked) > MOST_CHATS:
            self._asked.popitem(last=False)

    def _limiter(self, chat: int) -> AsyncLimiter:
        found = self._chats.pop(chat, None) or (_of_group() if chat < 0 else _of_person())
        self._chats[chat] = found
        while len(self._chats) > MOST_CHATS:
            self._chats.popitem(last=False)
        return found
