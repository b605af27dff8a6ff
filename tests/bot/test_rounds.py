"""The work beside the app: a round that fails stops none of the others and comes again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import CapturingLogger

from bot.rounds import Round, run_rounds
from tickets.errors import StoreUnavailableError

pytestmark = pytest.mark.asyncio
SECRET = "pat@example.org"


def counted(seen: list[str], name: str, error: BaseException | None = None) -> Callable[[], None]:
    def work() -> None:
        seen.append(name)
        if error is not None:
            raise error

    return work


async def run_for(seconds: float, *rounds: Round) -> None:
    """Run them that long, then stop, which must take no longer than a round."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_rounds(list(rounds), stop))
    await asyncio.sleep(seconds)
    stop.set()
    await asyncio.wait_for(running, 2)


async def test_every_round_is_made_at_the_start_and_then_when_it_is_due() -> None:
    seen: list[str] = []
    often = Round("often", timedelta(milliseconds=60), counted(seen, "often"))
    daily = Round("daily", timedelta(days=1), counted(seen, "daily"))
    await run_for(0.5, often, daily)
    assert seen[:2] == ["often", "daily"] and seen.count("daily") == 1 and seen.count("often") >= 3


@pytest.mark.parametrize("error", [StoreUnavailableError(SECRET), RuntimeError(SECRET), KeyError(SECRET)])
async def test_a_round_that_fails_comes_again_and_stops_no_other(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    log = CapturingLogger()
    monkeypatch.setattr("bot.rounds._log", log)
    await run_for(
        0.4,
        Round("bad", timedelta(milliseconds=60), counted(seen, "bad", error)),
        Round("good", timedelta(milliseconds=60), counted(seen, "good")),
    )
    assert seen.count("bad") >= 2 and seen.count("good") >= 2
    assert {call.args for call in log.calls} == {("round_failed",)}
    assert log.calls[0].kwargs["kind"] == type(error).__name__ and SECRET not in str(log.calls)


async def test_rounds_are_made_one_after_another_and_beside_the_loop() -> None:
    inside, most, threads = 0, 0, set[int]()

    def work() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threads.add(threading.get_ident())
        time.sleep(0.05)
        inside -= 1

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await run_for(0.4, *(Round(name, timedelta(milliseconds=60), work) for name in "abc"))
    ticking.cancel()
    assert most == 1 and ticks >= 15, "the rounds held up the loop"
    assert threading.get_ident() not in threads


async def test_stopping_does_not_wait_for_the_next_round_and_begins_no_other() -> None:
    seen: list[str] = []
    stop = asyncio.Event()

    def last() -> None:
        seen.append("first")
        loop.call_soon_threadsafe(stop.set)
        time.sleep(0.05)

    loop = asyncio.get_running_loop()
    rounds = [Round("first", timedelta(days=1), last), Round("second", timedelta(days=1), counted(seen, "second"))]
    began = time.monotonic()
    await asyncio.wait_for(run_rounds(rounds, stop), 2)
    assert seen == ["first"] and time.monotonic() - began < 1


async def test_without_any_round_it_ends_when_it_is_told_to() -> None:
    await run_for(0.05)
