"""The contract of every encoder, and the guard over the weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from kb_texts import graphs

from policies_kb import encoder as encoder_module
from policies_kb.encoder import (
    DIMENSIONS,
    CachedEncoder,
    Encoder,
    MiniLM,
    NullEncoder,
    Weights,
    check_weights,
    weights_folder,
)
from policies_kb.encoder_build import build, graph_path
from policies_kb.errors import EncoderError

NAMES = ("none", "int8", "float32", "cached int8")
TEXTS = ["How do I delete my account?", "", "Cookies.", "word " * 900, "Дані 🙂", "How do I delete my account?"]


@cache
def made(name: str) -> Encoder:
    if name == "none":
        return NullEncoder()
    model = MiniLM(graph_path(graphs(), exact=name == "float32"))
    return CachedEncoder(model) if name.startswith("cached") else model


@pytest.fixture(params=NAMES)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return made(request.param)


def test_a_text_gives_one_row_of_numbers(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSIONS) and vectors.dtype == np.float32


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    vectors = encoder.encode([])
    assert vectors.shape == (0, DIMENSIONS) and vectors.dtype == np.float32


def test_a_vector_has_length_one_or_knows_nothing(encoder: Encoder) -> None:
    wanted = 0.0 if encoder.name == "none" else 1.0
    assert np.allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), wanted, atol=1e-5)


def test_the_same_text_always_gives_the_same_vector(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert np.array_equal(vectors[0], vectors[-1])
    assert np.array_equal(encoder.encode(TEXTS), vectors)


def test_rows_come_in_the_order_of_the_texts(encoder: Encoder) -> None:
    forwards, backwards = encoder.encode(TEXTS), encoder.encode(TEXTS[::-1])
    assert np.allclose(forwards, backwards[::-1], atol=0.02)


@pytest.mark.parametrize(("name", "least"), [("int8", 0.97), ("float32", 0.9999)])
def test_a_vector_hardly_depends_on_the_texts_beside_it(name: str, least: float) -> None:
    # Quantised, the scale of a whole batch is shared, so vectors are near each other and not equal.
    model = MiniLM(graph_path(graphs(), exact=name == "float32"), remember=0)
    together = model.encode(TEXTS)
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    assert ((together * alone).sum(1) > least).all()


def test_every_encoder_has_a_name(encoder: Encoder) -> None:
    assert encoder.name


@pytest.mark.parametrize("name", ["int8", "float32"])
def test_a_paraphrase_is_nearer_than_another_subject(name: str) -> None:
    asked, same, other = made(name).encode(
        ["How do I get rid of my account?", "Deleting your profile", "Our servers stand in Ireland"]
    )
    assert asked @ same > asked @ other + 0.2


def test_the_quantised_graph_agrees_with_the_exact_one() -> None:
    texts = ["Do you record calls?", "We share data with partners.", "Contact us at any time."]
    assert ((made("int8").encode(texts) * made("float32").encode(texts)).sum(1) > 0.95).all()


def test_only_the_beginning_of_an_endless_text_counts() -> None:
    start = "cookies and cards " * 100
    first, second = made("int8").encode([start + "one", start + "two"])
    assert np.array_equal(first, second)


def test_more_texts_than_are_remembered_are_all_answered() -> None:
    model = MiniLM(graph_path(graphs(), exact=False), remember=2)
    texts = [f"question number {number}" for number in range(5)]
    alone = np.concatenate([model.encode([text]) for text in texts])
    assert ((model.encode(texts) * alone).sum(1) > 0.97).all()


def test_the_installed_weights_are_the_published_ones() -> None:
    check_weights(weights_folder())


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"altered")
    with pytest.raises(EncoderError, match="SHA-256"):
        check_weights(tmp_path)


def test_nothing_is_built_from_altered_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"altered")
    monkeypatch.setattr("policies_kb.encoder_build.weights_folder", lambda: tmp_path)
    with pytest.raises(EncoderError, match="SHA-256"):
        build(tmp_path / "encoder")
    assert not list(tmp_path.glob("encoder/*"))


def test_graphs_that_are_there_are_not_built_again() -> None:
    path = graph_path(graphs(), exact=False)
    before = path.stat()
    build(path.parent)
    assert path.stat() == before


def test_a_missing_wheel_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(EncoderError, match="make setup"):
        weights_folder()


def test_tensors_are_mapped_with_their_shape() -> None:
    words = Weights(weights_folder() / "model.safetensors").tensor("embeddings.word_embeddings.weight")
    assert words.shape == (30522, DIMENSIONS)
