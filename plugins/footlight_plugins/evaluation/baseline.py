"""Samples of any domain as plain arrays, which a generator learns from that knows nothing of pictures, tiles or notes; and
what that makes, back in the domain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import Domain

Array = NDArray[np.float32]


def plain(domain: Domain, samples: NDArray[np.generic]) -> Array:
    """Samples (n, ...) as arrays: pictures (n, C, H, W) with colours premultiplied by alpha, a channel for each kind of
    tile, a row for each pitch; others as they are."""
    values = np.asarray(samples).astype(np.float32)
    match domain:
        case Domain.IMAGE:
            if values.shape[-1] == 4:
                values[..., :3] *= values[..., 3:] / 255
            return np.ascontiguousarray(values.transpose(0, 3, 1, 2))
        case Domain.GRID:
            return _one_hot(values, 0, int(values.max()) + 1).transpose(0, 3, 1, 2)
        case Domain.VOICES:
            return _one_hot(values, -1, int(values.max()) + 2).transpose(0, 2, 3, 1)
    return values


def natural(domain: Domain, made: Array) -> NDArray[np.generic]:
    """What was made of such arrays (n, ...), pictures in [-1, 1], as samples of the domain."""
    match domain:
        case Domain.IMAGE:
            pictures = ((made.clip(-1, 1) + 1) * 127.5).transpose(0, 2, 3, 1)
            if pictures.shape[-1] == 4:
                colours = pictures[..., :3] * 255 / np.maximum(pictures[..., 3:], 1)
                pictures = np.concatenate([colours.clip(0, 255), pictures[..., 3:]], axis=-1)
            return np.rint(pictures).astype(np.uint8)
        case Domain.GRID:
            return np.asarray(made.argmax(1), np.uint8)
        case Domain.VOICES:
            return np.asarray((made.argmax(2) - 1).transpose(0, 2, 1), np.int16)
    return made


def _one_hot(values: Array, first: int, count: int) -> Array:
    return np.asarray(values[..., None] == np.arange(first, first + count), np.float32)
