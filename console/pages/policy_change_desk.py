"""What a policy's owner works with: the folder in which it is edited, and what people are answered from.

Everything here reads and computes, and is called in threads. Nothing of a model is needed for it.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from policies_kb.errors import KnowledgeError
from policies_kb.folders import PolicyFolder, folder_of
from policies_kb.gate import Published, obstacles
from policies_kb.knowledge import policy_folders
from policies_kb.profile import read_yaml
from policies_kb.releases.archives import policy_files
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.releases.manifest import Manifest, PolicyFile
from policies_kb.releases.opening import unpacked
from policies_kb.releases.shelf import Shelf
from policies_kb.releases.store_shelf import StoreShelf
from tickets.releases import ReleaseRows

if TYPE_CHECKING:
    from console.house import House

KEPT = 20  # published policies that are kept in memory: those that somebody works on
LONGEST_ERROR = 1_000


@dataclass(frozen=True)
class Standing:
    """How a policy's folder stands to what is published. waiting: things to settle that show without a model."""

    policy: str
    published: str
    folder: str
    waiting: int
    is_same: bool

    @property
    def words(self) -> str:
        """For example "folder 2026-06, 4 things to settle"."""
        if self.is_same:
            return "as published"
        if not self.folder:
            return "not in the folder" if not self.waiting else "the folder cannot be read"
        if not self.waiting:
            return f"folder {self.folder}, edited"
        return f"folder {self.folder}, {self.waiting} thing{'' if self.waiting == 1 else 's'} to settle"


class OwnersDesk:
    """Folder and shelf of one deployment."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._published: OrderedDict[tuple[str, str], Published] = OrderedDict()
        self._standings: dict[str, tuple[str, Standing]] = {}

    @property
    def root(self) -> Path:
        """Where policies are edited."""
        return self._house.settings.policies

    @cached_property
    def shelf(self) -> Shelf:
        """The releases, as the serving processes see them."""
        folder = self._house.settings.data / "releases"
        store = self._house.store
        return FolderShelf(folder) if store.is_sqlite else StoreShelf(ReleaseRows(store), folder)

    def release(self) -> Manifest | None:
        """The release that is served."""
        number = self.shelf.current()
        return self.shelf.manifest(number) if number is not None else None

    def folder(self, policy: str) -> PolicyFolder:
        """The folder of that policy. Raises UnknownPolicyError."""
        return folder_of(self.root, policy)

    def published(self, policy: str) -> Published | None:
        """That policy as it is served; None for one that was never published."""
        release = self.release()
        file = release.policies.get(policy) if release else None
        return self._opened(policy, file) if file else None

    def seen(self, folder: PolicyFolder) -> str:
        """Changes with what signatures are given for: texts, labels, profile, and what they are compared with.

        What others sign meanwhile does not change it.
        """
        profile = read_yaml(folder.path / "profile.yml")
        profile.pop("to_confirm", None)
        release = self.release()
        file = release.policies.get(folder.policy) if release else None
        parts = [folder.policy, json.dumps(profile, sort_keys=True, default=str), file.sha256 if file else ""]
        compiled = (folder.path / f"{folder.current}.clauses.json").read_bytes()
        questions = folder.path / "questions.yml"
        asked = questions.read_bytes() if questions.exists() else b""
        return hashlib.sha256(b"\0".join([*(part.encode() for part in parts), compiled, asked])).hexdigest()[:20]

    def standing(self, policy: str) -> Standing:
        """How that policy's folder stands. Raises KnowledgeError for a broken shelf."""
        release = self.release()
        return self._standing(policy, release.policies.get(policy) if release else None)

    def standings(self) -> dict[str, Standing]:
        """Every policy that is published or lies in the folder, by id. Raises KnowledgeError for a broken shelf."""
        release = self.release()
        published = dict(release.policies) if release else {}
        in_folder = [folder.name for folder in policy_folders(self.root)] if self.root.is_dir() else []
        return {policy: self._standing(policy, published.get(policy)) for policy in sorted({*published, *in_folder})}

    def words(self, error: KnowledgeError) -> str:
        """What went wrong, without where on this machine the folder lies."""
        text = self.without_places(str(error))
        return f"{text[:1].upper()}{text[1:LONGEST_ERROR]}"

    def without_places(self, text: str) -> str:
        """What a command said, without where on this machine anything lies."""
        settings = self._house.settings
        text = text.replace(f"{self.root}/", "").replace(str(self.root), "the folder of policies")
        for place in (settings.data, settings.project):
            text = text.replace(f"{place}/", "").replace(str(place), "the folder of the desk")
        return text

    def _opened(self, policy: str, file: PolicyFile) -> Published:
        key = (policy, file.sha256)
        found = self._published.get(key)
        if found is None:
            found = Published.of(PolicyFolder(unpacked(self.shelf, policy, file)))
        self._published[key] = found
        while len(self._published) > KEPT:
            self._published.popitem(last=False)
        return found

    def _standing(self, policy: str, file: PolicyFile | None) -> Standing:
        path, version = self.root / policy, file.current if file else ""
        if not path.is_dir():
            return Standing(policy, version, "", 0, False)
        mark = f"{file.sha256 if file else ''} {_mark(path)}"
        known = self._standings.get(policy)
        if known is None or known[0] != mark:
            known = self._standings[policy] = (mark, self._looked_at(policy, file))
        return known[1]

    def _looked_at(self, policy: str, file: PolicyFile | None) -> Standing:
        version = file.current if file else ""
        try:
            folder = PolicyFolder(self.root / policy)
            if file is not None and _content(folder.path) == _content(unpacked(self.shelf, policy, file)):
                return Standing(policy, version, folder.current, 0, True)
            published = Published.of(PolicyFolder(unpacked(self.shelf, policy, file))) if file else None
            settled_by = {one.command for one in obstacles(published, folder, None)}
            return Standing(policy, version, folder.current, len(settled_by), False)
        except KnowledgeError:
            return Standing(policy, version, "", 1, False)


def _mark(folder: Path) -> str:
    """Changes when a file of the folder is put in place."""
    stats = [(path.name, path.stat()) for path in policy_files(folder)]
    return " ".join(f"{name}:{one.st_mtime_ns}:{one.st_size}:{one.st_ino}" for name, one in stats)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in policy_files(folder)}
