"""The world's time: the clock's, or a faster one, and the bell that wakes who waits for something to happen."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone


class Pace:
    """Time that runs `speed` times as fast as the wall clock's, so that tests need not wait for minutes."""

    def __init__(self, speed: float = 1.0) -> None:
        """speed: 60 makes a minute of the world last a second."""
        if speed <= 0:
            raise ValueError("time runs forward")
        self.speed = speed
        self._began = datetime.now(timezone.utc)
        self._zero = time.monotonic()
        self._skipped = timedelta()

    def now(self) -> datetime:
        """The world's present, in UTC."""
        passed = (time.monotonic() - self._zero) * self.speed
        return self._began + timedelta(seconds=passed) + self._skipped

    def stamp(self) -> int:
        """The same in seconds since 1970, as the Bot API tells time."""
        return int(self.now().timestamp())

    def skip(self, seconds: float) -> None:
        """Let so much of the world's time be over at once."""
        self._skipped += timedelta(seconds=seconds)

    def real(self, seconds: float) -> float:
        """How long so many seconds of the world last on the wall clock."""
        return seconds / self.speed


class Bell:
    """Wakes every waiting coroutine, from whatever thread it is rung."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def ring(self) -> None:
        """Something has changed: who waits looks again."""
        with self._lock:
            waiting = list(self._waiting.items())
        for event, loop in waiting:
            with suppress(RuntimeError):  # a loop that has ended has nobody waiting
                loop.call_soon_threadsafe(event.set)

    def listen(self) -> asyncio.Event:
        """An event that the next ring sets; to be given to `leave` afterwards.

        Listen first and look then: a ring between the two is not missed.
        """
        event = asyncio.Event()
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()
        return event

    def leave(self, event: asyncio.Event) -> None:
        """No more rings for this event."""
        with self._lock:
            self._waiting.pop(event, None)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Until the bell rings, or so many seconds of the wall clock have passed."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
        event.clear()
