"""A model in ONNX: bytes in, a session out, and its inputs and outputs checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}


@dataclass(frozen=True, slots=True)
class Port:
    """The input of a model."""

    name: str
    type: Any
    """A type of numpy."""
    shape: tuple[int | None, ...]
    """None where any length will do."""


class Model:
    """A model with one input, and one output that matters: the first.

    Raises
    ------
    ValueError
        When the bytes are no model, or it has another number of inputs, or one of a type that is not taken.
    """

    def __init__(self, data: bytes, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors only; they are raised as well
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as fault:  # onnxruntime has no common base of its errors
            raise ValueError(f"expected a model in ONNX that onnxruntime runs: {_one_line(fault)}") from fault
        ports = self._session.get_inputs()
        if len(ports) != 1 or ports[0].type not in _TYPES:
            found = ", ".join(f"{port.name} {port.type}" for port in ports)
            raise ValueError(f"the model must have one input of numbers, and has: {found}")
        shape = tuple(size if isinstance(size, int) else None for size in ports[0].shape)
        self.input = Port(ports[0].name, _TYPES[ports[0].type], shape)

    def run(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """The first output for a batch.

        Raises
        ------
        ValueError
            When the model cannot be run on it.
        """
        try:
            found = self._session.run(None, {self.input.name: np.ascontiguousarray(values, self.input.type)})[0]
        except Exception as fault:
            raise ValueError(f"the model cannot be run on {values.shape}: {_one_line(fault)}") from fault
        return np.asarray(found, np.float32)


def as_array(data: bytes) -> NDArray[np.uint8]:
    """The bytes of a model as the array of a state."""
    return np.frombuffer(data, np.uint8)


def from_state(array: Any, threads: int) -> tuple[bytes, Model]:
    """The bytes in a state, and the model that they are; ValueError where they are none."""
    if array is None or np.ndim(array) != 1 or array.dtype != np.uint8:
        raise ValueError("the state must hold an array 'model' of uint8, shape (bytes,)")
    data = np.asarray(array).tobytes()
    return data, Model(data, threads)


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:300]
