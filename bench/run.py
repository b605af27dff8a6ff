"""Speed and memory of the product: `make bench`.

Training, start, memory, a question in process, its growth over a long conversation. Ratios are against the named
baseline in the same run; on a shared machine only they are worth comparing.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.measuring import machine, p50, p95, resident_mb, table
from bot.settings import PROJECT, BotSettings
from bot.threads import keep_to_one_thread
from quality import sets

FLAT = 1.3  # how much slower a turn may be late in a long conversation
WORDS = {
    "train": "training, s",
    "ready": "start until ready, s (best of 3)",
    "resident": "resident, MB",
    "p50": "question p50, ms",
    "p95": "question p95, ms",
}
LIMITS = {"train": 60.0, "ready": 5.0, "resident": 350.0, "p50": 15.0, "p95": 30.0}


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PRIVACY_DESK_DATABASE_URL": f"sqlite:///{folder}/bench.db"}


def train(folder: Path) -> float:
    """Seconds of a training from nothing: no cache of Rasa's, no model."""
    cache, kept = PROJECT / ".rasa", folder / "rasa-cache"
    if cache.exists():
        shutil.move(cache, kept)
    environment = {**_environment(folder), "PRIVACY_DESK_MODELS": str(folder / "models")}
    command = [sys.executable, "-m", "bot", "train", "--quiet"]
    try:
        started = time.perf_counter()
        subprocess.run(command, cwd=PROJECT, env=environment, check=True, stderr=subprocess.DEVNULL)
        return time.perf_counter() - started
    finally:
        if kept.exists():
            shutil.rmtree(cache, ignore_errors=True)
            shutil.move(kept, cache)


def start(folder: Path) -> tuple[float, float]:
    """Seconds until /readyz answers, and resident megabytes then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**_environment(folder), "PRIVACY_DESK_PORT": str(port)}
    started = time.perf_counter()
    command = [sys.executable, "-W", "ignore", "-m", "bot", "run"]  # as `make run` does
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=quiet, stderr=quiet)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                    break
            except OSError:
                time.sleep(0.02)
        return time.perf_counter() - started, resident_mb(process.pid)
    finally:
        process.terminate()
        process.wait(20)


async def turns(texts: list[str], conversations: int, folder: Path) -> list[float]:
    """Milliseconds of each of these messages, one after the other, in so many conversations, in process."""
    from bot.desk import Turn
    from bot.intake import take
    from bot.launch import assemble, open_store
    from bot.training import ensure_model_apart

    settings = BotSettings.from_environment(_environment(folder))
    store = open_store(f"sqlite:///{folder}/turns.db")
    desk = assemble(settings, ensure_model_apart(settings.models), store).desk
    taken = []
    for number, text in enumerate(texts):
        turn = Turn.typed(f"bench:{number % conversations}", "kloudtalk", str(number), take(text))
        started = time.perf_counter()
        await desk.reply(turn)
        taken.append((time.perf_counter() - started) * 1000)
    store.close()
    return taken


def questions(folder: Path) -> tuple[float, float]:
    """Milliseconds of a policy question in process, encoder included: median and 95th percentile."""
    texts = [question.text for question in sets.own("dev") if question.expect == "ask"]
    taken = asyncio.run(turns(texts, 40, folder))[5:]
    return p50(taken), p95(taken)


def growth(folder: Path) -> tuple[float, float]:
    """A conversation of 100 turns: median of turns 6-25 and of turns 81-100."""
    texts = [question.text for question in sets.own("dev") if question.expect == "ask"][:100]
    taken = asyncio.run(turns(texts, 1, folder))
    return p50(taken[5:25]), p50(taken[80:])


def encoder_alone() -> float:
    """Milliseconds of the encoder alone for the same questions: the baseline of a question's cost."""
    from policies_kb.encoder import MiniLM
    from policies_kb.encoder_build import graph_path

    encoder = MiniLM(graph_path(BotSettings.from_environment().data / "encoder", exact=False), remember=0)
    taken = []
    for question in sets.own("dev"):
        started = time.perf_counter()
        encoder.encode([question.text])
        taken.append((time.perf_counter() - started) * 1000)
    return p50(taken)


def _kept(value: float, limit: float) -> str:
    return "kept" if value <= limit else "NOT KEPT"


def main() -> int:
    """Print the table; exit code 1 if a bound of the product is not kept."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    keep_to_one_thread(os.environ)  # as the product does
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {"train": train(folder)}
        starts = [start(folder) for _ in range(3)]
        measured |= {"ready": min(seconds for seconds, _ in starts), "resident": max(memory for _, memory in starts)}
        middle, slow = questions(folder)
        measured |= {"p50": middle, "p95": slow}
        early, late = growth(folder)
    alone = encoder_alone()
    rows = [["what", "measured", "bound", ""]]
    rows += [
        [WORDS[key], f"{value:.1f}", f"{LIMITS[key]:.0f}", _kept(value, LIMITS[key])] for key, value in measured.items()
    ]
    rows += [
        ["question against the encoder alone", f"{middle / alone:.1f} x", "", f"encoder {alone:.2f} ms"],
        ["turns 81-100 against turns 6-25", f"{late / early:.2f} x", f"{FLAT:.2f}", _kept(late / early, FLAT)],
    ]
    text = table(rows)
    print(f"{machine()}\n\n{text}")
    return 1 if re.search("NOT KEPT", text) else 0


if __name__ == "__main__":
    sys.exit(main())
