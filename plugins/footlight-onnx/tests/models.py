"""Small models in ONNX, made with the onnx package as an exporter would make them."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET = [helper.make_opsetid("", 17)]


def _bytes(nodes: list[onnx.NodeProto], inputs: list[object], outputs: list[object], **constants: object) -> bytes:
    initial = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "model", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=_OPSET, ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def item_model(weights: NDArray[np.float32]) -> bytes:
    """What was met, (batch, rows), times a matrix: EASE, for instance."""
    rows = len(weights)
    return _bytes(
        [helper.make_node("MatMul", ["met", "weights"], ["scores"])],
        [helper.make_tensor_value_info("met", TensorProto.FLOAT, ["batch", rows])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", rows])],
        weights=weights.astype(np.float32),
    )


def sequence_model(table: NDArray[np.float32], length: int | str = "length") -> bytes:
    """The rows of what was met, (batch, length), each with its line of a table: (batch, length, rows)."""
    rows = table.shape[1]
    return _bytes(
        [helper.make_node("Gather", ["table", "items"], ["scores"])],
        [helper.make_tensor_value_info("items", TensorProto.INT64, ["batch", length])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", length, rows])],
        table=table.astype(np.float32),
    )


def picture_model(size: int, channels: int, height: int, width: int) -> bytes:
    """Noise, (batch, size), times a matrix, squeezed into -1 to 1, as a picture with its channels first."""
    weights = np.random.default_rng(0).normal(size=(size, channels * height * width)).astype(np.float32)
    return _bytes(
        [
            helper.make_node("MatMul", ["noise", "weights"], ["flat"]),
            helper.make_node("Tanh", ["flat"], ["squeezed"]),
            helper.make_node("Reshape", ["squeezed", "shape"], ["picture"]),
        ],
        [helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["batch", size])],
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", channels, height, width])],
        weights=weights,
        shape=np.array([-1, channels, height, width], np.int64),
    )


def vision_model(channels_first: bool, side: int | str = "side", batch: int | str = "batch") -> bytes:
    """The mean of each colour of pictures of any size, (batch, 3, 1, 1) or (batch, 1, 1, 3)."""
    shape = [batch, 3, side, side] if channels_first else [batch, side, side, 3]
    outcome = [batch, 3, 1, 1] if channels_first else [batch, 1, 1, 3]
    axes = [2, 3] if channels_first else [1, 2]
    return _bytes(
        [helper.make_node("ReduceMean", ["pictures"], ["means"], axes=axes)],
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, outcome)],
    )


def flat_model(side: int, size: int) -> bytes:
    """Pictures, (batch, 3, side, side), times a matrix: (batch, size). What the suite that is shipped is run with."""
    weights = np.random.default_rng(1).normal(size=(3 * side * side, size)).astype(np.float32) / side
    return _bytes(
        [
            helper.make_node("Flatten", ["pictures"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["vectors"]),
        ],
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["batch", 3, side, side])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", size])],
        weights=weights,
    )


def model_of_two_inputs() -> bytes:
    """A model that no engine here can feed."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in ("a", "b")]
    out = [helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["batch", 2])]
    return _bytes([helper.make_node("Add", ["a", "b"], ["sum"])], value, out)
