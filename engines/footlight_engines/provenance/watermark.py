"""A keyed watermark for small pictures: quantisation index modulation (Chen and Wornell 2001) of projections of the
brightness on fields of chips that only the holder of the key can draw.

Let Y be the brightness (0..255) of the pixels that are to be seen, n its root mean square, q_i one orthonormal field for
each bit. The bits are in c_i = q_i . Y / n, which a gain Y -> g Y leaves as it is, and an offset too, since each field
has the mean 0. Bit b moves c_i to the nearest point of the lattice D Z + b D / 2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from footlight_engines.provenance.pictures import read_picture, write_png
from footlight_plugins import Content
from footlight_plugins.stages import Mark, Watermark

BITS = 32
SMALLEST_SIDE = 48
STEP = 76 / 128
"""D: a larger step survives more and is seen sooner."""
ROUNDS = 3
"""Rounding to whole numbers, clipping and n itself move c a little; repeating brings it back."""
OPAQUE = 200
"""Pixels of a higher alpha carry the mark."""
FEWEST_PIXELS = 8 * BITS
LIGHT = np.array([0.299, 0.587, 0.114], np.float32)
"""Brightness from red, green and blue (ITU-R BT.601)."""
MEDIA = ("image/png", "image/jpeg", "image/webp", "image/gif")


@dataclass(frozen=True, slots=True)
class _Basis:
    """Orthonormal fields under one mask, kept in chips of s x s pixels."""

    fields: NDArray[np.float64]
    """(bits, chips)."""
    whiten: NDArray[np.float64]
    """(bits, bits): the inverse of the Cholesky factor of the fields' products."""
    size: int
    shape: tuple[int, int]

    def project(self, light: NDArray[np.float32]) -> NDArray[np.float64]:
        """q . Y for brightness (H, W) that is 0 outside the mask: (bits,)."""
        return self.whiten @ (self.fields @ _chip_sums(light, self.size).ravel())

    def spread(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of amounts_i q_i, (H, W), still to be masked."""
        chips = ((self.whiten.T @ amounts) @ self.fields).reshape(-(-self.shape[0] // self.size), -1)
        return np.repeat(np.repeat(chips, self.size, 0), self.size, 1)[: self.shape[0], : self.shape[1]]


class ChipQim(Watermark):
    """32 bits in the brightness of pictures from 48 pixels up.

    It survives JPEG, noise, and changes of brightness and contrast; not cropping, turning or scaling. The alpha of a
    cut-out picture must come back with it, because the mask is part of the key to it.
    """

    bits = BITS

    def embed(self, content: Content, key: bytes, payload: int) -> Content | None:
        """The marked PNG; None for other types, and for pictures with too few pixels to be seen."""
        if content.media_type != "image/png" or content.attributes.get("frames", 1) != 1:
            return None
        picture = read_picture(content.data)
        marked = embed(picture, key, payload)
        if marked is None:
            return None
        opaque = bool((picture[..., 3] == 255).all())
        return replace(content, data=write_png(marked[..., :3] if opaque else marked))

    def read(self, content: Content, key: bytes) -> Mark | None:
        """What the picture says; None where it is none, or too small."""
        if content.media_type not in MEDIA:
            return None
        try:
            return read(read_picture(content.data), key)
        except ValueError:
            return None


def embed(picture: NDArray[np.uint8], key: bytes, payload: int) -> NDArray[np.uint8] | None:
    """Mark a picture (H, W, 4); None where there is no room."""
    mask = picture[..., 3] > OPAQUE
    if not _has_room(mask):
        return None
    basis = _basis(mask, key)
    shift = _bits_of(payload) / 2
    colour = picture[..., :3].astype(np.float32)
    for _ in range(ROUNDS):
        light = _light(colour, mask)
        n = _norm(light, mask)
        c = basis.project(light) / n
        target = (np.round(c / STEP - shift) + shift) * STEP
        change = basis.spread((target - c) * n) * mask
        colour = np.rint(colour + change[..., None]).clip(0, 255).astype(np.float32)
    return np.concatenate([colour.astype(np.uint8), picture[..., 3:]], axis=-1)


def read(picture: NDArray[np.uint8], key: bytes) -> Mark | None:
    """Read a picture (H, W, 4); None where there is no room for a mark."""
    mask = picture[..., 3] > OPAQUE
    if not _has_room(mask):
        return None
    light = _light(picture[..., :3].astype(np.float32), mask)
    c = _basis(mask, key).project(light) / _norm(light, mask) / STEP
    place = c - np.floor(c)  # 0 is the lattice of a 0, 1/2 that of a 1
    bits = np.abs(place - 0.5) < 0.25
    away = np.abs(place * 2 - np.round(place * 2))  # 0 on a lattice, 1/2 between both
    payload = int.from_bytes(np.packbits(bits).tobytes(), "big")
    return Mark(payload, float(1 - 4 * away.mean()) if away.mean() < 0.25 else 0.0)


def _has_room(mask: NDArray[np.bool_]) -> bool:
    return min(mask.shape) >= SMALLEST_SIDE and int(mask.sum()) >= FEWEST_PIXELS


def _light(colour: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return (colour @ LIGHT) * mask


def _norm(light: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    values = light.ravel().astype(np.float64)
    return max(float(np.sqrt(values @ values / np.count_nonzero(mask))), 1.0)


def _bits_of(payload: int) -> NDArray[np.float64]:
    return np.unpackbits(np.frombuffer(payload.to_bytes(BITS // 8, "big"), np.uint8)).astype(np.float64)


def _basis(mask: NDArray[np.bool_], key: bytes) -> _Basis:
    return _basis_of(mask.shape, None if mask.all() else mask.tobytes(), key)


@lru_cache(maxsize=32)
def _basis_of(shape: tuple[int, int], mask_bytes: bytes | None, key: bytes) -> _Basis:
    """The fields under a mask (None: every pixel is to be seen), made orthonormal: (bits, chips)."""
    size = max(2, min(shape) // 32)
    mask = np.ones(shape, np.bool_) if mask_bytes is None else np.frombuffer(mask_bytes, np.bool_).reshape(shape)
    weights = _chip_sums(mask.astype(np.float32), size).ravel()  # how many pixels of each chip are to be seen
    fields = _fields(key, len(weights)).astype(np.float64)
    fields = fields - (fields @ weights)[:, None] / weights.sum()
    products = (fields * weights) @ fields.T
    whiten = np.linalg.inv(np.linalg.cholesky(products))
    return _Basis(fields, whiten, size, shape)


@lru_cache(maxsize=16)
def _fields(key: bytes, chips: int) -> NDArray[np.float32]:
    """+-1 for each bit and chip: (bits, chips)."""
    seed = int.from_bytes(hashlib.sha256(b"footlight chip-qim" + key).digest(), "big")
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), (BITS, chips))


def _chip_sums(values: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Sums over chips of size x size pixels; those at the lower and right edge may be cut off."""
    h, w = values.shape
    sums = np.zeros((-(-h // size), -(-w // size)), np.float64)
    for dy, dx in np.ndindex(size, size):
        part = values[dy::size, dx::size]
        sums[: part.shape[0], : part.shape[1]] += part
    return sums
