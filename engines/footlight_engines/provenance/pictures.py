"""Pictures as arrays: premultiplied, pooled, cropped; and files of pictures."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARGIN = 2
"""A copy may be moved by so many pixels; so wide a border is not compared."""
LARGEST_SIDE = 32
"""Pictures are compared at no more than so many pixels a side."""
MOST_PIXELS = 1 << 24
"""Larger pictures are not opened: 16 million pixels."""


def premultiplied(pictures: NDArray[Any]) -> NDArray[np.float32]:
    """Pictures (n, H, W, C) uint8 as premultiplied RGBA in [0, 1]: what a transparent pixel hides does not count."""
    values = pictures.astype(np.float32) / 255
    channels = values.shape[-1]
    colour = values[..., :3] if channels >= 3 else np.repeat(values[..., :1], 3, axis=-1)
    alpha = values[..., 3:] if channels == 4 else np.ones_like(values[..., :1])
    return np.concatenate([colour * alpha, alpha], axis=-1)


def shrunk(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pictures (n, H, W, C) at no more than 32 pixels a side, by means over blocks."""
    factor = -(-max(pictures.shape[1:3]) // LARGEST_SIDE)
    return pictures if factor == 1 else _shrunk(pictures, (0, 0), factor)


def moved_crops(pictures: NDArray[np.float32], centre_only: bool) -> NDArray[np.float32]:
    """Pictures (n, H, W, C) without their border, as (k, n, h, w, C): the centre alone, or each of the 25 places that a
    window of that size can have; h and w at most 32."""
    h, w = pictures.shape[1:3]
    margin = MARGIN if min(h, w) > 4 * MARGIN else 0
    height, width = h - 2 * margin, w - 2 * margin
    at = [(margin, margin)]
    if not centre_only:
        at = [(margin + dy, margin + dx) if margin else (0, 0) for dy in range(-2, 3) for dx in range(-2, 3)]
    factor = -(-max(height, width) // LARGEST_SIDE)
    if factor == 1:
        return np.stack([pictures[:, top : top + height, left : left + width] for top, left in at])
    h, w = height // factor, width // factor
    phases = {phase: _shrunk(pictures, phase, factor) for phase in {(top % factor, left % factor) for top, left in at}}
    places = [(phases[top % factor, left % factor], top // factor, left // factor) for top, left in at]
    return np.stack([small[:, top : top + h, left : left + w] for small, top, left in places])


def _shrunk(pictures: NDArray[np.float32], phase: tuple[int, int], factor: int) -> NDArray[np.float32]:
    """Means over blocks of factor x factor pixels, the first of which begins at the phase."""
    top, left = phase
    h, w = (pictures.shape[1] - top) // factor, (pictures.shape[2] - left) // factor
    part = pictures[:, top : top + h * factor, left : left + w * factor]
    sums = np.zeros((len(part), h, w, part.shape[3]), np.float32)
    for dy, dx in np.ndindex(
        factor, factor
    ):  # a few sums of large arrays: faster than one over two axes of a reshaped one
        sums += part[:, dy::factor, dx::factor]
    sums *= np.float32(1 / (factor * factor))
    return sums


def pooled(pictures: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Means over a grid of side x side: (n, H, W, C) to (n, side, side, C)."""
    for axis in (1, 2):
        size = pictures.shape[axis]
        edges = np.linspace(0, size, side + 1).astype(int)
        starts = np.minimum(edges[:-1], size - 1)
        counts = np.maximum(np.diff(edges), 1).reshape([-1 if i == axis else 1 for i in range(4)])
        pictures = (np.add.reduceat(pictures, starts, axis=axis) / counts).astype(np.float32)
    return pictures


def read_picture(data: bytes) -> NDArray[np.uint8]:
    """A PNG, JPEG, WebP or GIF as (H, W, 4) RGBA: its first frame.

    Raises
    ------
    ValueError
        When it is no such picture, or larger than `MOST_PIXELS`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"a picture of {image.width} x {image.height} pixels is too large")
            return np.array(_in_eight_bits(image).convert("RGBA"))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError, EOFError) as error:
        raise ValueError(f"not a picture that can be read: {error}") from error


def _in_eight_bits(image: Any) -> Any:
    """Grey in 16 bits is cut off by Pillow's own conversion."""
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image


def write_png(picture: NDArray[np.uint8]) -> bytes:
    """A picture (H, W) or (H, W, C) as PNG, packed quickly: runs are looked for, nothing else that repeats."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture).save(
        buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE
    )
    return buffer.getvalue()
