"""What the process does by itself beside answering: files what was spooled, watches deadlines, purges.

One round that fails is logged and comes again at its next time; it stops none of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

_log = structlog.get_logger("bot.rounds")


@dataclass(frozen=True)
class Round:
    """A piece of work and how often it is due."""

    name: str
    every: timedelta
    work: Callable[[], object]


async def run_rounds(rounds: list[Round], stop: asyncio.Event) -> None:
    """Run them until stop is set. Each runs in a thread, one after another: on SQLite there is one writer anyway."""
    loop = asyncio.get_running_loop()
    due = {one.name: loop.time() for one in rounds}
    while not stop.is_set():
        for one in rounds:
            if loop.time() >= due[one.name] and not stop.is_set():
                await _run(one)
                due[one.name] = loop.time() + one.every.total_seconds()
        wait = max(0.05, min(due.values(), default=loop.time() + 1) - loop.time())
        try:
            await asyncio.wait_for(stop.wait(), min(wait, 60))
        except asyncio.TimeoutError:
            continue


async def _run(one: Round) -> None:
    try:
        await asyncio.to_thread(one.work)
    except Exception as error:  # noqa: BLE001  the boundary: the next round is due whatever went wrong in this one
        _log.error("round_failed", component=one.name, kind=type(error).__name__)
