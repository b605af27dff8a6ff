"""Sends what the outbox holds. Each way has places of its own, so that a mail server that hangs delays no chat.

A message counts as delivered when its sender returns. RetryLater and Refused say more; any other error means: try
again. Of errors only the kind is kept and logged, because their texts may hold an address.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog

from tickets.errors import StoreError
from tickets.outbox import Outbox, Parcel
from tickets.vocabulary import Way

_AT_ONCE = 5  # for each way, where sending is slow
_PATIENCE_SECONDS = 0.5  # then the next is begun beside the one that takes so long
_LOOK_SECONDS = 5.0  # what another process posted is found by looking
_TRY_SECONDS = 40.0  # less than the lease, so that nobody else begins while we still send
_DRAIN_SECONDS = 5.0
_NOTE_TRIES = 3
_NOTE_SECONDS = 0.5

_Result = TypeVar("_Result")

_log = structlog.get_logger("tickets.worker")


class RetryLater(Exception):
    """Not now. seconds: what the other side asked for, or None for our own wait; kind: why, in a word.

    is_failure: False where nothing was tried, because we keep a pace of our own: it does not count as a try.
    """

    def __init__(self, seconds: float | None = None, kind: str = "retry_later", is_failure: bool = True) -> None:
        super().__init__(kind)
        self.seconds = seconds
        self.kind = kind
        self.is_failure = is_failure


class Refused(Exception):
    """Never: the address or the conversation does not take it. kind: why, in a word."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Sender(Protocol):
    """Takes a message to where it belongs."""

    async def send(self, parcel: Parcel) -> None:
        """Return once the other side has taken it. Raises RetryLater, Refused, or anything else to be tried again."""


class WebSender:
    """Web conversations ask for their messages, so noting one as sent is all there is to do."""

    async def send(self, parcel: Parcel) -> None:
        """Nothing: the feed shows it from now on."""


class Worker:
    """Leases and sends. on_ready(conversation) is called once a message of a web conversation can be read."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[Way, Sender],
        clock: Callable[[], datetime],
        on_ready: Callable[[str], None] | None = None,
    ) -> None:
        self._outbox = outbox
        self._senders = dict(senders)
        self._clock = clock
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: list[asyncio.Event] = []
        # One thread: SQLite makes those who come at once sleep and try again, which is slower than queueing.
        self._database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    async def run_once(self) -> int:
        """Send what can be sent now, at most one message of each lane; gives how many were tried."""
        tried = 0
        for way in self._senders:
            parcels = await self._leased(way, _AT_ONCE)
            await asyncio.gather(*(self._deliver(parcel) for parcel in parcels))
            tried += len(parcels)
        return tried

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set; then finish what is on its way, for 5 s at most, and return."""
        self._loop = asyncio.get_running_loop()
        bells = {way: asyncio.Event() for way in self._senders}
        self._bells = list(bells.values())
        serving = [asyncio.create_task(self._serve(way, bell, stop)) for way, bell in bells.items()]
        try:
            await stop.wait()
            self._ring()
            await asyncio.gather(*serving)
        finally:
            self._loop = None
            for task in serving:
                task.cancel()

    def wake(self) -> None:
        """Look at once: something was posted. May be called from any thread, and when nothing runs."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in between
                loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    async def _serve(self, way: Way, bell: asyncio.Event, stop: asyncio.Event) -> None:
        under_way: dict[asyncio.Task[None], float] = {}
        try:
            while not stop.is_set():
                bell.clear()
                if self._has_place(under_way):
                    for parcel in await self._leased(way, 1):
                        task = asyncio.create_task(self._deliver(parcel))
                        under_way[task] = asyncio.get_running_loop().time()
                        task.add_done_callback(under_way.pop)
                        task.add_done_callback(lambda _: bell.set())
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(bell.wait(), _PATIENCE_SECONDS if under_way else _LOOK_SECONDS)
            if under_way:
                await asyncio.wait(under_way, timeout=_DRAIN_SECONDS)
        finally:
            left = list(under_way)
            for task in left:
                task.cancel()  # its lease runs out, and the next worker sends it
            await asyncio.gather(*left, return_exceptions=True)

    @staticmethod
    def _has_place(under_way: Mapping[asyncio.Task[None], float]) -> bool:
        """One at a time, so that a kill doubles one at most; but one that takes long does not hold up the others."""
        slow_since = asyncio.get_running_loop().time() - _PATIENCE_SECONDS
        return len(under_way) < _AT_ONCE and all(begun <= slow_since for begun in under_way.values())

    async def _leased(self, way: Way, limit: int) -> list[Parcel]:
        if limit <= 0:
            return []
        try:
            return await self._asked(partial(self._outbox.lease, self._clock(), limit, (way,)))
        except Exception as error:  # noqa: BLE001  whatever it is, the next look is in a few seconds
            _log.error("outbox_not_read", channel=way.value, kind=type(error).__name__)
            return []

    async def _deliver(self, parcel: Parcel) -> None:
        try:
            await asyncio.wait_for(self._senders[parcel.way].send(parcel), _TRY_SECONDS)
        except RetryLater as later:
            if later.is_failure or later.seconds is None:
                await self._failed(parcel, later.kind, later.seconds)
            else:
                seconds = later.seconds
                await self._noted(parcel, lambda: self._outbox.put_off(parcel, self._clock(), seconds))
        except Refused as refused:
            await self._refused(parcel, refused.kind)
        except Exception as error:  # noqa: BLE001  whatever a sender raises, the others go on
            await self._failed(parcel, type(error).__name__, None)
        else:
            if await self._noted(parcel, lambda: self._outbox.delivered(parcel, self._clock())):
                self._announce(parcel)

    async def _refused(self, parcel: Parcel, problem: str) -> None:
        _log.warning("letter_refused", **_about(parcel), reason=problem)
        await self._noted(parcel, lambda: self._outbox.refused(parcel, problem, self._clock()))

    async def _failed(self, parcel: Parcel, problem: str, seconds: float | None) -> None:
        _log.warning("letter_not_sent", **_about(parcel), reason=problem)
        await self._noted(parcel, lambda: self._outbox.failed(parcel, problem, self._clock(), seconds))

    async def _noted(self, parcel: Parcel, note: Callable[[], None]) -> bool:
        """Write down what came of it; a message that was sent but not noted would be sent again."""
        for again in range(_NOTE_TRIES):
            try:
                await self._asked(note)
            except StoreError as error:
                _log.error("letter_not_noted", **_about(parcel), reason=type(error).__name__)
                await asyncio.sleep(_NOTE_SECONDS * (again + 1))
            else:
                return True
        return False

    async def _asked(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._database, call)

    def _announce(self, parcel: Parcel) -> None:
        if self._on_ready is None or parcel.way is not Way.WEB:
            return
        try:
            self._on_ready(parcel.lane)
        except Exception as error:  # noqa: BLE001  the message is delivered; who listens finds it by asking as well
            _log.error("announcement_failed", **_about(parcel), reason=type(error).__name__)


def _about(parcel: Parcel) -> dict[str, str | int]:
    return {
        "sequence": parcel.sequence,
        "kind": parcel.kind,
        "channel": parcel.way.value,
        "attempt": parcel.attempts + 1,
    }
