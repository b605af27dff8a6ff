"""The staff console beside the public app, in the same process: on SQLite only one process writes.

Fronts do not import each other, so it is found by its package's name, as the actions are.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.parts import Parts
    from bot.settings import BotSettings

PACKAGE = "console"
Serve = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Serves until the event is set."""


def console_beside(settings: "BotSettings", parts: "Parts") -> tuple[Serve | None, str]:
    """How the console is served, and what the terminal says about it; None where it is off or its port is taken.

    Raises the console's own errors for settings that cannot be used; their texts name the variable.
    """
    if not settings.console:
        return None, "  Staff console       off (PRIVACY_DESK_CONSOLE)"
    launch, own = (importlib.import_module(f"{PACKAGE}.{name}") for name in ("launch", "settings"))
    console_settings = own.ConsoleSettings.from_environment(os.environ)
    try:
        listening = launch.listening_socket(console_settings)
    except launch.ConsoleError as error:
        return None, f"  Staff console       NOT SERVED: {error}"
    given = (parts.store, parts.vault, parts.knowledge, parts.mail, settings.data, console_settings, parts.clock)
    app = launch.make_console(*given)
    words = launch.first_words(console_settings, launch.first_admin(parts.store, parts.vault, parts.clock()))

    async def serve(stop: asyncio.Event) -> None:
        import uvicorn

        server = uvicorn.Server(launch.server_config(app))
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment]  # they are the other server's
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        await stop.wait()
        server.should_exit = True
        await asyncio.wait([serving], timeout=5)

    return serve, str(words)
