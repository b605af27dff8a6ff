"""The product with one defence taken away, as the control of a benchmark: python -m bench.without DEFENCE run

gate: nobody is turned away, however much is under way. inbox: messages of the web are not kept before they are
answered, as if the database were down for them. key: each delivery of an update from Telegram counts as another one.
memory: updates are acknowledged first and written down a moment later. release: what is published changes the knowledge
over without the agent whose actions answer from it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from dataclasses import replace
from typing import Any

STARTED = time.monotonic()
MEMORY_SECONDS = 0.5


def no_gate() -> None:
    """Let everything through."""
    import bot.shedding
    import bot.web_door

    def passes(gate: Any, path: str, method: str, address: str, token: str, now: float) -> tuple[int, str]:
        return 0, ""

    bot.shedding.Gate.wait = passes  # type: ignore[method-assign,assignment]
    bot.web_door.MOST_UNDER_WAY = 10**9


def no_inbox() -> None:
    """Answer without keeping, and remember nothing."""
    import bot.web_door

    async def nothing(door: Any, arrived: Any, mark: str) -> None:
        return None

    bot.web_door.WebDoor._received = nothing  # type: ignore[method-assign,assignment]
    bot.web_door.MOST_REMEMBERED = 0


def no_key() -> None:
    """Give every delivery a key of its own."""
    from bot.channels.telegram.arrivals import Arrivals

    usual = Arrivals._incoming

    def own_key(arrivals: Any, heard: Any, bot: Any) -> Any:
        return replace(usual(arrivals, heard, bot), key=secrets.token_hex(8))

    Arrivals._incoming = own_key  # type: ignore[method-assign,assignment]


def in_memory() -> None:
    """Keep updates in memory for a while, as an adapter does that queues them there."""
    from bot.channels.telegram.arrivals import Arrivals

    usual, late = Arrivals.keep, set()

    async def write(arrivals: Any, updates: Any) -> None:
        await asyncio.sleep(MEMORY_SECONDS)
        await usual(arrivals, updates)

    async def keep(arrivals: Any, updates: Any) -> int:
        task = asyncio.create_task(write(arrivals, updates))
        late.add(task)
        task.add_done_callback(late.discard)
        return len(updates)

    Arrivals.keep = keep  # type: ignore[method-assign,assignment]


def no_pair() -> None:
    """Give the agent that is there the knowledge of the new release."""
    from bot.releases.following import Follower

    usual = Follower._load

    def mixed(follower: Any, number: int) -> Any:
        agent = follower.parts.desk.agent
        agent.knowledge = usual(follower, number).knowledge
        return agent

    async def keep(follower: Any, agent: Any) -> None:
        return None

    Follower._load = mixed  # type: ignore[method-assign,assignment]
    Follower._retire = keep  # type: ignore[method-assign,assignment]


DEFENCES = {"release": no_pair, "gate": no_gate, "inbox": no_inbox, "key": no_key, "memory": in_memory}


def main(defence: str, arguments: list[str]) -> int:
    """Take it away, then do as `python -m bot`."""
    from bot.__main__ import _silence_old_libraries
    from bot.threads import keep_to_one_thread

    _silence_old_libraries()
    keep_to_one_thread(os.environ)
    from bot.commands import main as run

    DEFENCES[defence]()
    return run(arguments, STARTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
