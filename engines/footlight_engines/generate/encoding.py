"""Arrays as files that other programs open: PNG pictures and ``.npy``."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight_plugins import Content

Media = Literal["auto", "png", "npy"]


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether a sample of this shape can be a picture: (H, W), or (C, H, W) with C of 1 (grey), 3 (RGB) or 4 (RGBA)."""
    return len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 3, 4))


def encode(sample: NDArray[np.float32], low: float, high: float, media: Media) -> Content:
    """One sample as a file.

    Parameters
    ----------
    sample
        Values in [low, high].
    low, high
        The range that a picture's black and white stand for; they are written into the attributes with the shape.
    media
        ``png`` (grey in 16 bits, colours in 8), ``npy`` (float32), or ``auto``: a picture where the shape is one.

    Raises
    ------
    ValueError
        When a picture is asked for and the shape is none.
    """
    attributes = {"low": low, "high": high, "shape": list(sample.shape)}
    if media == "npy" or (media == "auto" and not is_picture(sample.shape)):
        return Content("application/x-npy", _npy(sample), attributes)
    if not is_picture(sample.shape):
        raise ValueError(f"a sample of shape {sample.shape} is no picture: use media 'npy'")
    return Content("image/png", _png((sample - low) / (high - low)), attributes)


def _npy(sample: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(sample, np.float32), allow_pickle=False)
    return buffer.getvalue()


def _png(picture: NDArray[np.float32]) -> bytes:
    """A picture of values in [0, 1], (H, W) or (C, H, W), as PNG."""
    if picture.ndim == 3 and len(picture) == 1:
        picture = picture[0]
    if picture.ndim == 2:
        image = Image.fromarray(np.rint(picture.clip(0, 1) * 65_535).astype(np.uint16))
    else:
        image = Image.fromarray(np.rint(picture.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
