"""Works through what arrived: leases items of the inbox and hands each to the channel that it came from.

A lane is worked through in order, several lanes at once. A handler that raises has its item tried again later; after
the last try it is set aside for staff, so that a poisonous message neither blocks its lane nor vanishes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from tickets.errors import TicketError

if TYPE_CHECKING:
    from tickets.inbox import Inbox, Item

AT_ONCE = 4  # lanes; replies are computed in one thread, and people on the web must not wait behind a backlog
LOOK_SECONDS = 1.0  # what another process took in, or what is to be tried again, is found by looking
DRAIN_SECONDS = 8.0
_log = structlog.get_logger("bot.inbound")

Handler = Callable[["Item"], Awaitable[object]]
"""Answers one item and settles it. May raise: then it is tried again."""


@dataclass
class Inbound:
    """handlers: by source, such as "web" or "telegram:4711"."""

    inbox: "Inbox"
    handlers: Mapping[str, Handler]
    clock: Callable[[], datetime]
    at_once: int = AT_ONCE
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: "dict[asyncio.Task[None], Item]" = field(default_factory=dict)

    def wake(self) -> None:
        """Look at once. To be called in the loop's own thread."""
        self._bell.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then what is under way is finished, for 8 s at most, and the rest given back."""
        stopping = asyncio.ensure_future(stop.wait())
        stopping.add_done_callback(lambda _: self._bell.set())
        try:
            while not stop.is_set():
                self._bell.clear()
                await self._begin()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._bell.wait(), LOOK_SECONDS)
        finally:
            stopping.cancel()
            await self._end()

    async def _begin(self) -> None:
        places = self.at_once - len(self._under_way)
        if places <= 0:
            return
        try:
            items = await asyncio.to_thread(self.inbox.lease, self.clock(), places, tuple(self.handlers))
        except TicketError as error:
            _log.error("inbox_not_read", kind=type(error).__name__)
            return
        for item in items:
            task = asyncio.create_task(self.handle(item))
            self._under_way[task] = item
            task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._under_way.pop(task, None)
        self._bell.set()  # the next of this lane

    async def handle(self, item: "Item") -> None:
        """Hand one item to its channel. Never raises, but for being cancelled."""
        try:
            await self.handlers[item.source](item)
        except Exception as error:  # noqa: BLE001  the boundary: whatever one message brings about, the others go on
            await self._failed(item, type(error).__name__)

    async def _failed(self, item: "Item", kind: str) -> None:
        try:
            is_given_up = await asyncio.to_thread(self.inbox.failed, item, kind, self.clock())
        except TicketError as error:  # its lease runs out, and it is tried again
            _log.error("arrival_not_noted", kind=type(error).__name__)
            return
        event = "arrival_quarantined" if is_given_up else "arrival_failed"
        _log.error(event, sequence=item.sequence, kind=kind, attempt=item.attempts + 1)

    async def _end(self) -> None:
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=DRAIN_SECONDS)
        for task, item in list(self._under_way.items()):
            task.cancel()
            with contextlib.suppress(TicketError):
                await asyncio.to_thread(self.inbox.let_go, item, self.clock())
