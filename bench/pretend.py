"""A pretend Telegram for benchmarks: our own Bot API server in a thread, and the settings of a product that uses it."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

import httpx
import uvicorn

from bench.serving import PATIENCE, free_port
from bot.channels.fake_telegram.server import FakeServer, make_fake
from bot.channels.fake_telegram.world import World

TOKEN = "4711:only-for-benchmarks"
SOURCE = "telegram:4711"
PUBLIC_URL = "https://desk.example.org"
SECRET = "only-for-benchmarks-only-for-benchmarks"


class Proxy(httpx.AsyncBaseTransport):
    """Stands for the proxy in front of the product: what is sent to its https address arrives at its port."""

    def __init__(self) -> None:
        self.port = 0
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one call over."""
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return await self._inner.handle_async_request(request)


@contextlib.contextmanager
def pretend_telegram(proxy: Proxy | None = None) -> Iterator[tuple[World, dict[str, str]]]:
    """A world that lets the bot send as fast as it likes, and the environment of a product that uses it.

    proxy: before a product that gets its updates by webhook; without one it polls.
    """
    world, port = World(TOKEN, "bench_bot", limits=False), free_port()
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # a bot that is killed in the middle of a call is no news
    app = make_fake(world, transport=proxy)
    config = uvicorn.Config(app, port=port, http="h11", ws="none", access_log=False, log_config=None)
    server = FakeServer(config, world)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait_for(port)
    try:
        variables = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": f"http://127.0.0.1:{port}/bot"}
        if proxy is not None:
            variables |= {"TELEGRAM_MODE": "webhook", "TELEGRAM_SECRET": SECRET, "PRIVACY_DESK_BASE_URL": PUBLIC_URL}
        yield world, variables
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
