"""How samples of a domain are compared: by which numbers, and under which changes a copy is still a copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.nearest import nearest_row, products, squares
from footlight_engines.provenance.pictures import moved_crops, pooled, premultiplied, shrunk
from footlight_engines.provenance.recolouring import remainders, tones
from footlight_plugins import Domain

BLOCKS = 64
FEWEST_SEEN = 64
"""Pixels of a picture's middle without which it tells too little alone."""
FAR = np.float32(1e6)
"""So far from everything that it is near nothing."""
LOOKED_AT = 8
"""So many samples of the likeliest brightness are compared by their colours."""
SQUARES = "_squares"
LEADING = 3
"""So many changes of a sample are looked at to say what it is nearest to, when it is near nothing."""

Arrays = Mapping[str, NDArray[Any]]
Variants = tuple[Sequence[str], NDArray[Any]]
Kept = tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]
"""Rows, their means over blocks, and the sums of the squares of those."""


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
        return {"rows": rows, **_with_squares("means", _block_means(rows))}

    def nearest(self, known: Arrays, sample: NDArray[Any], limits: Sequence[float]) -> Found:
        """The nearest training sample."""
        return _among(_kept(known, "rows", "means"), self.variants(sample), limits[0])

    def parts(self, known: Arrays, sample: NDArray[Any]) -> list[float]:
        """The nearest distance beyond rounding, of each part."""
        rows = self.variants(sample)[1]
        return [_search(_kept(known, "rows", "means"), rows, self.likeness, self.rounding[0]).distance]

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, 256): means over 256 stretches of the values, from [-1, 1] to [0, 255]."""
        rows = self.describe(samples)
        edges = np.linspace(0, rows.shape[1], 257).astype(int)
        starts = np.minimum(edges[:-1], rows.shape[1] - 1)
        means = np.add.reduceat(rows, starts, axis=1) / np.maximum(np.diff(edges), 1)
        return np.rint((means.clip(-1, 1) + 1) * 127.5).astype(np.uint8)


class ImageDescriptor(Descriptor):
    """Pictures as premultiplied RGBA, at most 32 pixels a side, kept in bytes.

    A copy may be mirrored, moved by up to 2 pixels (then the border of that width does not count), or recoloured, which is a
    part of its own: see `recolouring`.
    """

    likeness = 0.05
    recoloured = 0.1
    """What of a recoloured copy may be left over, as a share of the spread of its colours."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        """For pictures (H, W, C)."""
        super().__init__(shape, 1.5 / 255, self.recoloured)

    def describe(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Pictures (n, H, W, C) uint8 as rows in [0, 255]."""
        return shrunk(premultiplied(samples)).reshape(len(samples), -1) * np.float32(255)

    def known(self, samples: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The pictures, their middles, and what their colours are compared by."""
        pictures = premultiplied(samples)
        rows = _in_bytes(shrunk(pictures))
        crops = _in_bytes(moved_crops(pictures, centre_only=True)[0])
        middles = _block_means(crops.astype(np.float32))
        middles[_empty(crops), 0] = FAR  # what lies in the border alone cannot be told from other such pictures
        return {
            "rows": rows,
            **_with_squares("means", _block_means(rows.astype(np.float32))),
            "crops": crops,
            **_with_squares("crop_means", middles),
            **_with_squares("tones", _block_means(tones(_colours(rows)))),
        }

    def nearest(self, known: Arrays, sample: NDArray[Any], limits: Sequence[float]) -> Found:
        """The nearest by any part, its distance in the measure of the first."""
        picture = premultiplied(sample[np.newaxis])
        first = self._in_place(known, picture, limits[0])
        if first.distance > limits[0]:
            for found in (self._moved(known, picture, limits[0]), self._recoloured(known, picture, limits)):
                first = min(first, found, key=_distance)
        return first

    def parts(self, known: Arrays, sample: NDArray[Any]) -> list[float]:
        """The nearest distances beyond rounding: of the shape, and of the colours."""
        picture = premultiplied(sample[np.newaxis])
        beyond = self.rounding[0]
        shapes = (
            self._in_place(known, picture, self.likeness, beyond),
            self._moved(known, picture, self.likeness, beyond),
        )
        _, left = self._remainders(known, picture)
        return [min(one.distance for one in shapes), _smallest(left.ravel(), self.rounding[1])]

    def fingerprint(self, samples: NDArray[Any]) -> NDArray[np.uint8]:
        """(n, 256): 8 x 8 pixels of premultiplied RGBA."""
        small = pooled(premultiplied(samples), 8)
        return np.rint(small * 255).astype(np.uint8).reshape(len(samples), -1)

    def _in_place(self, known: Arrays, picture: NDArray[np.float32], within: float, beyond: float = -1.0) -> Found:
        """As it is, and mirrored both ways."""
        still = shrunk(np.concatenate([picture, picture[:, :, ::-1], picture[:, ::-1]]))
        names = ["", "mirrored", "upside down"]
        return _in_units(_kept(known, "rows", "means"), (names, still), within, beyond)

    def _moved(self, known: Arrays, picture: NDArray[np.float32], within: float, beyond: float = -1.0) -> Found:
        places = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
        names = [f"moved {dx},{dy}" if dy or dx else "" for dy, dx in places]
        windows = moved_crops(picture, centre_only=False)[:, 0]
        found = _in_units(_kept(known, "crops", "crop_means"), (names, windows), within, beyond)
        if float(windows[len(windows) // 2, ..., 3].sum()) >= FEWEST_SEEN:
            return found
        whole = shrunk(np.stack([_shifted(picture[0], -dy, -dx) for dy, dx in places]))  # then the border tells as well
        return min(found, _in_units(_kept(known, "rows", "means"), (names, whole), within, beyond), key=_distance)

    def _recoloured(self, known: Arrays, picture: NDArray[np.float32], limits: Sequence[float]) -> Found:
        which, left = self._remainders(known, picture)
        place = int(left.argmin())
        return Found(int(which.flat[place]), float(left.flat[place]) * limits[0] / limits[1], "recoloured")

    def _remainders(self, known: Arrays, picture: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The likeliest training samples and what is left over of each, as it is and mirrored: (2, m) and (2, m)."""
        views = _colours(_in_bytes(shrunk(np.concatenate([picture, picture[:, :, ::-1]]))))
        asked = _block_means(tones(views))
        _, their_tones, their_squares = _kept(known, "rows", "tones")
        apart = their_squares + products(-2 * asked, their_tones)
        count = min(LOOKED_AT, apart.shape[1])
        which = np.argpartition(apart, count - 1, axis=1)[:, :count]
        left = [remainders(view, known["rows"], chosen) for view, chosen in zip(views, which, strict=True)]
        return which, np.stack(left)


def _distance(found: Found) -> float:
    return found.distance


def _shifted(picture: NDArray[np.float32], dy: int, dx: int) -> NDArray[np.float32]:
    """A picture (H, W, C) moved by up to 2 pixels; nothing comes in."""
    return np.roll(np.pad(picture, ((2, 2), (2, 2), (0, 0))), (dy, dx), (0, 1))[2:-2, 2:-2]


def _in_units(known: Kept, views: Variants, within: float, beyond: float) -> Found:
    """The nearest of pictures that are kept in bytes, for views in [0, 1]; distances in [0, 1]."""
    names, pictures = views
    asked = pictures.reshape(len(pictures), -1) * np.float32(255)
    found = _search(known, asked, within * 255, beyond * 255)
    return Found(found.which, found.distance / 255, names[int(found.change)] if np.isfinite(found.distance) else "")


def _in_bytes(pictures: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Pictures (n, h, w, 4) in [0, 1] as rows (n, d)."""
    return np.asarray(np.rint(pictures * 255), np.uint8).reshape(len(pictures), -1)


def _colours(rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rows (n, d) as pixels (n, P, 4) in [0, 1]."""
    return rows.reshape(len(rows), -1, 4).astype(np.float32) / np.float32(255)


def _empty(rows: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pictures of which nothing is to be seen: (n,)."""
    return np.asarray(~(rows[:, 3::4] > 127).any(1))


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


def _with_squares(name: str, rows: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Rows to be kept, and the sums of their squares, which every search needs."""
    return {name: rows, name + SQUARES: squares(rows)}


def _kept(known: Arrays, rows: str, means: str) -> Kept:
    """Rows, means and the sums of their squares; an older index does not hold the last."""
    kept = known.get(means + SQUARES)
    return known[rows], known[means], squares(known[means]) if kept is None else kept


def _search(known: Kept, rows: NDArray[np.float32], within: float, beyond: float = -1.0) -> Found:
    """The nearest further than ``beyond``, exact up to ``within``, with the number of the row as its change."""
    size = rows.shape[1]
    sums = beyond * abs(beyond) * size, within * within * size
    row, which, total = nearest_row(rows, _block_means(rows), known[0], known[1:], *sums, LEADING)
    return Found(which, float(np.sqrt(total / size)), str(row))


def _among(known: Kept, variants: Variants, within: float) -> Found:
    """The nearest by any of the variants, named by what was changed."""
    names, rows = variants
    found = _search(known, rows, within)
    return replace(found, change=names[int(found.change)])


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
