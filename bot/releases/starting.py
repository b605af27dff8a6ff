"""The release that a process begins with. Where there is none yet, the first start makes one of the folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.releases.building import Progress, build_draft
from bot.settings import BotSettings
from bot.training import code_fingerprint
from policies_kb.errors import ReleaseError, ShelfMovedError
from policies_kb.knowledge import KnowledgeBase, policy_folders
from policies_kb.releases.manifest import Manifest
from policies_kb.releases.opening import Opener
from policies_kb.releases.shelf import Shelf
from policies_kb.workshop import Workshop

PRODUCT = "Privacy Desk"  # who publishes where no person does
FIRST = "the first start"
UPGRADED = "the product was upgraded"


@dataclass(frozen=True)
class Begun:
    """A release, opened. opener: opens those that come after it."""

    manifest: Manifest
    model: Path
    knowledge: KnowledgeBase
    opener: Opener


def begin(
    settings: BotSettings,
    shelf: Shelf,
    shop: Workshop,
    now: datetime,
    progress: Progress,
    is_ready: Callable[[Path], bool] | None = None,
) -> Begun:
    """Open the release to serve. is_ready: whether the policy of a folder may be in the first release; by
    default those that ship with the product, and those whose review is complete.

    Raises a KnowledgeError, and TrainingError, with what to do; then the process must not start.
    """
    if not (settings.data / "vectors").exists():
        progress("building the sentence encoder and the index of the policies (about 20 seconds, once) …")
        _ = shop.knowledge
    try:
        manifest = _manifest(settings, shelf, now, progress, is_ready)
    except ShelfMovedError:  # another process that starts just now was first
        manifest = _manifest(settings, shelf, now, progress, is_ready)
    opener = Opener(shelf, shop.encoder, shop.vectors)
    model, knowledge = shelf.fetch(manifest.model.sha256), opener.open(manifest)
    shop.vectors.save()
    return Begun(manifest, model, knowledge, opener)


def begin_without(settings: BotSettings, shelf: Shelf, policies: Collection[str], now: datetime) -> None:
    """Make the first release of all that may be in it but these, which are published next; nothing if there is one.

    Otherwise whoever publishes one policy before the first start would leave the others out.
    """
    if shelf.current() is not None:
        return
    others = [name for name in _ready(settings, _is_reviewed) if name not in policies]
    if others:
        _made(settings, shelf, others, FIRST, now)


def _ready(settings: BotSettings, may_be_served: Callable[[Path], bool]) -> list[str]:
    return [folder.name for folder in policy_folders(settings.policies) if may_be_served(folder)]


def _manifest(
    settings: BotSettings, shelf: Shelf, now: datetime, progress: Progress, is_ready: Callable[[Path], bool] | None
) -> Manifest:
    number = shelf.current()
    if number is None:
        policies = _ready(settings, is_ready or _is_reviewed)
        if not policies:
            raise ReleaseError(f"there is no policy in {settings.policies} that could be served; add one and review it")
        return _made(settings, shelf, policies, FIRST, now)
    manifest = shelf.manifest(number)
    if manifest.model.code != code_fingerprint():
        progress("the product was upgraded: a release with the same policies and a model of this version is made")
        return _made(settings, shelf, [], UPGRADED, now)
    return manifest


def _is_reviewed(folder: Path) -> bool:
    from policies_kb.folders import PolicyFolder
    from policies_kb.gate import is_complete

    return is_complete(PolicyFolder(folder))


def _made(settings: BotSettings, shelf: Shelf, policies: list[str], why: str, now: datetime) -> Manifest:
    with tempfile.TemporaryDirectory(prefix="privacy-desk-") as scratch:
        ready = build_draft(settings, shelf, policies, PRODUCT, why, Path(scratch), lambda line: None)
        expected = ready.published.number if ready.published else None
        return shelf.publish(ready.draft, ready.files, now, expected)
