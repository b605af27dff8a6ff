"""Sends messages in a child process, kills it with SIGKILL again and again, and counts what arrived.

    python worker_kill_harness.py MODE URL FOLDER LETTERS LANES KILLS
    prints {"kills", "lost", "doubled", "out_of_order"}

What arrived is a line in a file, written by the sender just before it returns. Modes: `whole` is the product.
`note_first` notes a message as delivered before it is sent, and must lose some. Each life's clock is a lease later, so
that it finds what the last one held.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from pii.encryption import Vault, load_ring
from pii.redacted import Redacted
from tickets.outbox import LEASE, Letter, Outbox, Parcel, post
from tickets.store import Store
from tickets.vocabulary import Way
from tickets.worker import Worker

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)
TRAVEL_SECONDS = 0.003
LONGEST_LIFE_SECONDS = 0.03  # from the first message on


class LineSender:
    """The other side: it has a message once its line is in the file. A byte in `begun` tells of the first."""

    def __init__(self, box: Outbox, arrived: Path, mode: str, begun: int) -> None:
        self._box = box
        self._file = os.open(arrived, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._mode = mode
        self._begun = begun

    async def send(self, parcel: Parcel) -> None:
        os.write(self._begun, b".")
        if self._mode == "note_first":
            self._box.delivered(parcel, NOW)
            await asyncio.sleep(TRAVEL_SECONDS * 5)  # a journey long enough to be killed on
        await asyncio.sleep(TRAVEL_SECONDS)
        os.write(self._file, f"{parcel.text.reveal()}\n".encode())


async def work(box: Outbox, worker: Worker) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    while await asyncio.to_thread(box.oldest_waiting) is not None:  # noqa: ASYNC110  it is the database that is watched
        await asyncio.sleep(0.05)
    stop.set()
    await task


def life(mode: str, url: str, folder: Path, now: datetime, seconds: float | None) -> bool:
    """One child that sends until nothing waits, or is killed so many seconds after it began; whether it was killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with Store(url) as store:
                box = Outbox(store, Vault(load_ring(folder / "keys.json")))
                sender = LineSender(box, folder / "arrived", mode, writing)
                asyncio.run(work(box, Worker(box, {Way.TELEGRAM: sender}, lambda: now)))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    if seconds is not None:
        select.select([reading], [], [], 10)
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(reading)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("a child failed")
    return os.WIFSIGNALED(status)


def fill(url: str, folder: Path, letters: int, lanes: int) -> None:
    with Store(url) as store:
        store.migrate()
        vault = Vault(load_ring(folder / "keys.json"))
        with store.unit() as unit:
            for number in range(letters):
                lane = f"lane-{number % lanes}"
                text = f"{number % lanes} {number}"
                post(unit, vault, Letter(Way.TELEGRAM, lane, "fulfilled", Redacted(lane), "", text), NOW)
            unit.commit()


def counted(folder: Path, letters: int, lanes: int) -> dict[str, int]:
    """What arrived, against what was posted. Order: by the first arrival of each."""
    arrived = [tuple(map(int, line.split())) for line in (folder / "arrived").read_text().splitlines()]
    times = Counter(number for _, number in arrived)
    first = list(dict.fromkeys(arrived))
    order = [[number for lane, number in first if lane == wanted] for wanted in range(lanes)]
    return {
        "lost": letters - len(times),
        "doubled": sum(count - 1 for count in times.values()),
        "out_of_order": sum(lane != sorted(lane) for lane in order),
    }


def main(mode: str, url: str, folder: Path, letters: int, lanes: int, kills: int) -> None:
    fill(url, folder, letters, lanes)
    killed = 0
    for number in range(kills):
        killed += life(mode, url, folder, NOW + number * LEASE, random.uniform(0, LONGEST_LIFE_SECONDS))
    life(mode, url, folder, NOW + kills * LEASE, None)
    print(json.dumps({"kills": killed} | counted(folder, letters, lanes)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *(int(number) for number in sys.argv[4:7]))
