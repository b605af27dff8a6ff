"""Long polling: what Telegram holds is fetched, kept, and only then confirmed, by asking for what comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from bot.channels.telegram.arrivals import Arrivals
from bot.channels.telegram.calls import CONFLICT, Calls
from bot.channels.telegram.patience import Backoff, Stopped, pause, unless
from bot.channels.telegram.updates import ALLOWED_UPDATES
from tickets.errors import InputError, TicketError
from tickets.worker import RetryLater

LONG_POLL = 30  # seconds that Telegram may take to have something for us
FULL_SECONDS = 1.0  # until it is looked again whether there is room
_log = structlog.get_logger("bot.telegram")


@dataclass
class Poller:
    """Fetches until it is stopped. To be the only one for its bot: Telegram ends all but one with a conflict."""

    calls: Calls
    arrivals: Arrivals
    seconds: int = LONG_POLL
    _offset: int | None = None
    _backoff: Backoff = field(default_factory=Backoff)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. What was fetched but not confirmed comes again at the next start, and is known then."""
        try:
            while not stop.is_set():
                await self._once(stop)
        except Stopped:
            return

    async def _once(self, stop: asyncio.Event) -> None:
        try:
            if await self.arrivals.is_full():
                _log.warning("telegram_polling_paused", reason="backlog")
                await pause(FULL_SECONDS, stop)
                return
            updates = await unless(stop, self.calls.updates(self._offset, self.seconds, ALLOWED_UPDATES))
        except RetryLater as later:
            event = "telegram_conflict" if later.kind == CONFLICT else "telegram_not_reached"
            _log.warning(event, reason=later.kind)
            await pause(self._backoff.after(later.seconds), stop)
            return
        except (TicketError, asyncio.TimeoutError) as error:
            await self._without_database(error, stop)
            return
        self._backoff.well()
        if updates:
            await self._kept(updates, stop)

    async def _kept(self, updates: Sequence[object], stop: asyncio.Event) -> None:
        """Keep a batch, however long the database takes to come back; Telegram has it until then."""
        while True:
            try:
                await self.arrivals.keep(updates)
                break
            except InputError:  # one of them does not fit; the others must not wait for it
                await self._one_by_one(updates)
                break
            except (TicketError, asyncio.TimeoutError) as error:
                await self._without_database(error, stop)
        self._backoff.well()
        numbers = [number for update in updates if (number := _number_of(update)) is not None]
        if numbers:
            self._offset = max(numbers) + 1
        else:
            await pause(self._backoff.after(), stop)  # nothing of that can be confirmed: do not ask at once again

    async def _one_by_one(self, updates: Sequence[object]) -> None:
        for update in updates:
            try:
                await self.arrivals.keep([update])
            except InputError:
                _log.error("telegram_update_too_large")

    async def _without_database(self, error: Exception, stop: asyncio.Event) -> None:
        _log.error("telegram_not_kept", kind=type(error).__name__)
        await pause(self._backoff.after(), stop)


def _number_of(update: object) -> int | None:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else None
