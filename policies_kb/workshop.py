"""Everything that is built once and kept: the encoder's graph, stored vectors, the clause labeller, the knowledge base.

A `Workshop` makes each on first use in the folder it was given, and keeps it. `workshop(folder)` gives the whole
process one and the same. Losing the folder costs seconds, never data.
"""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from pathlib import Path

from policies_kb.encoder import Encoder, MiniLM
from policies_kb.encoder_build import build, graph_path
from policies_kb.knowledge import ROOT, KnowledgeBase, policy_folders
from policies_kb.labeller import LABELLER_VERSION, TRAINING, ClauseLabeller
from policies_kb.profile import load_profile
from policies_kb.vectors import StoredVectors


class Workshop:
    """Builds and keeps what answering needs."""

    def __init__(self, folder: Path, root: Path = ROOT, tools: "Workshop | None" = None) -> None:
        """root: the folder of policies; tools: a workshop in the same folder whose encoder and labeller it uses."""
        self._folder = folder
        self._root = root
        self._tools = tools

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of questions and clauses (docs/decisions/0002-encoder.md)."""
        if self._tools is not None:
            return self._tools.encoder
        build(self._folder / "encoder")
        return MiniLM(graph_path(self._folder / "encoder", exact=False))

    @cached_property
    def vectors(self) -> StoredVectors:
        """The encoder, with its vectors of clauses and written questions kept on disk."""
        if self._tools is not None:
            return self._tools.vectors
        return StoredVectors(self.encoder, self._folder / "vectors")

    @cached_property
    def company_names(self) -> tuple[str, ...]:
        """The names and aliases of all companies whose policies are there."""
        profiles = [load_profile(folder / "profile.yml") for folder in policy_folders(self._root)]
        return tuple(sorted({name for profile in profiles for name in (profile.name, *profile.aliases)}))

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """All policies of the folder, indexed. What is served is a release instead (policies_kb.releases)."""
        base = KnowledgeBase.load(self.encoder, self.vectors, self._root)
        for policy in base.policies.values():
            _ = policy.index  # made now, so that what it encodes is kept
        self.vectors.save()
        return base

    @cached_property
    def labeller(self) -> ClauseLabeller:
        """The labeller of clauses that nobody labelled; trained once per set of written examples."""
        if self._tools is not None:
            return self._tools.labeller
        written = b"".join(path.read_bytes() for path in sorted(TRAINING.glob("*.yml")))
        digest = hashlib.sha256(written + LABELLER_VERSION.encode()).hexdigest()[:12]
        path = self._folder / "labeller" / f"{self.encoder.name}-{digest}.npz"
        if not path.exists():
            ClauseLabeller.fit(self.vectors).save(path)
            self.vectors.save()
        return ClauseLabeller.load(self.vectors, path)


def workshop(folder: Path, root: Path = ROOT) -> Workshop:
    """The process's workshop in that folder, for the policies below root."""
    return _workshop(folder, root)


@lru_cache(maxsize=8)
def _workshop(folder: Path, root: Path) -> Workshop:
    return Workshop(folder, root, None if root == ROOT else _workshop(folder, ROOT))
