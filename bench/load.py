"""Senders who flood: python -m bench.load PORT SENDERS RATE SECONDS. A process of its own, told when to begin.

Each has a conversation and an address, sends its share of the rate whatever comes back, and never waits when asked to.
Prints "ready" once the conversations are open, begins at a line on its input, and ends with a count by status as JSON;
"unsent" are messages for which no connection was free, because so many answers were due.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from bench.wire import Caller
from quality import sets

MOST_CONNECTIONS = 8  # of one sender
OPEN_TRIES = 20


def questions() -> list[str]:
    """Real questions, of the set that weights are fitted on."""
    return [question.text for question in sets.own("dev") if question.expect == "ask"]


@dataclass
class Sender:
    """One flooder."""

    port: int
    address: str
    tally: Counter[str]
    free: list[Caller] = field(default_factory=list)
    busy: set["asyncio.Task[None]"] = field(default_factory=set)

    async def open(self) -> None:
        """Begin a conversation, however often that takes."""
        first = Caller(self.port, self.address)
        for _ in range(OPEN_TRIES):
            if (await first.open("klasso")).status == 201:
                break
            await asyncio.sleep(1)
        self.free = [first, *(Caller(self.port, self.address, first.token) for _ in range(MOST_CONNECTIONS - 1))]

    async def flood(self, every: float, until: float, texts: list[str]) -> None:
        """Send one message after the other, at even times, until that time of the loop's clock."""
        loop = asyncio.get_running_loop()
        due = loop.time() + random.uniform(0, every)
        for number in itertools.count():
            if due > until:
                break
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += every
            if not self.free:
                self.tally["unsent"] += 1
                continue
            task = asyncio.create_task(self._send(self.free.pop(), f"f{number}", random.choice(texts)))
            self.busy.add(task)
            task.add_done_callback(self.busy.discard)
        await asyncio.gather(*self.busy)

    async def _send(self, caller: Caller, name: str, text: str) -> None:
        answer = await caller.say(name, text)
        self.tally[str(answer.status)] += 1
        self.free.append(caller)


async def flood(port: int, senders: int, rate: float, seconds: float) -> Counter[str]:
    """The whole flood."""
    tally: Counter[str] = Counter()
    crowd = [Sender(port, f"10.1.{number // 250}.{number % 250 + 1}", tally) for number in range(senders)]
    for sender in crowd:
        await sender.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    texts, until = questions(), asyncio.get_running_loop().time() + seconds
    await asyncio.gather(*(sender.flood(senders / rate, until, texts) for sender in crowd))
    return tally


def main(port: int, senders: int, rate: float, seconds: float) -> None:
    """Flood, and say what came back."""
    print(json.dumps(asyncio.run(flood(port, senders, rate, seconds))), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
