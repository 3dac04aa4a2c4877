"""A generator whose content comes from a model in ONNX."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight_onnx.model import Model, as_array, from_state
from footlight_onnx.options import GeneratorOptions
from footlight_plugins import Call, CallEnded, Content, Corpus, Generator, Options, State, TrainingRun

_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}


class OnnxGenerator(Generator):
    """Runs a model on noise of the standard normal distribution, one seed at a time.

    The corpus is the model: one file that ends with ``.onnx``. Its input has shape (batch, size) or (batch, size, 1, 1),
    its first output is one picture, (batch, channels, height, width) or with the channels last, or any other array.
    """

    options_type = GeneratorOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, GeneratorOptions)
        self._options = options
        self._data = b""
        self._model: Model | None = None

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        """Take the model over, and try it once.

        Raises
        ------
        ValueError
            When the corpus is not one model, or it is none that fits; the message names the file.
        """
        if run.stopping():
            raise CallEnded("the training was stopped")
        if len(corpus) != 1 or not corpus.files[0].path.endswith(".onnx"):
            got = ", ".join(file.path for file in corpus) or "no file"
            raise ValueError(f"expected a corpus of one .onnx file, got {got}")
        (file,) = corpus
        try:
            self._data = file.read()
            self._model = Model(self._data, self._options.threads)
            made = self._model.run(self._noise(run.seed))
        except ValueError as fault:
            raise ValueError(f"{file.path}: {fault}") from fault
        run.report(1.0, 1, {"numbers": float(made.size)})
        return {"numbers": float(made.size), "bytes": float(len(self._data))}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        made = []
        for seed in seeds.tolist():
            call.check()
            assert self._model is not None
            made.append(self._content(self._model.run(self._noise(seed))))  # alone: another batch may round differently
        return made

    def _noise(self, seed: int) -> NDArray[np.float32]:
        """Noise of the shape that the model wants, a batch of one."""
        assert self._model is not None
        shape = [1, *(size or self._options.size for size in self._model.input.shape[1:])]
        return np.random.default_rng(seed).standard_normal(shape, np.float32)

    def _content(self, output: NDArray[np.float32]) -> Content:
        array = output[0] if output.ndim and len(output) == 1 else output
        picture = None if self._options.media == "npy" else self._picture(array)
        if picture is None and self._options.media == "png":
            raise ValueError(f"the model's output of shape {array.shape} is no picture: set the option media to npy")
        return _npy(array) if picture is None else picture

    def _picture(self, array: NDArray[np.float32]) -> Content | None:
        """A PNG of what has the shape of a picture; None of anything else."""
        if array.ndim == 3 and array.shape[0] in _CHANNELS and array.shape[2] not in _CHANNELS:
            array = array.transpose(1, 2, 0)  # channels first
        if array.ndim != 3 or array.shape[2] not in _CHANNELS:
            return None
        share = (array.astype(np.float64) - self._options.low) / (self._options.high - self._options.low)
        pixels = np.round(np.clip(share, 0, 1) * 255).astype(np.uint8)
        mode = _CHANNELS[array.shape[2]]
        buffer = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if mode == "L" else pixels, mode).save(buffer, "PNG")
        return Content("image/png", buffer.getvalue(), {"width": pixels.shape[1], "height": pixels.shape[0]})

    def state(self) -> State:
        return State({"model": as_array(self._data)})

    def load(self, state: State) -> None:
        self._data, self._model = from_state(state.arrays.get("model"), self._options.threads)


def _npy(array: NDArray[Any]) -> Content:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return Content("application/x-npy", buffer.getvalue(), {"shape": list(array.shape)})
