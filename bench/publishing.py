"""Does publishing disturb anybody: python -m bench.publishing [--rate 50] [--seconds 100] [--without release]

A served product is asked at a steady rate while two versions of Klasso, which differ in a retention clause, are
published five times and rolled back twice. Then every reply is looked at: none may be lost, and its version, its quotes
and its receipt must be those of one release. Before that the same load runs without publishing, for the longest answer.
The control (--without release) changes the knowledge over without the agent: then replies are mixtures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.measuring import machine, p50, p95, resident_mb, table
from bench.serving import Product, product
from bench.wire import Caller
from bot.receipts import PATH, Receipts
from bot.releases.publishing import publish, rollback, wait_until_served
from bot.releases.shelf import FolderShelf
from bot.settings import BotSettings
from pii.redacted import Redacted
from policies_kb.compiler import clause_id, compile_policy, dump
from policies_kb.knowledge import ROOT, policy_folders, read_version
from policies_kb.profile import load_profile

POLICY, SHIPPED, EDITED = "klasso", "2026-04", "2026-09"
BEFORE = "securely removed from our active databases."
AFTER = "securely removed from our active databases within 30 days."
QUESTIONS = (
    "how long do you keep my data after I delete my account",
    "when is my data removed after deletion",
    "what happens to my data when my account is deleted",
    "do you keep anything after my account is gone",
)
MOVES = ("publish", "publish", "rollback", "publish", "publish", "rollback", "publish")
EVERY = 2.0  # seconds between two messages of a client: not oftener than one may, nor so seldom that its line is closed
AGAIN_AFTER = (429, 503)  # the same message is sent again, as the widget does
TRIES = 20


def edited_folder(root: Path, before: str = BEFORE, after: str = AFTER, version: str = EDITED) -> None:
    """Give Klasso in that folder a new version in which one clause reads otherwise."""
    folder = root / POLICY
    old = read_version(folder, load_profile(folder / "profile.yml").current)
    clause = next(clause for clause in old.clauses if before in clause.text)
    identity = clause_id(clause.text.replace(before, after))
    (folder / f"{old.version}.profile.yml").write_bytes((folder / "profile.yml").read_bytes())
    for path in folder.glob("*.yml"):
        if path.name in ("profile.yml", "questions.yml", "golden.yml"):
            text = path.read_text("utf-8").replace(clause.id, identity)
            path.write_text(text.replace(f'current: "{old.version}"', f'current: "{version}"'), "utf-8")
    source = old.source.replace(before, after)
    (folder / f"{version}.txt").write_bytes(source.encode("utf-8"))
    compiled = compile_policy(source, load_profile(folder / "profile.yml"), version)
    (folder / f"{version}.clauses.json").write_text(dump(compiled), "utf-8")


def two_roots(folder: Path) -> tuple[Path, Path]:
    """The shipped policies, and the same with the edit."""
    roots = folder / "shipped", folder / "edited"
    for root in roots:
        for policy in policy_folders(ROOT):
            shutil.copytree(policy, root / policy.name)
    edited_folder(roots[1])
    return roots


@dataclass
class Heard:
    """One message: when it was due, how long its answer took, and the answer. status: 0 where none came."""

    seconds: float
    status: int
    reply: dict[str, Any] | None


@dataclass
class Load:
    """Clients that ask at a steady rate, whatever becomes of the answers."""

    port: int
    rate: float
    heard: list[Heard] = field(default_factory=list)
    late: int = 0  # messages for which no client was free

    async def run(self, stop: asyncio.Event) -> None:
        """Until the event is set; what was asked is waited for."""
        free = [Caller(self.port, f"10.2.0.{number + 1}") for number in range(round(EVERY * self.rate))]
        loop = asyncio.get_running_loop()
        due, busy = loop.time(), set()
        for caller in free:
            await caller.open(POLICY)
        while not stop.is_set():
            due += 1 / self.rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not free:
                self.late += 1
                continue
            task = asyncio.create_task(self._ask(free, free.pop(0)))
            busy.add(task)
            task.add_done_callback(busy.discard)
        await asyncio.gather(*busy)

    async def _ask(self, free: list[Caller], caller: Caller) -> None:
        if random.random() < 0.2:
            await caller.open(POLICY)  # a new conversation now and then
        started, name = time.perf_counter(), secrets.token_hex(8)
        text = random.choice(QUESTIONS)
        for _ in range(TRIES):
            answer = await caller.say(name, text)
            if answer.status not in AGAIN_AFTER:
                break
            await asyncio.sleep(answer.retry_after or 0.2)
        is_good = answer.status == 200
        reply = answer.json()["replies"][0] if is_good else None
        self.heard.append(Heard(time.perf_counter() - started, answer.status, reply))
        free.append(caller)


@dataclass(frozen=True)
class Judge:
    """Knows what each release holds. texts: the sources by version; version_of: the version of a release."""

    texts: Mapping[str, str]
    version_of: Callable[[int], str]
    receipts: Receipts

    def is_mixture(self, reply: Mapping[str, Any]) -> bool:
        """Whether version, quotes, links and receipt of an answer are not all of one release."""
        answer = reply.get("answer")
        if not answer:
            return False
        receipt = self.receipts.read(str(answer["receipt"]).removeprefix(PATH))
        version = self.version_of(receipt.release)
        said = {quote["version"] for quote in answer["quotes"]} | {receipt.version}
        return said != {version} or not all(
            quote["text"] in self.texts[version] and f"/{version}#" in quote["url"] for quote in answer["quotes"]
        )


@dataclass
class Mover:
    """The owner of the policy, who publishes and rolls back while people ask."""

    served: Product
    roots: tuple[Path, Path]
    said: list[tuple[str, float]] = field(default_factory=list)  # what was done, seconds until it was served

    def move(self, number: int, kind: str) -> None:
        """Publish the version that is not served now, or go back to a release that held it."""
        settings = BotSettings.from_environment(self.served._environment())
        shelf = FolderShelf(settings.data / "releases")
        present = shelf.current()
        assert present is not None
        is_shipped = shelf.manifest(present).policies[POLICY].current == SHIPPED
        wanted = EDITED if is_shipped else SHIPPED
        started = time.monotonic()
        if kind == "rollback":
            older = [n for n in range(1, present) if shelf.manifest(n).policies[POLICY].current == wanted]
            target = rollback(shelf, older[-1], "Bench Owner", "", _now()).number
        else:
            chosen = replace(settings, policies=self.roots[is_shipped])
            target = publish(chosen, shelf, [POLICY], "Bench Owner", "", _now()).number
        wait_until_served(shelf, target, _now)
        self.said.append((f"{kind} -> release {target} ({wanted})", time.monotonic() - started))


def _now() -> datetime:
    return datetime.now(timezone.utc)


async def _loaded(served: Product, rate: float, seconds: float, beside: Callable[[], Any] | None = None) -> Load:
    load, stop = Load(served.port, rate), asyncio.Event()
    running = asyncio.ensure_future(load.run(stop))
    if beside is None:
        await asyncio.sleep(seconds)
    else:
        await asyncio.to_thread(beside)
    stop.set()
    await running
    return load


def measure(rate: float, seconds: float, without: str) -> int:
    """The whole run; 0 if nothing was lost and nothing mixed."""
    with product(without, PRIVACY_DESK_BEHIND_PROXY="1", PRIVACY_DESK_CONSOLE="0") as served:
        roots = two_roots(served.folder)
        served.variables["PRIVACY_DESK_POLICIES"] = str(roots[0])
        served.start()
        texts = {SHIPPED: _source(roots[0], SHIPPED), EDITED: _source(roots[1], EDITED)}
        mover = Mover(served, roots)

        def owner() -> None:
            for number, kind in enumerate(MOVES):
                time.sleep(seconds / len(MOVES))
                mover.move(number, kind)
            time.sleep(2)

        asyncio.run(_loaded(served, rate, 5))  # what is made on first use is made
        memory = [resident_mb(served.pid)]
        calm = asyncio.run(_loaded(served, rate, seconds / 2))
        moved = asyncio.run(_loaded(served, rate, 0, owner))
        memory.append(resident_mb(served.pid))
        shelf = FolderShelf(served.folder / "data" / "releases")
        secret = Redacted((served.folder / "data" / "secret").read_text("utf-8").strip())
        judge = Judge(texts, lambda n: shelf.manifest(n).policies[POLICY].current, Receipts(secret, _now))
        return _report(calm, moved, mover, judge, memory)


def _source(root: Path, version: str) -> str:
    return (root / POLICY / f"{version}.txt").read_bytes().decode("utf-8")


def _report(calm: Load, moved: Load, mover: Mover, judge: Judge, memory: list[float]) -> int:
    print(machine())
    rows = [["", "messages", "not answered", "late", "median ms", "p95 ms", "longest ms"]]
    for name, load in (("without publishing", calm), ("5 publishes, 2 rollbacks", moved)):
        taken = [1000 * one.seconds for one in load.heard]
        lost = sum(one.reply is None for one in load.heard)
        numbers = [f"{value:.0f}" for value in (p50(taken), p95(taken), max(taken))]
        rows.append([name, str(len(load.heard)), str(lost), str(load.late), *numbers])
    print(table(rows))
    for said, seconds in mover.said:
        print(f"  {said}: served after {seconds:.1f} s")
    replies = [one.reply for one in moved.heard if one.reply is not None]
    mixed = sum(judge.is_mixture(reply) for reply in replies)
    versions = Counter(quote["version"] for reply in replies for quote in (reply.get("answer") or {}).get("quotes", ()))
    statuses = Counter(one.status for one in moved.heard)
    print(f"  statuses {dict(statuses)}; quotes by version {dict(versions)}; mixtures {mixed}")
    print(f"  memory {memory[0]:.0f} MB before, {memory[1]:.0f} MB after")
    lost = sum(one.reply is None for one in moved.heard)
    return 1 if lost or mixed or len(versions) < 2 else 0


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.publishing")
    parser.add_argument("--rate", type=float, default=50, help="messages a second")
    parser.add_argument("--seconds", type=float, default=100, help="of the part in which is published")
    parser.add_argument("--without", default="", help="the control: release")
    parsed = parser.parse_args()
    return measure(parsed.rate, parsed.seconds, parsed.without)


if __name__ == "__main__":
    sys.exit(main())
