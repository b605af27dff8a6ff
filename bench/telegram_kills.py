"""Has every update from Telegram one effect, whatever dies: python -m bench.telegram_kills [--chats 100] [--kills 200]

Each person writes ten messages: six that file a request, four questions. Updates come by polling or by webhook from our
own Bot API server, each one to five times; the product is killed with SIGKILL at random moments and started again.
Then the database is read: one settled row and one answer for each update, answers in the order of the questions, one
request of each person. Of two controls one gives every delivery a key of its own, the other acknowledges updates before
they are written down.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.load import questions
from bench.measuring import machine, table
from bench.pretend import SOURCE, Proxy, pretend_telegram
from bench.serving import Product, product
from bot.channels.fake_telegram.world import World
from pii.encryption import Vault, load_ring
from tickets.arriving import key_hash

FILING = ("please delete my account", "yes", "{address}", "no", "yes")
QUESTIONS = 4
MOST_AGAIN = 4  # times that an update is delivered once more
LONGEST_LIFE = 1.0  # seconds from being ready to the kill
DURING_START = 0.2  # share of kills before it is ready
RECENT = 100  # updates, of which some are delivered once more
RATE = 25.0  # messages a second, while the product lives
PATIENCE = 900.0  # seconds for the rest after the last kill


@dataclass
class People:
    """Everybody who writes. noted: the chat of each update with a message, in their order."""

    world: World
    noted: dict[int, int] = field(default_factory=dict)
    _left: dict[int, list[str]] = field(default_factory=dict)

    @classmethod
    def new(cls, world: World, chats: int) -> "People":
        """So many, who have said nothing yet."""
        people, texts = cls(world), questions()
        for number in range(chats):
            filing = [text.format(address=f"person-{number}@example.org") for text in FILING]
            asked = random.sample([text for text in texts if len(text) < 200], QUESTIONS)
            people._left[world.new_person(f"Person {number}")] = ["/start klasso", *filing, *asked]
        usual = world.mailbox.put_raw

        def put_raw(fields: dict[str, Any], lane: int, now: datetime) -> int:
            number = usual(fields, lane, now)
            if "message" in fields:
                people.noted[number] = lane
            return number

        world.mailbox.put_raw = put_raw  # type: ignore[method-assign]
        return people

    @property
    def is_done(self) -> bool:
        """Whether all is said."""
        return not self._left

    def say(self) -> None:
        """One of them says what comes next; some earlier updates are delivered once more."""
        chat = random.choice(list(self._left))
        text = self._left[chat].pop(0)
        if not self._left[chat]:
            del self._left[chat]
        if text.startswith("/start "):
            self.world.start(chat, text.removeprefix("/start "))
        else:
            self.world.say(chat, text)
        # What was never delivered would come before what was said earlier, which Telegram does not do.
        waiting = {update.id for update in self.world.pending()}
        delivered = [number for number in list(self.noted)[-RECENT:] if number not in waiting]
        for _ in range(random.randint(0, MOST_AGAIN) if delivered else 0):
            self.world.redeliver(random.choice(delivered))


@dataclass(frozen=True)
class Result:
    """What was said and what was kept."""

    said: int
    kills: int
    seconds: float
    counted: dict[str, int]


async def _killed(served: Product, people: People, kills: int) -> int:
    """Kill it again and again while people talk, until all is said and so many kills are done."""
    done, every = 0, 1 / RATE
    while done < kills:
        served.launch()
        if random.random() < DURING_START:
            await asyncio.sleep(random.uniform(0, 5))
        else:
            await asyncio.to_thread(served.wait)
            end = time.monotonic() + random.uniform(0, LONGEST_LIFE)
            while time.monotonic() < end:
                if not people.is_done:
                    people.say()
                await asyncio.sleep(every)
        await asyncio.to_thread(served.kill)
        done += 1
    await asyncio.to_thread(served.start)
    while not people.is_done:
        people.say()
        await asyncio.sleep(every)
    return done


def _waiting(served: Product) -> int:
    with _reading(served) as database:
        return int(database.execute("SELECT count(*) FROM inbox WHERE status = 'waiting'").fetchone()[0])


@contextlib.contextmanager
def _reading(served: Product) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"file:{served.database}?mode=ro", uri=True, timeout=30)) as database:
        yield database


async def _rest(served: Product, people: People) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if not people.world.pending() and not _waiting(served):
            return
        await asyncio.sleep(1)


def counted(served: Product, people: People) -> dict[str, int]:
    """How many updates went wrong in which way, and how many people's requests; all 0 if the promise is kept."""
    vault = Vault(load_ring(served.folder / "data" / "keys.json"))
    updates = {key_hash(vault, SOURCE, str(number)): number for number in people.noted}
    with _reading(served) as database:
        rows = database.execute(
            "SELECT key, status, reply_id, problem FROM inbox WHERE source = ?", (SOURCE,)
        ).fetchall()
        sent = database.execute(
            "SELECT id, lane FROM outbox WHERE way = 'telegram' AND kind = 'reply' ORDER BY sequence"
        )
        answers = sent.fetchall()
        requests = Counter(one for (one,) in database.execute("SELECT conversation FROM requests"))
    answered = {
        reply: updates[key] for key, status, reply, _ in rows if key in updates and status == "settled" and reply
    }
    lanes: dict[str, list[int]] = {}
    for reply, lane in answers:
        if reply in answered:
            lanes.setdefault(lane, []).append(answered[reply])
    chats = len(set(people.noted.values()))
    return {
        "lost": len(updates) - len(answered),
        "doubled": max(0, len(answers) - len(updates)),
        "out of order": sum(one > other for lane in lanes.values() for one, other in zip(lane, lane[1:])),
        "set aside": sum(status == "quarantined" for _, status, _, _ in rows),
        "requests missing": max(0, chats - len(requests)),
        "requests too many": sum(requests.values()) - len(requests),
    }


def run(mode: str, chats: int, kills: int, without: str = "") -> Result:
    """One run. mode: polling or webhook."""
    proxy = Proxy() if mode == "webhook" else None
    began = time.monotonic()
    with pretend_telegram(proxy) as (world, variables), product(without, **variables) as served:
        if proxy is not None:
            proxy.port = served.port
        people = People.new(world, chats)
        done = asyncio.run(_killed(served, people, kills))
        asyncio.run(_rest(served, people))
        served.stop()
        return Result(len(people.noted), done, time.monotonic() - began, counted(served, people))


def main() -> None:
    """Both ways in, and the controls."""
    parser = argparse.ArgumentParser(prog="python -m bench.telegram_kills")
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--kills", type=int, default=200, help="half of them with polling, half with the webhook")
    parser.add_argument("--no-control", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    half = options.kills // 2
    runs = {mode: run(mode, options.chats, half) for mode in ("polling", "webhook")}
    if not options.no_control:
        runs |= {f"polling, no {name}": run("polling", 10, 5, name) for name in ("key", "memory")}
    first = next(iter(runs.values()))
    rows = [["", "updates", "kills", *first.counted, "seconds"]]
    for name, one in runs.items():
        rows.append([name, str(one.said), str(one.kills), *map(str, one.counted.values()), f"{one.seconds:.0f}"])
    text = f"{machine()}\n\n{table(rows)}"
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
