"""The port: where releases lie, which one is current, and who serves which.

`publish` and `point_to` are one atomic step each: before it the old release is served, after it the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Protocol

from policies_kb.errors import ReleaseError, ShelfMovedError
from policies_kb.releases.manifest import Draft, Manifest

LIVE = timedelta(seconds=10)  # a process that has not reported for longer is not waited for
MOVED = "somebody else has published meanwhile (the current release is {now}, not {expected}): look again, then publish"


class MoveKind(str, Enum):
    """How a release became the current one."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Move:
    """A release became the current one."""

    number: int
    by: str
    why: str
    at: datetime
    kind: MoveKind


@dataclass(frozen=True)
class Serving:
    """What a process said last: the release it serves."""

    replica: str
    number: int
    at: datetime

    def is_live(self, now: datetime) -> bool:
        """Whether it spoke lately."""
        return now - self.at <= LIVE


class Shelf(Protocol):
    """Releases. Everything it gives was verified; all methods raise ReleaseError, or DamagedError for what was not."""

    @property
    def cache(self) -> Path:
        """A folder of this machine for what is made of releases: unpacked archives, vectors."""
        ...

    def current(self) -> int | None:
        """The number of the release to serve; None as long as there is none."""
        ...

    def manifest(self, number: int) -> Manifest:
        """One release."""
        ...

    def moves(self) -> tuple[Move, ...]:
        """All that ever became current, oldest first."""
        ...

    def fetch(self, sha256: str) -> Path:
        """A file of a release on this machine. It must not be written to."""
        ...

    def publish(self, draft: Draft, files: Mapping[str, Path], now: datetime, expected: int | None) -> Manifest:
        """Make the draft the current release. files: those that may not be on the shelf yet, by SHA-256.

        expected: the release that was current when the draft was begun. Raises ShelfMovedError if it is not any more.
        """
        ...

    def point_to(self, number: int, by: str, why: str, now: datetime) -> None:
        """Make an earlier release the current one again."""
        ...

    def serving(self) -> tuple[Serving, ...]:
        """What each process said last."""
        ...

    def report_serving(self, replica: str, number: int, now: datetime) -> None:
        """Say that a process serves that release."""
        ...

    def stopped_serving(self, replica: str) -> None:
        """That process ends."""
        ...


def check_expected(current: int | None, expected: int | None) -> None:
    """Raises ShelfMovedError unless they are the same."""
    if current != expected:
        raise ShelfMovedError(MOVED.format(now=current or "none", expected=expected or "none"))


def no_release(number: int, known: int) -> ReleaseError:
    """The error for a number that was never published."""
    return ReleaseError(f"there is no release {number}; the newest is {known}" if known else "there is no release yet")
