"""Sentence vectors kept on disk between starts, so that a start encodes nothing it has encoded before.

One folder per encoder: `keys.npy` (first 8 bytes of each text's SHA-256) and `vectors.npy`, which is mapped rather
than read. Texts are not stored. Losing the folder costs seconds, never correctness.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from policies_kb.encoder import DIMENSIONS, Encoder, Vectors


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


class StoredVectors:
    """Another encoder whose vectors are kept in a folder. `save` writes what is new."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._folder = folder / encoder.name
        self._known: dict[int, Vectors] = {}
        self._fresh = False
        self._read()

    def _read(self) -> None:
        try:
            keys = np.load(self._folder / "keys.npy", allow_pickle=False)
            vectors = np.load(self._folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return
        if vectors.shape == (len(keys), DIMENSIONS):
            self._known = {int(key): vectors[row] for row, key in enumerate(keys)}

    def knows(self, text: str) -> bool:
        """Whether that text's vector is kept."""
        return _key(text) in self._known

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The other encoder's vectors, each text encoded once for good."""
        wanted = [text for text in dict.fromkeys(texts) if _key(text) not in self._known]
        if wanted:
            self._known.update(zip(map(_key, wanted), self._encoder.encode(wanted)))
            self._fresh = True
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        return np.stack([self._known[_key(text)] for text in texts]).astype(np.float32)

    def save(self) -> None:
        """Write the vectors if there are new ones; whole files are put in place at once."""
        if not self._fresh:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        keys = np.array(list(self._known), dtype=np.uint64)
        vectors = np.stack(list(self._known.values())).astype(np.float32)
        for name, array in (("vectors.npy", vectors), ("keys.npy", keys)):
            scratch = self._folder / f"{name}.{os.getpid()}.part"
            with scratch.open("wb") as file:
                np.save(file, array)
            scratch.replace(self._folder / name)
        self._fresh = False
