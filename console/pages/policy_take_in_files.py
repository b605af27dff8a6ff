"""Texts on their way to the command line: each in a private folder, which is gone when its errand has ended.

A folder is locked as long as the process lives that made it, so that the next console sees which ones were left behind.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from console.pages.policy_change_errands import TAKING_IN_SECONDS, Errand, Errands

FOLDER = "uploads"  # below the data folder
PRIVATE = 0o700


@dataclass
class Held:
    """A file that waits for its errand."""

    path: Path
    lock: int = field(repr=False)

    def remove(self) -> None:
        """Take it away, with its folder. Again does nothing."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1


class Uploads:
    """The folder in which they lie. Its methods block and are called in threads."""

    def __init__(self, data: Path) -> None:
        self.root = data / FOLDER

    def hold(self, name: str, content: IO[bytes]) -> Held:
        """Write it under that name, which is never what somebody sent. Raises OSError where there is no room."""
        self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        with _alone(self.root):
            folder = Path(tempfile.mkdtemp(dir=self.root))
            held = Held(folder / name, _locked(folder))
        try:
            with held.path.open("xb") as target:
                shutil.copyfileobj(content, target)
        except OSError:
            held.remove()
            raise
        return held

    def sweep(self) -> None:
        """Remove what consoles left that are no more."""
        if not self.root.is_dir():
            return
        with _alone(self.root):
            for folder in self.root.iterdir():
                try:
                    lock = _locked(folder)
                except OSError:
                    continue  # its console is at work
                Held(folder / "left", lock).remove()


@dataclass
class FileErrands:
    """Errands that are given a file."""

    errands: Errands
    uploads: Uploads

    async def start(
        self, errand: Errand, words: Sequence[str], file: tuple[str, IO[bytes]], note: Callable[[], None]
    ) -> bool:
        """Start the command on that file, which is gone when it ends. False while something else is being done.

        words: command and options; note: writes the deed down before it is begun.
        """
        await self.errands.make_way()
        if self.errands.running is not None:
            return False
        held, is_started = await asyncio.to_thread(self.uploads.hold, *file), False
        try:
            await asyncio.to_thread(note)
            errand.at_end = held.remove
            arguments = [*words, "--", errand.policy, str(held.path)]
            is_started = self.errands.start(errand, arguments, TAKING_IN_SECONDS)
        finally:
            if not is_started:
                held.remove()
        return is_started


def _locked(folder: Path) -> int:
    """The open folder, ours until it is closed. Raises OSError where it is somebody else's."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody sweeps while a folder is made."""
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
