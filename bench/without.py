"""The product with one defence taken away, as the control of a benchmark: python -m bench.without DEFENCE run

gate: nobody is turned away, however much is under way. inbox: messages of the web are not kept before they are
answered, as if the database were down for them.
"""

from __future__ import annotations

import sys
import time
from typing import Any

STARTED = time.monotonic()


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


DEFENCES = {"gate": no_gate, "inbox": no_inbox}


def main(defence: str, arguments: list[str]) -> int:
    """Take it away, then do as `python -m bot`."""
    from bot.__main__ import _silence_old_libraries
    from bot.commands import main as run

    _silence_old_libraries()
    DEFENCES[defence]()
    return run(arguments, STARTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
