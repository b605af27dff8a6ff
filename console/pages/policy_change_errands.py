"""What needs the trained model is done by `python -m bot policy …` in a process of its own, one at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from console.settings import ConsoleSettings

ASKING_SECONDS = 300  # a model may have to be trained first
PUBLISHING_SECONDS = 900
TAKING_IN_SECONDS = 600  # a new policy is asked the usual questions, for which a model may have to be trained
STOPPING_SECONDS = 5
ASK, PUBLISH = "ask", "publish"  # kinds of errands; rolling back is of the second kind: the page shows the last
TAKE_IN, PROFILE = "take in", "profile"
MOST_LINES, LONGEST_LINE = 400, 500
LONGEST_OUTPUT = 8_000_000  # bytes: the answers to all golden questions, as data
NOT_STARTED, TOOK_TOO_LONG = 126, 124
_log = structlog.get_logger("console.errands")


@dataclass
class Errand:
    """One call of the command line. told: its lines for people; output: what it printed; code: None while it runs.

    at_end: called once, however it ends.
    """

    what: str
    policy: str
    key: str = ""  # of what it is about, so that an old answer is not taken for a new one
    told: list[str] = field(default_factory=list)
    output: str = ""
    code: int | None = None
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)
    at_end: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.code is None

    @property
    def progress(self) -> list[str]:
        """The lines that say what is being done."""
        return [line.strip() for line in self.told if line.startswith("  ") and line.rstrip().endswith("…")]

    @property
    def trouble(self) -> str:
        """What it said of why it failed."""
        said = [line for line in self.told if line.strip() not in self.progress]
        return "\n".join(said[-60:]).strip() or f"it ended with {self.code}"


class Errands:
    """Runs one at a time and remembers the last one of each kind and policy."""

    def __init__(self, settings: "ConsoleSettings") -> None:
        self._settings = settings
        self._last: dict[tuple[str, str], Errand] = {}
        self._running: Errand | None = None

    @property
    def running(self) -> Errand | None:
        """The one that runs now."""
        return self._running if self._running is not None and self._running.is_running else None

    def last(self, what: str, policy: str) -> Errand | None:
        """The last one of that kind about that policy, running or not."""
        return self._last.get((what, policy))

    def start(self, errand: Errand, arguments: Sequence[str], seconds: float) -> bool:
        """Start it, unless another one runs; then it is False. Call it in the loop."""
        if self.running is not None:
            return False
        self._running = self._last[errand.what, errand.policy] = errand
        errand.task = asyncio.ensure_future(self._run(errand, arguments, seconds))
        errand.task.add_done_callback(lambda _: _ended(errand))
        return True

    async def make_way(self) -> None:
        """End an errand that only asks: somebody who publishes does not wait for it. It is asked again later."""
        errand = self.running
        if errand is None or errand.what != ASK or errand.task is None:
            return
        errand.key = ""
        errand.task.cancel()
        await asyncio.wait([errand.task], timeout=STOPPING_SECONDS)

    async def _run(self, errand: Errand, arguments: Sequence[str], seconds: float) -> None:
        try:
            errand.code = await self._call(errand, arguments, seconds)
        except asyncio.TimeoutError:
            errand.code = TOOK_TOO_LONG
            errand.told.append(f"it took longer than {seconds:.0f} seconds and was ended; nothing is half done")
        except (OSError, ValueError) as error:
            _log.error("errand_not_started", kind=type(error).__name__)
            errand.told.append("the command could not be started")

    async def _call(self, errand: Errand, arguments: Sequence[str], seconds: float) -> int:
        # No shell: what people typed is one argument each, and never a second option (`--by=…`).
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "bot",
            "policy",
            *arguments,
            cwd=self._settings.project,
            env=environment_for(self._settings, os.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_OUTPUT,
        )
        try:
            output, code = await asyncio.wait_for(_ended_with(process, errand.told), seconds)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        errand.output = output
        return code


async def _ended_with(process: asyncio.subprocess.Process, told: list[str]) -> tuple[str, int]:
    """What it printed and how it ended. told: takes its lines for people, as they come."""
    assert process.stdout and process.stderr
    output, _, code = await asyncio.gather(_read_all(process.stdout), _read_lines(process.stderr, told), process.wait())
    return output, code


def _ended(errand: Errand) -> None:
    """Also one that was cancelled before its first step has ended."""
    if errand.code is None:
        errand.code = NOT_STARTED
    if errand.at_end is not None:
        errand.at_end()


def environment_for(settings: "ConsoleSettings", environment: Mapping[str, str]) -> dict[str, str]:
    """Our own environment, with the places that this console works with whatever named them."""
    return {
        **environment,
        "PRIVACY_DESK_DATA": str(settings.data),
        "PRIVACY_DESK_DATABASE_URL": settings.database_url,
        "PRIVACY_DESK_KEYS": str(settings.keys),
        "PRIVACY_DESK_POLICIES": str(settings.policies),
    }


async def _read_all(stream: asyncio.StreamReader) -> str:
    """What comes, up to a cap; the rest is read and dropped so that the process does not wait."""
    parts, size = [], 0
    while block := await stream.read(65_536):
        size += len(block)
        if size <= LONGEST_OUTPUT:
            parts.append(block)
    return b"".join(parts).decode("utf-8", "replace")


async def _read_lines(stream: asyncio.StreamReader, told: list[str]) -> None:
    while line := await stream.readline():
        text = line.decode("utf-8", "replace").rstrip()[:LONGEST_LINE]
        if text and len(told) < MOST_LINES:
            told.append("".join(char if char.isprintable() else " " for char in text))
