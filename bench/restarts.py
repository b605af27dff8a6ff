"""Is every message answered once while the product is restarted: python -m bench.restarts [--times 100] [--rate 50]

Well-behaved clients do as the widget does: after a broken connection, 429 or 503 they send the same message again under
the same id. SIGTERM at a random moment, wait for the end, start on the same port and database, again and again. Then
the database is read: one reply and one turn for each message, and the reply that the client got. The control is the
same with the inbox taken out.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.kept import Kept, kept_by
from bench.load import questions
from bench.measuring import machine, p50, table
from bench.serving import Product, product
from bench.wire import Answer, Caller
from bot.api_models import MessageModel, RepliesModel

CLIENTS = 100
Call = Callable[[], Awaitable[Answer]]
TURNS = 3  # messages of one conversation: so few that the dialogue forgets none of them
GIVE_UP = 120.0  # seconds
AGAIN = 0.1  # share of answered messages that are sent once more
AGAIN_AFTER = (429, 503, 0)  # 0: the connection broke


@dataclass
class Heard:
    """What a client knows of one message. tries: until its reply; again: the reply to a repetition, if any was sent."""

    token: str
    id: str
    tries: int = 0
    reply: bytes | None = None
    again: bytes | None = None


@dataclass
class Client:
    """One conversation after the other, one message at a time."""

    port: int
    address: str
    every: float
    done: asyncio.Event
    heard: list[Heard] = field(default_factory=list)

    async def run(self, texts: list[str]) -> None:
        """Until the end is set; a message that was begun is seen through."""
        await asyncio.sleep(random.uniform(0, self.every))
        while not self.done.is_set():
            await self._conversation(Caller(self.port, self.address), texts)

    async def _conversation(self, caller: Caller, texts: list[str]) -> None:
        await self._until_taken(lambda: caller.open("klasso"), Heard("", ""))
        for _ in range(TURNS):
            if self.done.is_set() or not caller.token:
                break
            began = time.monotonic()
            await self._one(caller, random.choice(texts))
            await asyncio.sleep(max(0.0, began + self.every * random.uniform(0.5, 1.5) - time.monotonic()))
        caller.hang_up()

    async def _one(self, caller: Caller, text: str) -> None:
        heard = Heard(caller.token, secrets.token_hex(8))
        self.heard.append(heard)
        heard.reply = await self._until_taken(lambda: caller.say(heard.id, text), heard)
        if heard.reply is not None and random.random() < AGAIN:
            heard.again = await self._until_taken(lambda: caller.say(heard.id, text), Heard("", ""))

    async def _until_taken(self, call: "Call", heard: Heard) -> bytes | None:
        until = time.monotonic() + GIVE_UP
        while time.monotonic() < until:
            heard.tries += 1
            answer = await call()
            if answer.status not in AGAIN_AFTER:
                return answer.body if answer.status in (200, 201) else None
            await asyncio.sleep(answer.retry_after or random.uniform(0.2, 0.6))
        return None


@dataclass
class Result:
    """What was sent and what was kept. stops, starts: seconds of each."""

    heard: list[Heard]
    kept: Kept
    seconds: float
    stops: list[float]
    starts: list[float]

    def counted(self) -> dict[str, int]:
        """How many messages went wrong in which way; all are 0 for a product that does what it promises."""
        keys = {(one.token, one.id) for one in self.heard}
        return {
            "unanswered": sum(one.reply is None for one in self.heard),
            "lost": sum(not self.kept.replies.get(key) or not self.kept.turns[key] for key in keys),
            "doubled": sum(len(self.kept.replies.get(key, [])) > 1 or self.kept.turns[key] > 1 for key in keys),
            "unlike": sum(self._is_unlike(one) for one in self.heard),
            "left waiting": self.kept.left,
        }

    def _is_unlike(self, one: Heard) -> bool:
        """Whether a repetition got another reply, or the kept one is not the one that was given."""
        if one.reply is None or one.again is not None and RepliesModel.parse_raw(one.again) != _read(one.reply):
            return one.reply is not None
        kept = self.kept.replies.get((one.token, one.id), [])
        return any([MessageModel(**message) for message in reply] != _read(one.reply).replies for reply in kept)


def _read(reply: bytes) -> RepliesModel:
    return RepliesModel.parse_raw(reply)


async def _restarting(served: Product, times: int, between: float) -> tuple[list[float], list[float]]:
    stops, starts = [], []
    for _ in range(times):
        await asyncio.sleep(random.uniform(0.5, 1.5) * between)
        stops.append(await asyncio.to_thread(served.stop))
        starts.append(await asyncio.to_thread(served.start))
    await asyncio.sleep(between)
    return stops, starts


async def _run(served: Product, times: int, rate: float, between: float) -> Result:
    done, began = asyncio.Event(), time.monotonic()
    crowd = [Client(served.port, f"10.2.{n // 250}.{n % 250 + 1}", CLIENTS / rate, done) for n in range(CLIENTS)]
    texts = questions()
    running = asyncio.gather(*(client.run(texts) for client in crowd))
    stops, starts = await _restarting(served, times, between)
    done.set()
    await running
    seconds = time.monotonic() - began
    await asyncio.to_thread(served.stop)
    heard = [one for client in crowd for one in client.heard]
    return Result(heard, kept_by(served, sorted({one.token for one in heard})), seconds, stops, starts)


def restarted(times: int, rate: float, between: float = 2.0, without: str = "") -> Result:
    """So many restarts. rate: messages a second that the clients try to send; between: seconds of work, on average."""
    with product(without, PRIVACY_DESK_BEHIND_PROXY="1") as served:
        served.start()
        return asyncio.run(_run(served, times, rate, between))


def row(name: str, result: Result) -> list[str]:
    """One line of the table."""
    rate, tries = len(result.heard) / result.seconds, sum(one.tries > 1 for one in result.heard)
    counts = [str(count) for count in result.counted().values()]
    stops = f"{p50(result.stops):.1f}, {max(result.stops):.1f}"
    start = f"{p50(result.starts):.1f}, {max(result.starts):.1f}"
    return [name, str(len(result.stops)), str(len(result.heard)), f"{rate:.0f}", str(tries), *counts, stops, start]


HEAD = ["", "restarts", "messages", "a second", "tried again", "unanswered", "lost", "doubled", "unlike"]
HEAD += ["left waiting", "stop s p50, max", "start s p50, max"]


def main() -> None:
    """The product and the control."""
    parser = argparse.ArgumentParser(prog="python -m bench.restarts")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--control-times", type=int, default=3)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = [HEAD, row("the product", restarted(options.times, options.rate))]
    if options.control_times:
        rows.append(row("without the inbox", restarted(options.control_times, options.rate, without="inbox")))
    text = f"{machine()}\n\n{table(rows)}"
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
