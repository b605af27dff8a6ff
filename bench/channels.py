"""How many messages a second each channel answers, and how soon: python -m bench.channels [--messages 200]

The web over HTTP and Telegram through our own Bot API server, one person at a time and twenty at once, on an otherwise
idle server; the dialogue alone, in process, is the baseline of the same run. A person on the web begins a new
conversation every few messages, and each message on Telegram comes from a chat of its own: there is at most one answer
a second for one chat, by Telegram's rule, which would be all that is measured. On the web nobody is turned away, for
the same reason. "Processor ms" is what the server's process spends on a message, on all processors together.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from bench.load import questions
from bench.measuring import machine, p50, p95, table
from bench.pretend import pretend_telegram
from bench.run import turns
from bench.serving import Product, product
from bench.wire import Caller
from bot.channels.fake_telegram.world import World
from bot.threads import keep_to_one_thread

AT_ONCE = 20
WARM = 10  # messages before the first that counts
OF_A_CONVERSATION = 4


@dataclass(frozen=True)
class Measured:
    """The seconds of each message, and of all together."""

    times: list[float]
    seconds: float
    processor: float  # seconds of the server's process

    @property
    def rate(self) -> float:
        """Messages a second."""
        return len(self.times) / self.seconds


Ask = Callable[[], Awaitable[None]]


async def _by(people: int, messages: int, ask_of: Callable[[int], Ask], spent: Callable[[], float]) -> Measured:
    """So many messages by so many people, each of whom sends the next once the last is answered."""
    left, times = iter(range(messages)), []

    async def person(ask: Ask) -> None:
        for _ in left:
            started = time.perf_counter()
            await ask()
            times.append(time.perf_counter() - started)

    began, before = time.perf_counter(), spent()
    await asyncio.gather(*(person(ask_of(number)) for number in range(people)))
    return Measured(times, time.perf_counter() - began, spent() - before)


def _web_person(port: int, texts: list[str], addresses: "itertools.count[int]") -> Ask:
    caller, said = Caller(port), itertools.count()

    async def ask() -> None:
        nonlocal caller
        number = next(said)
        if number % OF_A_CONVERSATION == 0:
            caller.hang_up()
            address = next(addresses)
            caller = Caller(port, f"10.{address // 62_500}.{address // 250 % 250}.{address % 250 + 1}")
            await caller.open("klasso")
        answer = await caller.say(f"m{number}", random.choice(texts))
        if answer.status != 200:
            raise RuntimeError(f"a message got {answer.status}")

    return ask


async def _web(served: Product, messages: int) -> dict[str, Measured]:
    texts, addresses = questions(), itertools.count()

    async def by(people: int, number: int) -> Measured:
        return await _by(people, number, lambda _: _web_person(served.port, texts, addresses), served.processor_seconds)

    await by(1, WARM)
    return {f"web, {people} at once": await by(people, messages) for people in (1, AT_ONCE)}


def _telegram_person(world: World, chats: list[int], texts: list[str]) -> Ask:
    async def ask() -> None:
        chat = chats.pop()
        before = len(world.messages(chat))
        world.say(chat, random.choice(texts))
        if not await world.until(lambda: len(world.messages(chat)) > before, 60):
            raise RuntimeError("a message on Telegram was not answered")

    return ask


async def _telegram(world: World, served: Product, messages: int) -> dict[str, Measured]:
    texts, chats = questions(), [world.new_person(f"Person {number}") for number in range(2 * messages + WARM)]
    for chat in chats:
        world.start(chat, "klasso")
    if not await world.until(lambda: all(world.messages(chat) for chat in chats), 600):
        raise RuntimeError("not everybody was welcomed")

    async def by(people: int, number: int) -> Measured:
        return await _by(people, number, lambda _: _telegram_person(world, chats, texts), served.processor_seconds)

    await by(1, WARM)
    return {f"Telegram, {people} at once": await by(people, messages) for people in (1, AT_ONCE)}


def measured(messages: int) -> dict[str, Measured]:
    """All channels; the baseline comes first."""
    texts = [random.choice(questions()) for _ in range(messages + WARM)]
    with tempfile.TemporaryDirectory() as folder:
        alone = [milliseconds / 1000 for milliseconds in asyncio.run(turns(texts, 40, Path(folder)))[WARM:]]
    found = {"the dialogue alone": Measured(alone, sum(alone), 0.0)}
    with product("gate", PRIVACY_DESK_BEHIND_PROXY="1") as served:
        served.start()
        found |= asyncio.run(_web(served, messages))
    with pretend_telegram() as (world, variables), product(**variables) as served:
        served.start()
        found |= asyncio.run(_telegram(world, served, messages))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.channels")
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    keep_to_one_thread(os.environ)  # as the product does
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found = measured(options.messages)
    baseline = next(iter(found.values()))
    rows = [["channel", "messages a second", "p50 ms", "p95 ms", "p50 ratio", "processor ms"]]
    for name, one in found.items():
        middle, slow = p50(one.times), p95(one.times)
        ratio = f"{middle / p50(baseline.times):.1f} x"
        spent = f"{1000 * one.processor / len(one.times):.1f}" if one.processor else "-"
        rows.append([name, f"{one.rate:.1f}", f"{1000 * middle:.1f}", f"{1000 * slow:.1f}", ratio, spent])
    text = f"{machine()}\n\n{table(rows)}"
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
