"""The pretend Telegram beside the product, for trying the bot out without a token: on this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from bot.channels.fake_telegram.demo import demo_world
from bot.channels.fake_telegram.server import make_server
from bot.telegram_settings import DEMO_TOKEN


def demo_socket(port: int) -> socket.socket | None:
    """The port on the loopback address; None if somebody else has it."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
        taken.listen()  # callers that come before it serves wait instead of failing
    except OSError:
        taken.close()
        return None
    return taken


async def serve_demo(listening: socket.socket, stop: asyncio.Event) -> None:
    """Until the event is set."""
    server = make_server(demo_world(DEMO_TOKEN), *listening.getsockname()[:2])
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]  # they are the other server's
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    await stop.wait()
    server.should_exit = True
    await asyncio.wait([serving], timeout=5)
