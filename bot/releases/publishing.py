"""Publish, take out and roll back. Serving processes follow by themselves; `wait_until_served` tells when they have."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from bot.releases.building import Prepared, Progress, build_draft
from bot.settings import BotSettings
from bot.training import code_fingerprint
from policies_kb.errors import ReleaseError, UnknownPolicyError
from policies_kb.releases.manifest import Draft, Manifest
from policies_kb.releases.shelf import Shelf

Gate = Callable[[Prepared], Sequence[object]]
"""What stands in the way of publishing, each with a text for people; empty if nothing does."""
PATIENCE = 30.0  # seconds until a process that has not changed over is told of
LONGEST_NAME, LONGEST_WHY = 80, 1_000


class RefusedError(ReleaseError):
    """Publishing was refused. obstacles: what stands in the way, as the gate gave it."""

    def __init__(self, obstacles: Sequence[object]) -> None:
        super().__init__("not published:\n" + "\n".join(f"  {obstacle}" for obstacle in obstacles))
        self.obstacles = tuple(obstacles)


def quiet(line: str) -> None:
    """Progress that nobody reads."""


def publish(
    settings: BotSettings,
    shelf: Shelf,
    policies: Iterable[str],
    by: str,
    why: str,
    now: datetime,
    progress: Progress = quiet,
    gate: Gate | None = None,
) -> Manifest:
    """Make a release of these policies' folders and of what else is published, if the gate lets it.

    Raises RefusedError, ShelfMovedError if somebody else published meanwhile, another KnowledgeError, TrainingError.
    """
    _check_words(by, why)
    with tempfile.TemporaryDirectory(prefix="privacy-desk-") as scratch:
        prepared = build_draft(settings, shelf, policies, by, why, Path(scratch), progress)
        published = prepared.published
        if published is not None and _is_same(prepared.draft, published):
            raise ReleaseError(f"nothing has changed: release {published.number} is just that")
        obstacles = gate(prepared) if gate is not None else ()
        if obstacles:
            raise RefusedError(obstacles)
        progress("putting the release on the shelf")
        return shelf.publish(prepared.draft, prepared.files, now, published.number if published else None)


def _is_same(draft: Draft, published: Manifest) -> bool:
    return draft.model == published.model and dict(draft.policies) == dict(published.policies)


def rollback(shelf: Shelf, number: int, by: str, why: str, now: datetime) -> Manifest:
    """Serve an earlier release again; gives the one that is served now.

    A release of an older version of the product holds a model that this one cannot load: then its policies are
    published anew with the present model, under a number of their own.
    """
    _check_words(by, why)
    present = shelf.current()
    if present == number:
        raise ReleaseError(f"release {number} is the one that is served")
    wanted = shelf.manifest(number)
    served = shelf.manifest(present) if present is not None else wanted
    if wanted.model.code != served.model.code and served.model.code == code_fingerprint():
        draft = Draft(by, why or f"the policies of release {number}", served.model, wanted.policies)
        return shelf.publish(draft, {}, now, present)
    for sha256 in wanted.files:  # a damaged release is refused here rather than by every process
        shelf.fetch(sha256)
    shelf.point_to(number, by, why, now)
    return wanted


def withdraw(shelf: Shelf, policy: str, by: str, why: str, now: datetime) -> Manifest:
    """Answer nobody from that policy any more: a release without it, with the model and all others as they are.

    Its folder, its earlier releases and the requests about it stay. Raises UnknownPolicyError for one that is not
    served, ReleaseError for the only one, ShelfMovedError if somebody else published meanwhile.
    """
    _check_words(by, why)
    present = shelf.current()
    served = shelf.manifest(present) if present is not None else None
    if served is None or policy not in served.policies:
        raise UnknownPolicyError(f"{policy!r} is not published, so there is nothing to take out")
    left = {name: entry for name, entry in served.policies.items() if name != policy}
    if not left:
        raise ReleaseError(f"{policy} is the only policy that is served; publish another one first, or stop the desk")
    return shelf.publish(Draft(by, why, served.model, left), {}, now, present)


def _check_words(by: str, why: str) -> None:
    if not 2 <= len(by.strip()) <= LONGEST_NAME or not by.isprintable():
        raise ReleaseError(f"say who does it: a name of 2 to {LONGEST_NAME} printable characters")
    if len(why) > LONGEST_WHY:
        raise ReleaseError(f"the reason is longer than {LONGEST_WHY:,} characters")


def wait_until_served(
    shelf: Shelf, number: int, clock: Callable[[], datetime], patience: float = PATIENCE
) -> tuple[int, int, float]:
    """Wait for the live processes: how many serve that release, of how many, after how many seconds.

    A release that is not the current one any more is not waited for.
    """
    started = time.monotonic()
    while True:
        live = [one for one in shelf.serving() if one.is_live(clock())]
        done, seconds = sum(one.number == number for one in live), time.monotonic() - started
        if done == len(live) or seconds > patience or shelf.current() != number:
            return done, len(live), seconds
        time.sleep(0.05)
