"""An embedder of pictures by a model in ONNX: Inception, CLIP's vision tower, DINO, whatever the owner has exported."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from footlight_onnx.folder import read_model, sidecar
from footlight_onnx.model import Model
from footlight_plugins import ImageEmbedder, Options
from footlight_plugins.options import options_of

NAME = "image-embedder.onnx"
"""The file in the operator's folder of models; how it wants its pictures stands in a file beside it, ending with .toml."""
BATCH = 16
"""So many pictures go into the model at once."""


class PictureOptions(Options):
    """How the model wants its pictures, as image-embedder.toml says it."""

    mean: tuple[float, float, float] = Field(
        (0.5, 0.5, 0.5), description="Taken from red, green and blue, which are 0 to 1."
    )
    std: tuple[float, float, float] = Field((0.5, 0.5, 0.5), description="What is left is divided by this.")
    side: int = Field(224, ge=1, le=4_096, description="Pixels a side, where the model's input does not say how many.")
    background: int = Field(255, ge=0, le=255, description="The grey that shows through transparent pixels.")
    threads: int = Field(1, ge=1, le=64, description="Threads of the CPU.")


class OnnxImageEmbedder(ImageEmbedder):
    """Runs ``image-embedder.onnx`` of the operator's folder of models.

    Its input has shape (batch, 3, height, width) or (batch, height, width, 3), of floats; what its first output has for a
    picture, of any shape, is the vector.
    """

    def __init__(self) -> None:
        """Loads the model and tries it once.

        Raises
        ------
        ValueError
            When the folder, the model or what stands beside it cannot be used; the message says what is wrong.
        """
        self._options = _options(sidecar(NAME, ".toml"))
        self._model = Model(read_model(NAME), self._options.threads)
        shape = self._model.input.shape
        if len(shape) != 4 or 3 not in (shape[1], shape[3]) or not np.issubdtype(self._model.input.type, np.floating):
            raise ValueError(
                f"{NAME}: its input must be floats of (batch, 3, height, width) or with 3 last, not {shape}"
            )
        self._channels_first = shape[1] == 3
        height, width = shape[2:] if self._channels_first else shape[1:3]
        self._size = (width or self._options.side, height or self._options.side)
        self._batch = shape[0] or BATCH
        self.size = self._run([np.zeros((1, 1, 4), np.uint8)]).shape[1]

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors (n, size), as the model gives them."""
        parts = [self._run(pictures[first : first + self._batch]) for first in range(0, len(pictures), self._batch)]
        return np.concatenate([np.zeros((0, self.size), np.float32), *parts])

    def _run(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        inputs = np.stack([self._prepared(picture) for picture in pictures])
        missing = self._batch - len(inputs) if self._model.input.shape[0] else 0
        if missing > 0:  # the model was exported for batches of one size
            inputs = np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)])
        found = self._model.run(inputs)
        if found.ndim < 2 or len(found) != len(inputs):
            raise ValueError(f"{NAME}: its output must be (batch, ...), not {found.shape} for {len(inputs)} pictures")
        return found[: len(pictures)].reshape(len(pictures), -1)

    def _prepared(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A picture over the background, in the model's size and scale."""
        opacity = picture[..., 3:].astype(np.float32) / 255
        laid = picture[..., :3] * opacity + self._options.background * (1 - opacity)
        image = Image.fromarray(np.round(laid).astype(np.uint8), "RGB")
        if image.size != self._size:
            image = image.resize(self._size, Image.Resampling.BICUBIC)
        mean, std = (np.array(three, np.float32) for three in (self._options.mean, self._options.std))
        values = (np.asarray(image, np.float32) / 255 - mean) / std
        return np.asarray(values.transpose(2, 0, 1) if self._channels_first else values, np.float32)


def _options(path: Path | None) -> PictureOptions:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
        found = options_of(PictureOptions, told)
    except ValueError as fault:  # it is no TOML, or says what is no option
        raise ValueError(f"{path.name if path else NAME}: {fault}") from fault
    assert isinstance(found, PictureOptions)
    return found
