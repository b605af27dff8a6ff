"""Waiting that ends at once when the process is asked to stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from tickets.worker import Refused, RetryLater

LONGEST = 60.0  # seconds between two tries
_Result = TypeVar("_Result")
_log = structlog.get_logger("bot.telegram")


class Stopped(Exception):
    """The process is asked to stop."""


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Sleep. Raises Stopped."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except asyncio.TimeoutError:
        return
    raise Stopped


async def unless(stop: asyncio.Event, call: Awaitable[_Result]) -> _Result:
    """What the call gives; it is cancelled when the process is asked to stop. Raises Stopped."""
    working, stopping = asyncio.ensure_future(call), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Stopped
        return working.result()
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


@dataclass
class Backoff:
    """How long to wait after failures in a row: 1, 2, 4 … 60 s, each by chance up to half as long."""

    failures: int = 0

    def after(self, asked: float | None = None) -> float:
        """Seconds to wait now. asked: what the other side wants at least."""
        self.failures += 1
        own = min(LONGEST, 2.0 ** min(self.failures - 1, 6)) * random.uniform(0.5, 1.0)
        return max(own, min(asked or 0.0, 10 * LONGEST))

    def well(self) -> None:
        """It worked."""
        self.failures = 0


async def until_done(name: str, call: Callable[[], Awaitable[_Result]], stop: asyncio.Event) -> _Result | None:
    """Try a call to Telegram until it works; None if it is refused for good. Raises Stopped."""
    backoff = Backoff()
    while True:
        try:
            return await unless(stop, call())
        except Stopped:
            raise
        except Refused as refused:
            _log.error("telegram_call_refused", method=name, reason=refused.kind)
            return None
        except RetryLater as later:
            reason, asked = later.kind, later.seconds
        except Exception as error:  # noqa: BLE001  Telegram being out of order must not end the process
            reason, asked = type(error).__name__, None
        _log.warning("telegram_call_failed", method=name, reason=reason)
        await pause(backoff.after(asked), stop)
