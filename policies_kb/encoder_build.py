"""Builds the encoder's ONNX graph from the published weights: `python -m policies_kb encoder`.

BERT's six layers written out with ONNX operators; the look-up of the words' vectors stays outside (see encoder). The
graph is written in two forms: exact (float32), and quantised (8-bit weights), which is four times as fast and as
small.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from policies_kb.encoder import DIMENSIONS, GRAPH_VERSION, Weights, check_weights, weights_folder

LAYERS = 6
HEADS = 12
HEAD_SIZE = DIMENSIONS // HEADS
EPSILON = 1e-12


def graph_path(folder: Path, exact: bool) -> Path:
    """Where the graph of this form lies."""
    return folder / f"{'float32' if exact else 'int8'}-v{GRAPH_VERSION}.onnx"


def build(folder: Path) -> None:
    """Write both graphs into the folder, unless they are there. Raises EncoderError for altered weights."""
    exact, quantised = graph_path(folder, True), graph_path(folder, False)
    if exact.exists() and quantised.exists():
        return
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    check_weights(weights_folder())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        first, second = Path(scratch) / "a.onnx", Path(scratch) / "b.onnx"
        onnx.save(_GraphWriter(Weights(weights_folder() / "model.safetensors")).model(), str(first))
        quantize_dynamic(
            str(first), str(second), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"]
        )
        first.replace(exact)
        second.replace(quantised)


class _GraphWriter:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> Any:
        from onnx import TensorProto, helper

        self._shared_constants()
        self._node("Unsqueeze", ["mask", "axes"], "mask4")
        current = self._layer_norm("x", "embeddings.LayerNorm", "embedded")
        for layer in range(LAYERS):
            current = self._layer(current, layer)
        self._node("Identity", [current], "y")
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "tokens", DIMENSIONS])
        mask = helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", "tokens"])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "tokens", DIMENSIONS])
        graph = helper.make_graph(self._nodes, "minilm", [x, mask], [y], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return model

    def _shared_constants(self) -> None:
        self._constant("scale", np.array(1 / np.sqrt(HEAD_SIZE), np.float32))
        self._constant("root_half", np.array(1 / np.sqrt(2), np.float32))
        self._constant("half", np.array(0.5, np.float32))
        self._constant("one", np.array(1.0, np.float32))
        self._constant("axes", np.array([1, 2], np.int64))
        self._constant("split_heads", np.array([0, 0, HEADS, HEAD_SIZE], np.int64))
        self._constant("join_heads", np.array([0, 0, DIMENSIONS], np.int64))

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _dense(self, x: str, name: str, out: str) -> str:
        weight = self._constant(f"{name}.w", self._weights.tensor(f"{name}.weight").T)
        bias = self._constant(f"{name}.b", self._weights.tensor(f"{name}.bias"))
        return self._node("Add", [self._node("MatMul", [x, weight], f"{out}.product"), bias], out)

    def _layer_norm(self, x: str, name: str, out: str) -> str:
        weight = self._constant(f"{name}.w", self._weights.tensor(f"{name}.weight"))
        bias = self._constant(f"{name}.b", self._weights.tensor(f"{name}.bias"))
        return self._node("LayerNormalization", [x, weight, bias], out, axis=-1, epsilon=EPSILON)

    def _heads(self, x: str, name: str, out: str, order: list[int]) -> str:
        split = self._node("Reshape", [self._dense(x, name, f"{out}.dense"), "split_heads"], f"{out}.split")
        return self._node("Transpose", [split], out, perm=order)

    def _layer(self, x: str, number: int) -> str:
        name, out = f"encoder.layer.{number}", f"l{number}"
        attended = self._attention(x, f"{name}.attention", out)
        added = self._node("Add", [x, attended], f"{out}.residual1")
        middle = self._layer_norm(added, f"{name}.attention.output.LayerNorm", f"{out}.normal1")
        inner = self._gelu(self._dense(middle, f"{name}.intermediate.dense", f"{out}.inner"), out)
        outer = self._dense(inner, f"{name}.output.dense", f"{out}.outer")
        added = self._node("Add", [middle, outer], f"{out}.residual2")
        return self._layer_norm(added, f"{name}.output.LayerNorm", f"{out}.normal2")

    def _attention(self, x: str, name: str, out: str) -> str:
        query = self._heads(x, f"{name}.self.query", f"{out}.q", [0, 2, 1, 3])
        key = self._heads(x, f"{name}.self.key", f"{out}.k", [0, 2, 3, 1])
        value = self._heads(x, f"{name}.self.value", f"{out}.v", [0, 2, 1, 3])
        raw = self._node("MatMul", [query, key], f"{out}.raw")
        scaled = self._node("Mul", [raw, "scale"], f"{out}.scaled")
        masked = self._node("Add", [scaled, "mask4"], f"{out}.masked")
        attention = self._node("Softmax", [masked], f"{out}.attention", axis=-1)
        mixed = self._node("MatMul", [attention, value], f"{out}.mixed")
        turned = self._node("Transpose", [mixed], f"{out}.turned", perm=[0, 2, 1, 3])
        joined = self._node("Reshape", [turned, "join_heads"], f"{out}.joined")
        return self._dense(joined, f"{name}.output.dense", f"{out}.attended")

    def _gelu(self, x: str, out: str) -> str:
        scaled = self._node("Mul", [x, "root_half"], f"{out}.gelu1")
        curve = self._node("Add", [self._node("Erf", [scaled], f"{out}.gelu2"), "one"], f"{out}.gelu3")
        return self._node("Mul", [self._node("Mul", [x, curve], f"{out}.gelu4"), "half"], f"{out}.gelu5")
