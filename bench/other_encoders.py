"""Encoders that were measured and not chosen (docs/decisions/0002-encoder.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import erf
from tokenizers import Tokenizer

from policies_kb.encoder import DIMENSIONS, MAX_TOKENS, Encoder, Vectors, Weights, weights_folder


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


class NumpyMiniLM:
    """all-MiniLM-L6-v2 written out in numpy: exact, no further library, one text at a time."""

    name = "minilm-numpy"

    def __init__(self) -> None:
        weights = Weights(weights_folder() / "model.safetensors")
        self._tokenizer = _tokenizer()
        self._words = weights.tensor("embeddings.word_embeddings.weight")
        first_type = weights.tensor("embeddings.token_type_embeddings.weight")[0]
        self._positions = np.array(weights.tensor("embeddings.position_embeddings.weight")) + first_type
        self._embedded = (_part(weights, "embeddings.LayerNorm.weight"), _part(weights, "embeddings.LayerNorm.bias"))
        self._layers = [_layer(weights, f"encoder.layer.{number}.") for number in range(6)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors of the texts."""
        return np.stack([self._one(text) for text in texts]) if texts else np.zeros((0, DIMENSIONS), np.float32)

    def _one(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(text).ids
        x = _normal(self._words[ids] + self._positions[: len(ids)], *self._embedded)
        for layer in self._layers:
            x = _apply(layer, x)
        mean = x.mean(0)
        vector: Vectors = (mean / np.linalg.norm(mean)).astype(np.float32)
        return vector


def _part(weights: Weights, name: str) -> Vectors:
    return np.ascontiguousarray(weights.tensor(name))


def _layer(weights: Weights, prefix: str) -> dict[str, Vectors]:
    names = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "o": "attention.output.dense",
        "n1": "attention.output.LayerNorm",
        "i": "intermediate.dense",
        "f": "output.dense",
        "n2": "output.LayerNorm",
    }
    parts = {}
    for short, name in names.items():
        weight = weights.tensor(f"{prefix}{name}.weight")
        parts[f"{short}_w"] = np.ascontiguousarray(weight.T if weight.ndim == 2 else weight)
        parts[f"{short}_b"] = _part(weights, f"{prefix}{name}.bias")
    return parts


def _normal(x: Vectors, weight: Vectors, bias: Vectors) -> Vectors:
    x = x - x.mean(-1, keepdims=True)
    scaled: Vectors = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * weight + bias
    return scaled


def _apply(layer: dict[str, Vectors], x: Vectors) -> Vectors:
    size = len(x)
    q, k, v = ((x @ layer[f"{n}_w"] + layer[f"{n}_b"]).reshape(size, 12, 32).transpose(1, 0, 2) for n in "qkv")
    attention = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(32))
    attention = np.exp(attention - attention.max(-1, keepdims=True))
    attention /= attention.sum(-1, keepdims=True)
    mixed = (attention @ v).transpose(1, 0, 2).reshape(size, DIMENSIONS)
    x = _normal(x + mixed @ layer["o_w"] + layer["o_b"], layer["n1_w"], layer["n1_b"])
    inner = x @ layer["i_w"] + layer["i_b"]
    inner = inner * (0.5 * (1 + erf(inner / np.float32(np.sqrt(2)))))
    return _normal(x + inner @ layer["f_w"] + layer["f_b"], layer["n2_w"], layer["n2_b"])


class StaticTable:
    """A table distilled from a sentence encoder: each word piece's vector is what the encoder says of it alone.

    A text is the mean of its pieces' vectors, rarer ones (higher numbers in the vocabulary) counting more.
    """

    name = "static table"

    def __init__(self, teacher: Encoder) -> None:
        self._tokenizer = _tokenizer()
        pieces = [self._tokenizer.id_to_token(number) or "" for number in range(self._tokenizer.get_vocab_size())]
        table = teacher.encode([piece.removeprefix("##") for piece in pieces])
        table = table - table.mean(0)
        rarity = np.log1p(np.arange(len(pieces)) + 1.0)[:, None]
        self._table = (table * rarity).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors of the texts."""
        ids = [encoding.ids[1:-1] or encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        sums = np.stack([self._table[row].sum(0) for row in ids]) if ids else np.zeros((0, DIMENSIONS), np.float32)
        vectors: Vectors = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        return vectors
