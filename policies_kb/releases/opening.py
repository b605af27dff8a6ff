"""The knowledge base of a release: archives unpacked and verified, policies that stayed the same taken over.

Profiles are read at once. The index of a policy is made at once while there are few of them, so that nobody waits for
it; of many, each is made when it is first asked for (about 60 ms), and only the last ones are kept in memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from policies_kb.encoder import Encoder, Vectors
from policies_kb.errors import ReleaseError
from policies_kb.knowledge import KnowledgeBase, Policy, index_of, policy_in
from policies_kb.ranking import PolicyIndex, usual_questions
from policies_kb.releases.archives import open_archive
from policies_kb.releases.manifest import Manifest, PolicyFile
from policies_kb.releases.shelf import Shelf
from policies_kb.vectors import StoredVectors

FEW = 40  # policies whose indexes are all made when a release is opened
MOST_INDEXES = 100  # kept in memory: some 2 MB each where people wrote questions for every clause


class Opener:
    """Opens releases one after another. It remembers the policies of the last one."""

    def __init__(self, shelf: Shelf, encoder: Encoder, known: StoredVectors, few: int = FEW) -> None:
        """encoder: for questions; known: the vectors that are kept for all, such as those of the usual questions."""
        self._shelf = shelf
        self._encoder = encoder
        self._known = known
        self.few = few
        self._opened: dict[tuple[str, str], Policy] = {}  # by id and checksum
        self._indexed: "OrderedDict[tuple[str, str], Policy]" = OrderedDict()

    def open(self, manifest: Manifest) -> KnowledgeBase:
        """Raises a KnowledgeError for a release that is not what was published; then nothing has changed."""
        if not manifest.policies:
            raise ReleaseError(f"release {manifest.number} holds no policy")
        opened = {}
        for policy, file in manifest.policies.items():
            key = (policy, file.sha256)
            opened[key] = self._opened.get(key) or self._load(policy, file)
        if len(opened) <= self.few:
            for found in opened.values():
                _ = found.index
        self._opened = opened
        for gone in self._indexed.keys() - opened.keys():
            del self._indexed[gone]
        return KnowledgeBase({policy: found for (policy, _), found in opened.items()}, manifest.number)

    def _load(self, policy: str, file: PolicyFile) -> Policy:
        folder = unpacked(self._shelf, policy, file)
        found = policy_in(folder, partial(self._index, (policy, file.sha256)))
        if found.profile.current != file.current:
            raise ReleaseError(f"{policy}: the archive's current version is not the one that was published")
        return found

    def _index(self, key: tuple[str, str], policy: Policy) -> PolicyIndex:
        own = StoredVectors(_Borrowing(self._encoder, self._known), self._shelf.cache / "vectors" / key[1])
        made = index_of(policy, (self._encoder, _PolicyVectors(own, self._known)))
        own.save()
        self._indexed[key] = policy
        while len(self._indexed) > MOST_INDEXES:
            self._indexed.popitem(last=False)[1].drop_index()
        return made


def unpacked(shelf: Shelf, policy: str, file: PolicyFile) -> Path:
    """The folder of a published policy, exactly as it was published."""
    folder = shelf.cache / "unpacked" / file.sha256 / policy
    open_archive(shelf.fetch(file.sha256), folder)
    return folder


class _PolicyVectors:
    """The vectors of one policy's texts, kept in a folder of its own; those that all policies share, with all."""

    def __init__(self, own: StoredVectors, known: StoredVectors) -> None:
        self.name = own.name
        self._own = own
        self._known = known

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder."""
        return (self._known if texts is usual_questions() else self._own).encode(texts)


class _Borrowing:
    """Takes what is known already, encodes the rest, and leaves what is known as it is."""

    def __init__(self, encoder: Encoder, known: StoredVectors) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known = known

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder."""
        vectors = [(self._known if self._known.knows(text) else self._encoder).encode([text])[0] for text in texts]
        return np.stack(vectors) if vectors else self._encoder.encode([])
