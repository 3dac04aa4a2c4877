"""Pictures that are drawn by code: smooth ones, and cut-out sprites."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight_plugins import Content


def smooth(count: int, side: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth opaque pictures (n, side, side, 4): few random colours, enlarged."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 235, (count, 5, 5, 3), dtype=np.uint8)
    large = [np.array(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in coarse]
    return np.concatenate([np.stack(large), np.full((count, side, side, 1), 255, np.uint8)], axis=-1)


def sprites(count: int, side: int = 32, seed: int = 0) -> NDArray[np.uint8]:
    """Cut-out sprites (n, side, side, 4): coloured discs and bars on nothing."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    made = np.zeros((count, side, side, 4), np.uint8)
    for picture in made:
        for _ in range(rng.integers(2, 6)):
            (cy, cx), r = rng.uniform(6, side - 6, 2), rng.uniform(2, side / 4)
            disc = (y - cy) ** 2 + (x - cx) ** 2 < r**2
            bar = (abs(y - cy) < r) & (abs(x - cx) < r / 3)
            picture[disc if rng.random() < 0.5 else bar] = [*rng.integers(0, 256, 3), 255]
    return made


def png(picture: NDArray[np.uint8]) -> Content:
    """A picture as content."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return Content("image/png", buffer.getvalue())


def opened(data: bytes) -> NDArray[np.uint8]:
    """A file as (H, W, 4)."""
    return np.array(Image.open(io.BytesIO(data)).convert("RGBA"))


def jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The picture after JPEG, its alpha as before."""
    buffer = io.BytesIO()
    Image.fromarray(picture[..., :3]).save(buffer, "JPEG", quality=quality)
    return np.concatenate([opened(buffer.getvalue())[..., :3], picture[..., 3:]], axis=-1)
