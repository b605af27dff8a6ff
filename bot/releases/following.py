"""A serving process follows the shelf: it loads what was published aside, then changes over in one assignment.

What is loaded is loaded in a thread, so that answers go on. A release that cannot be loaded is refused: the process
keeps what it serves, logs it, shows it in /metrics, and looks again from time to time.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from bot.rasa_agent import dismantle
from bot.releases.earlier import policy_of_release
from bot.training import TrainingError, code_fingerprint
from policies_kb.errors import KnowledgeError, ReleaseError
from policies_kb.releases.opening import Opener
from policies_kb.releases.shelf import Shelf
from tickets.errors import TicketError

if TYPE_CHECKING:
    from bot.parts import Parts
    from policies_kb.knowledge import KnowledgeBase, Policy

EVERY = 1.0  # seconds between two looks at the shelf
REPORT_EVERY = 3.0  # seconds between two words about what is served
AGAIN_AFTER = 30.0  # seconds until a release that was refused is looked at again
_log = structlog.get_logger("bot.releases")


def replica_name(port: int) -> str:
    """This process among all that serve: machine, port and process."""
    host = "".join(char if char.isalnum() or char in "-." else "-" for char in socket.gethostname())[:40]
    return f"{host}:{port}:{os.getpid()}"


def give_memory_back() -> None:
    """Return to the system what loading and dropping models left in pieces; takes some milliseconds."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # a C library other than glibc has no such call
        ctypes.CDLL(None).malloc_trim(0)


@dataclass
class Follower:
    """One process's way of following. served: the release that its parts were made of."""

    shelf: Shelf
    opener: Opener
    parts: "Parts"
    served: int
    replica: str
    clock: Callable[[], datetime]
    every: float = EVERY
    code: str = field(default_factory=code_fingerprint)  # of this process, whatever lies on the disk later
    _refused: tuple[int, float] = (0, 0.0)  # a release, and the loop's time from which it is tried again
    _told: float = float("-inf")
    _retiring: "set[asyncio.Task[None]]" = field(default_factory=set)

    def show_on(self, registry: CollectorRegistry) -> None:
        """Add to /metrics what is served, and how often a release was refused."""
        gauge = Gauge("desk_release", "The release that is served", registry=registry)
        gauge.set_function(lambda: self.served)
        self._refusals = Counter("desk_releases_refused", "Releases that could not be loaded", registry=registry)

    def earlier(self, number: int, policy: str) -> "Policy | None":
        """A policy as that release served it, to be read."""
        return policy_of_release(self.shelf, number, policy)

    async def run(self, stop: asyncio.Event) -> None:
        """Until the event is set."""
        while not stop.is_set():
            await self.look()
            try:
                await asyncio.wait_for(stop.wait(), self.every)
            except asyncio.TimeoutError:
                continue
        await self._quietly(self.shelf.stopped_serving, self.replica)

    async def look(self) -> None:
        """One look at the shelf. Never raises."""
        number = await self._quietly(self.shelf.current)
        now = asyncio.get_running_loop().time()
        is_refused = self._refused[0] == number and now < self._refused[1]
        if number is not None and number != self.served and not is_refused:
            await self._change_to(int(number), now)
        if now - self._told >= REPORT_EVERY or self._told == float("-inf"):
            self._told = now
            await self._quietly(self.shelf.report_serving, self.replica, self.served, self.clock())

    async def _change_to(self, number: int, now: float) -> None:
        try:
            agent = await asyncio.to_thread(self._load, number)
        except (KnowledgeError, TrainingError, TicketError, OSError, ValueError) as error:
            self._refuse(number, now, error)
            return
        except Exception as error:  # noqa: BLE001  the boundary: whatever Rasa raises for a model, the old one serves on
            self._refuse(number, now, error)
            return
        before = self.parts.desk.agent
        self.parts.change_to(agent)
        self.served, self._refused, self._told = number, (0, 0.0), float("-inf")
        _log.info("release_served", sequence=number)
        task = asyncio.ensure_future(self._retire(before))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, agent: Any) -> None:
        """Let an agent go when its last turn has ended: its model is large."""
        if await self.parts.desk.settled():
            dismantle(agent)
        del agent
        await asyncio.to_thread(give_memory_back)

    def _load(self, number: int) -> Any:
        manifest = self.shelf.manifest(number)
        if manifest.model.code != self.code:
            raise ReleaseError(f"release {number} was made by another version of the product; restart this process")
        knowledge: KnowledgeBase = self.opener.open(manifest)
        model: Path = self.shelf.fetch(manifest.model.sha256)
        return self.parts.load_beside(model, knowledge)

    def _refuse(self, number: int, now: float, error: Exception) -> None:
        is_known = self._refused[0] == number
        self._refused = (number, now + AGAIN_AFTER)
        if hasattr(self, "_refusals"):
            self._refusals.inc()
        if not is_known:
            _log.error("release_refused", sequence=number, kind=type(error).__name__)

    async def _quietly(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """A look at the shelf that fails is no reason to stop answering; the next one is due in a second."""
        try:
            return await asyncio.to_thread(call, *arguments)
        except (KnowledgeError, TicketError, OSError) as error:
            _log.error("shelf_not_read", kind=type(error).__name__)
            return None
