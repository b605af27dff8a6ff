"""Which shelf of releases a process uses: a folder beside the SQLite file, rows where PostgreSQL serves several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.releases.manifest import Draft, Manifest, ModelFile, PolicyFile
from policies_kb.releases.shelf import Move, MoveKind, Serving, Shelf
from policies_kb.releases.store_shelf import StoreShelf

if TYPE_CHECKING:
    from bot.settings import BotSettings
    from tickets.store import Store

__all__ = [
    "Draft",
    "FolderShelf",
    "Manifest",
    "ModelFile",
    "Move",
    "MoveKind",
    "PolicyFile",
    "Serving",
    "Shelf",
    "StoreShelf",
    "opened_shelf",
    "shelf_of",
]
FOLDER = "releases"  # in the data folder


def shelf_of(settings: "BotSettings", store: "Store | None") -> Shelf:
    """The shelf. store: the open database; None is enough on SQLite, whose one writer may be another process."""
    if store is None or store.is_sqlite:
        return FolderShelf(settings.data / FOLDER)
    from tickets.releases import ReleaseRows

    return StoreShelf(ReleaseRows(store), settings.data / FOLDER)


@contextmanager
def opened_shelf(settings: "BotSettings") -> Iterator[Shelf]:
    """The shelf for a command, beside a served product. Raises tickets.errors.StoreError on PostgreSQL."""
    if settings.database_url.startswith("sqlite:"):
        yield shelf_of(settings, None)
        return
    from bot.parts import open_store

    store = open_store(settings.database_url)
    try:
        yield shelf_of(settings, store)
    finally:
        store.close()
