"""A pretend Telegram for benchmarks: our own Bot API server in a thread, and the settings of a product that uses it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx

from bench.serving import PATIENCE, free_port
from bot.channels.fake_telegram.server import make_server
from bot.channels.fake_telegram.world import World

TOKEN = "4711:only-for-benchmarks"
SOURCE = "telegram:4711"
SECRET = "only-for-benchmarks-only-for-benchmarks"


@contextlib.contextmanager
def pretend_telegram() -> Iterator[tuple[World, dict[str, str]]]:
    """A world that lets the bot send as fast as it likes, and the environment of a product that polls it."""
    world, port = World(TOKEN, "bench_bot", limits=False), free_port()
    server = make_server(world, "127.0.0.1", port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait_for(port)
    try:
        yield world, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": f"http://127.0.0.1:{port}/bot"}
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
            return
        time.sleep(0.05)
    raise RuntimeError("the pretend Telegram does not start")
