"""Are honest people answered while others flood: python -m bench.flood [--seconds 120] [--rate 500] [--senders 200]

The product is served behind a pretended proxy, so that each sender has an address. Honest people ask a real question
every five seconds and wait when they are asked to; their time counts from the first try to the answer. Three times on
a fresh server each: nobody floods (the baseline), the flood, and the flood with nobody turned away (the control).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.load import questions
from bench.measuring import machine, p50, p95, resident_mb, table
from bench.serving import Product, product
from bench.wire import Caller
from bot.desk import TROUBLE
from bot.settings import PROJECT

EVERY = 5.0  # seconds from one question of an honest person to the next
GIVE_UP = 30.0  # seconds after which an honest person has got no answer
SAMPLE = 10.0  # seconds between looks at the memory
SETTLE = 20.0  # seconds of the first samples, in which a fresh server still grows


@dataclass(frozen=True)
class Asked:
    """One honest question. at: seconds since the run began."""

    at: float
    seconds: float
    is_answered: bool
    tries: int


@dataclass(frozen=True)
class Measured:
    """One of the three runs. tally: what the flooders got, by status; memory: megabytes every ten seconds."""

    asked: list[Asked]
    tally: dict[str, int]
    memory: list[float]

    @property
    def times(self) -> list[float]:
        """Seconds until each answer."""
        return [one.seconds for one in self.asked if one.is_answered]


class Person:
    """One honest person."""

    def __init__(self, port: int, number: int) -> None:
        self._caller = Caller(port, f"192.0.2.{number + 1}")
        self._number = number

    async def ask(self, until: float, texts: list[str]) -> list[Asked]:
        """Ask until that time of the loop's clock."""
        loop, asked = asyncio.get_running_loop(), list[Asked]()
        start = loop.time()
        await asyncio.sleep(random.uniform(0, EVERY))
        while (began := loop.time()) < until:
            tries, is_answered = await self._one(f"h{self._number}-{len(asked)}", random.choice(texts))
            asked.append(Asked(began - start, loop.time() - began, is_answered, tries))
            await asyncio.sleep(max(0.0, began + EVERY - loop.time()))
        return asked

    async def _one(self, name: str, text: str) -> tuple[int, bool]:
        """Ask one question until it is answered; the first also begins the conversation."""
        give_up, tries = asyncio.get_running_loop().time() + GIVE_UP, 0
        while asyncio.get_running_loop().time() < give_up:
            tries += 1
            answer = await self._caller.open("klasso") if not self._caller.token else await self._caller.say(name, text)
            if answer.status == 200:
                self._caller.hang_up()
                return tries, TROUBLE[:30].encode() not in answer.body
            if answer.status != 201:
                self._caller.hang_up()
                await asyncio.sleep(answer.retry_after or 1)
        return tries, False


@contextlib.contextmanager
def flooding(port: int, senders: int, rate: float, seconds: float) -> "Iterator[subprocess.Popen[str]]":
    """The senders, ready and waiting for their start."""
    command = [sys.executable, "-m", "bench.load", *map(str, (port, senders, rate, seconds))]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n", "the senders do not start"
        yield process
    finally:
        process.kill()
        process.wait()


async def _watched(pid: int, until: float) -> list[float]:
    loop, memory = asyncio.get_running_loop(), [resident_mb(pid)]
    while loop.time() + SAMPLE <= until:
        await asyncio.sleep(SAMPLE)
        memory.append(resident_mb(pid))
    return memory


async def honest(served: Product, people: int, seconds: float) -> tuple[list[Asked], list[float]]:
    """All honest people at once, and the server's memory meanwhile."""
    texts, until = questions(), asyncio.get_running_loop().time() + seconds
    crowd = [Person(served.port, number).ask(until, texts) for number in range(people)]
    memory = asyncio.ensure_future(_watched(served.pid, until))
    asked = await asyncio.gather(*crowd)
    return [one for person in asked for one in person], await memory


def measured(options: argparse.Namespace, rate: float, without: str = "") -> Measured:
    """One run on a fresh server. rate: of the flood, 0 for none."""
    with product(without, PRIVACY_DESK_BEHIND_PROXY="1") as served:
        served.start()
        if not rate:
            asked, memory = asyncio.run(honest(served, options.honest, options.seconds))
            return Measured(asked, {}, memory)
        with flooding(served.port, options.senders, rate, options.seconds) as senders:
            assert senders.stdin is not None and senders.stdout is not None
            senders.stdin.write("go\n")
            senders.stdin.flush()
            asked, memory = asyncio.run(honest(served, options.honest, options.seconds))
            return Measured(asked, json.loads(senders.stdout.readline()), memory)


def row(name: str, run: Measured, baseline: Measured) -> list[str]:
    """One line of the table."""
    times = run.times or [GIVE_UP]
    share = 100 * len(run.times) / max(1, len(run.asked))
    # The last minute against the time after the start: a queue that grows without bound shows here.
    late = run.memory[-1] - run.memory[min(len(run.memory) - 1, int(SETTLE / SAMPLE))]
    return [
        name,
        str(len(run.asked)),
        f"{share:.1f} %",
        f"{p50(times):.2f}",
        f"{p95(times):.2f}" if len(times) > 1 else "-",
        f"{max(times):.2f}",
        f"{p95(times) / p95(baseline.times):.0f} x" if len(times) > 1 else "-",
        f"{run.memory[0]:.0f} .. {max(run.memory):.0f} ({late:+.0f})",
        ", ".join(f"{status}: {count}" for status, count in sorted(run.tally.items())) or "-",
    ]


HEAD = ["", "asked", "answered", "p50 s", "p95 s", "max s", "p95 ratio", "MB (late growth)", "flooders got"]


def main() -> None:
    """Run all three and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.flood")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--senders", type=int, default=200)
    parser.add_argument("--honest", type=int, default=20)
    parser.add_argument("--no-control", action="store_true", help="leave out the run with nobody turned away")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    baseline = measured(options, 0)
    runs = {"nobody floods": baseline, "flood": measured(options, options.rate)}
    if not options.no_control:
        runs["flood, nobody turned away"] = measured(options, options.rate, "gate")
    text = f"{machine()}\n\n{table([HEAD, *(row(name, run, baseline) for name, run in runs.items())])}"
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
