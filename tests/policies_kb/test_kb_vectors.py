"""Vectors are kept between starts; a damaged folder costs time, never correctness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from policies_kb.encoder import DIMENSIONS, Vectors
from policies_kb.vectors import StoredVectors


class CountingEncoder:
    """A vector that tells the text's length, and a list of what was encoded."""

    name = "counting"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        return np.array([[len(text)] * DIMENSIONS for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)


TEXTS = ["one", "three", "one", ""]


def test_a_text_is_encoded_once_for_good(tmp_path: Path) -> None:
    first = CountingEncoder()
    stored = StoredVectors(first, tmp_path)
    vectors = stored.encode(TEXTS)
    stored.save()
    second = CountingEncoder()
    again = StoredVectors(second, tmp_path).encode(TEXTS)
    assert first.encoded == ["one", "three", ""] and second.encoded == []
    assert np.array_equal(vectors, again) and vectors[:, 0].tolist() == [3, 5, 3, 0]


def test_new_texts_join_the_old_ones(tmp_path: Path) -> None:
    for texts in (["one"], ["four"]):
        stored = StoredVectors(CountingEncoder(), tmp_path)
        stored.encode(texts)
        stored.save()
    last = CountingEncoder()
    StoredVectors(last, tmp_path).encode(["one", "four", "seven"])
    assert last.encoded == ["seven"]


@pytest.mark.parametrize("name", ["keys.npy", "vectors.npy"])
@pytest.mark.parametrize("damage", [b"", b"nonsense", None, "cut"], ids=["empty", "nonsense", "gone", "cut"])
def test_a_damaged_folder_is_built_again(tmp_path: Path, name: str, damage: bytes | str | None) -> None:
    stored = StoredVectors(CountingEncoder(), tmp_path)
    wanted = stored.encode(TEXTS)
    stored.save()
    path = tmp_path / "counting" / name
    whole = path.read_bytes()
    path.unlink()
    if damage is not None:
        path.write_bytes(whole[: len(whole) - 5] if isinstance(damage, str) else damage)
    again = StoredVectors(CountingEncoder(), tmp_path)
    assert np.array_equal(again.encode(TEXTS), wanted)
    again.save()
    last = CountingEncoder()
    assert np.array_equal(StoredVectors(last, tmp_path).encode(TEXTS), wanted) and last.encoded == []


def test_keys_and_vectors_that_do_not_belong_together_are_not_used(tmp_path: Path) -> None:
    stored = StoredVectors(CountingEncoder(), tmp_path)
    stored.encode(["one", "three"])
    stored.save()
    np.save(tmp_path / "counting" / "keys.npy", np.array([1, 2, 3], dtype=np.uint64))
    assert StoredVectors(CountingEncoder(), tmp_path).encode(["three"])[0, 0] == 5


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    stored = StoredVectors(CountingEncoder(), tmp_path)
    stored.save()
    assert list(tmp_path.iterdir()) == []
    assert stored.encode([]).shape == (0, DIMENSIONS)


def test_no_half_written_files_stay_behind(tmp_path: Path) -> None:
    stored = StoredVectors(CountingEncoder(), tmp_path)
    stored.encode(TEXTS)
    stored.save()
    assert {path.name for path in (tmp_path / "counting").iterdir()} == {"keys.npy", "vectors.npy"}


def test_texts_themselves_are_not_stored(tmp_path: Path) -> None:
    stored = StoredVectors(CountingEncoder(), tmp_path)
    stored.encode(["my name is Alice"])
    stored.save()
    assert not any(b"Alice" in path.read_bytes() for path in (tmp_path / "counting").iterdir())
