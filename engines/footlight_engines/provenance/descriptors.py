"""How samples of a domain are compared: by which numbers, and under which changes a copy is still a copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.nearest import nearest_row
from footlight_engines.provenance.pictures import moved_crops, pooled, premultiplied
from footlight_plugins import Domain

BLOCKS = 64
LEADING = 3
"""So many changes of a sample are looked at to say what it is nearest to, when it is near nothing."""

Arrays = Mapping[str, NDArray[Any]]
Variants = tuple[Sequence[str], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """A training sample, how far it is, and what would have to be done to it."""

    which: int
    distance: float
    change: str


class Descriptor:
    """Any array as it is. The distance is the root mean square of the differences.

    Means over blocks of values are never further apart than the values (Jensen's inequality). So they are compared
    first, and in full only what may still be the nearest.
    """

    likeness: ClassVar[float] = 0.1
    """What lies further is no copy, whatever held-out samples say: to honest noise everything is far."""

    def __init__(self, shape: tuple[int, ...], *rounding: float) -> None:
        """For samples of a shape; what lies nearer than ``rounding`` is the same, for each part that has a limit."""
        self.shape = shape
        self.rounding = rounding or (1e-4,)

    def describe(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Samples (n, ...) as rows (n, d)."""
        return samples.reshape(len(samples), -1).astype(np.float32)

    def variants(self, sample: NDArray[Any]) -> Variants:
        """The names of the changes, the empty one first, and the changed sample as rows (k, d)."""
        return ("",), self.describe(sample[np.newaxis])

    def known(self, samples: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """What of the training samples is kept: rows (n, d), and their means over blocks (n, b)."""
        rows = self.describe(samples)
        return {"rows": rows, "means": _block_means(rows)}

    def nearest(self, known: Arrays, sample: NDArray[Any], limits: Sequence[float]) -> Found:
        """The nearest training sample."""
        names, rows = self.variants(sample)
        found = _search((known["rows"], known["means"]), rows, limits[0])
        return replace(found, change=names[int(found.change)])

    def parts(self, known: Arrays, sample: NDArray[Any]) -> list[float]:
        """The nearest distance beyond rounding, of each part."""
        rows = self.variants(sample)[1]
        return [_search((known["rows"], known["means"]), rows, self.likeness, self.rounding[0]).distance]

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, 256): means over 256 stretches of the values, from [-1, 1] to [0, 255]."""
        rows = self.describe(samples)
        edges = np.linspace(0, rows.shape[1], 257).astype(int)
        starts = np.minimum(edges[:-1], rows.shape[1] - 1)
        means = np.add.reduceat(rows, starts, axis=1) / np.maximum(np.diff(edges), 1)
        return np.rint((means.clip(-1, 1) + 1) * 127.5).astype(np.uint8)


class ImageDescriptor(Descriptor):
    """Pictures as premultiplied RGBA in [0, 1], without their border of 2 pixels, at most 32 pixels a side.

    A copy may be mirrored, moved by up to 2 pixels, and recoloured: the second part compares the brightness with mean and
    spread taken out, which a change of all colours by one gain, or an exchange of channels, leaves as it is.
    """

    likeness = 0.05

    def __init__(self, shape: tuple[int, ...]) -> None:
        """For pictures (H, W, C)."""
        super().__init__(shape, 1.5 / 255, 1.5 / 255)

    def describe(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Pictures (n, H, W, C) uint8 as rows."""
        crops: NDArray[Any] = moved_crops(premultiplied(samples), centre_only=True)[0]
        return crops.reshape(len(samples), -1)

    def variants(self, sample: NDArray[Any]) -> Variants:
        """The picture, mirrored both ways, and moved."""
        picture = premultiplied(sample[np.newaxis])
        turned = np.concatenate([picture, picture[:, :, ::-1], picture[:, ::-1]])
        still = moved_crops(turned, centre_only=True)[0]
        moved = moved_crops(picture, centre_only=False)[:, 0]
        places = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
        names = ["", "mirrored", "upside down", *(f"moved {dx},{dy}" if dy or dx else "" for dy, dx in places)]
        rows = np.concatenate([still, moved])
        return names, rows.reshape(len(rows), -1)

    def known(self, samples: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The rows, and the colourless ones."""
        kept = super().known(samples)
        plain = _colourless(kept["rows"])
        return {**kept, "plain": plain, "plain_means": _block_means(plain)}

    def nearest(self, known: Arrays, sample: NDArray[Any], limits: Sequence[float]) -> Found:
        """The nearest by either part, its distance in the measure of the first."""
        first = super().nearest(known, sample, limits)
        _, rows = self.variants(sample)
        plain = _search((known["plain"], known["plain_means"]), _colourless(rows[:2]), limits[1])
        second = plain.distance * limits[0] / limits[1]
        return Found(plain.which, second, "recoloured") if second < min(first.distance, limits[0]) else first

    def parts(self, known: Arrays, sample: NDArray[Any]) -> list[float]:
        """Both parts."""
        rows = _colourless(self.variants(sample)[1][:2])
        plain = _search((known["plain"], known["plain_means"]), rows, self.likeness, self.rounding[1])
        return [*super().parts(known, sample), plain.distance]

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, 256): 8 x 8 pixels of premultiplied RGBA."""
        small = pooled(premultiplied(samples), 8)
        return np.rint(small * 255).astype(np.uint8).reshape(len(samples), -1)


class SurfaceDescriptor(Descriptor):
    """Heights with mean and spread taken out. A copy may be turned, mirrored, raised, and stretched in height."""

    likeness = 0.25

    def __init__(self, shape: tuple[int, ...]) -> None:
        """For heights (H, W)."""
        super().__init__(shape, 5e-3)

    def describe(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Heights (n, H, W) as rows of mean 0 and spread 1."""
        rows = samples.reshape(len(samples), -1).astype(np.float64)
        rows = rows - rows.mean(1, keepdims=True)
        scaled: NDArray[Any] = (rows / np.maximum(rows.std(1, keepdims=True), 1e-9)).astype(np.float32)
        return scaled

    def variants(self, sample: NDArray[Any]) -> Variants:
        """The 8 turns and mirrors of a square, the 4 of a rectangle."""
        names, made = _dihedral(sample)
        return names, self.describe(made)

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, 256): 16 x 16 heights, 2.5 spreads up and down."""
        surfaces = self.describe(samples).reshape(samples.shape)[..., None]
        return np.rint((pooled(surfaces, 16).clip(-2.5, 2.5) + 2.5) * 51).astype(np.uint8).reshape(len(samples), -1)


class GridDescriptor(Descriptor):
    """Tiles. The distance is the share of tiles that differ. A copy may be turned or mirrored."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        """For tiles (H, W)."""
        super().__init__(shape, 0.0)

    def describe(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Tiles (n, H, W) as rows of bytes."""
        return samples.reshape(len(samples), -1).astype(np.uint8)

    def variants(self, sample: NDArray[Any]) -> Variants:
        """The 8 turns and mirrors of a square, the 4 of a rectangle."""
        names, made = _dihedral(sample)
        return names, self.describe(made)

    def known(self, samples: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The rows alone."""
        return {"rows": self.describe(samples)}

    def nearest(self, known: Arrays, sample: NDArray[Any], limits: Sequence[float]) -> Found:
        """The nearest training sample."""
        names, rows = self.variants(sample)
        differing = self._differing(known["rows"], rows)  # (k, n)
        change, which = np.unravel_index(int(differing.argmin()), differing.shape)
        return Found(int(which), float(differing[change, which]), names[int(change)])

    def parts(self, known: Arrays, sample: NDArray[Any]) -> list[float]:
        """The one part."""
        return [_smallest(self._differing(known["rows"], self.variants(sample)[1]).min(0), self.rounding[0])]

    def _differing(self, known: NDArray[np.uint8], rows: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The shares that differ: (n, d) and (k, d) to (k, n)."""
        return np.stack([(known != row).mean(1) for row in rows])

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, d): the tiles, spread out so that different ones are far apart; the first 1,024."""
        return (self.describe(samples)[:, :1024].astype(np.int64) * 37 % 256).astype(np.uint8)


class VoicesDescriptor(GridDescriptor):
    """Pitches by step and voice. The distance is the share of cells that differ. A copy may be transposed."""

    def describe(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Pitches (n, T, V) as rows of bytes, silence as 0."""
        return (samples.reshape(len(samples), -1) + 1).clip(0, 255).astype(np.uint8)

    def variants(self, sample: NDArray[Any]) -> Variants:
        """The 13 transpositions by up to 6 semitones; silence stays silence."""
        steps = sorted(range(-6, 7), key=abs)
        made = np.stack([np.where(sample >= 0, sample + step, sample) for step in steps])
        return ["" if not step else f"transposed {step:+d}" for step in steps], self.describe(made)

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, d): the pitches; the first 1,024."""
        return self.describe(samples)[:, :1024]


_KINDS: dict[Domain, type[Descriptor]] = {
    Domain.IMAGE: ImageDescriptor,
    Domain.SURFACE: SurfaceDescriptor,
    Domain.GRID: GridDescriptor,
    Domain.VOICES: VoicesDescriptor,
    Domain.ARRAY: Descriptor,
}


@lru_cache(maxsize=64)
def descriptor_of(domain: Domain, shape: tuple[int, ...]) -> Descriptor:
    """The descriptor of samples of a domain and a shape."""
    return _KINDS[domain](shape)


def _search(
    known: tuple[NDArray[np.float32], NDArray[np.float32]],
    rows: NDArray[np.float32],
    within: float,
    beyond: float = -1.0,
) -> Found:
    """The nearest further than ``beyond``, exact up to ``within``, with the number of the row as its change."""
    size = rows.shape[1]
    sums = beyond * abs(beyond) * size, within * within * size
    row, which, total = nearest_row(rows, _block_means(rows), *known, *sums, LEADING)
    return Found(which, float(np.sqrt(total / size)), str(row))


def _block_means(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (n, d) as 64 coefficients (n, 64) whose squared differences sum up to no more than those of the rows.

    They are the means over 64 blocks of equal length times the root of that length, turned by the Haar transform, so that
    the coarsest differences, which tell most pictures apart, come first.
    """
    length = -(-rows.shape[1] // BLOCKS)
    blocks = rows.shape[1] // length
    means = np.zeros((len(rows), BLOCKS), np.float32)
    means[:, :blocks] = rows[:, : blocks * length].reshape(len(rows), blocks, length).mean(2) * np.sqrt(length)
    return np.ascontiguousarray(means @ _HAAR.T)


def _haar(size: int) -> NDArray[np.float32]:
    """The orthonormal Haar transform (size, size), the overall mean first; size is a power of 2."""
    if size == 1:
        return np.ones((1, 1), np.float32)
    coarse, half = _haar(size // 2), np.sqrt(0.5)
    means = np.kron(coarse, [half, half])
    details = np.kron(np.eye(size // 2), [half, -half])
    return np.concatenate([means, details]).astype(np.float32)


_HAAR = _haar(BLOCKS)


def _colourless(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of RGBA as brightness of mean 0 and spread 1/4 where something is to be seen, and the alpha.

    A picture of one brightness says too little: each becomes a row that resembles no other.
    """
    rgba = rows.reshape(len(rows), -1, 4)
    grey, alpha = rgba[..., :3].mean(-1), rgba[..., 3]
    seen = alpha > 0.5
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    centred = np.where(seen, grey - (grey * seen).sum(1, keepdims=True) / count, 0)
    spread = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    flat = spread < 0.02
    plain = np.where(flat, 100.0 + rows.sum(1, keepdims=True), centred / np.maximum(spread, 0.02) / 4)
    return np.concatenate([plain, alpha], axis=1).astype(np.float32)


def _smallest(distances: NDArray[np.float64], beyond: float) -> float:
    further = distances[distances > beyond]
    return float(further.min()) if further.size else np.inf


def _dihedral(sample: NDArray[Any]) -> Variants:
    names, made = [], []
    for turn in range(4) if sample.shape[0] == sample.shape[1] else (0, 2):
        for mirror in (False, True):
            names.append(" ".join(filter(None, (f"turned {90 * turn}" if turn else "", "mirrored" if mirror else ""))))
            turned = np.rot90(sample, turn)
            made.append(turned[:, ::-1] if mirror else turned)
    return names, np.stack(made)
