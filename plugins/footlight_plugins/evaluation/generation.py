"""How close generated content comes to held-out content, and whether it was copied: measured without downloaded weights.

Features are those of networks with fixed random weights (Naeem et al. 2020 recommend them where content is unlike ImageNet).
They see layout, colour and spread, and little of texture: read each figure beside that of the real row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import Domain, Samples

SPACES = (2026, 7)
"""The seeds of the feature spaces."""
NEIGHBOURS = 5
MOST = 2_000
"""At most so many samples of a kind are compared."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How generated samples compare with real ones."""

    kid: tuple[float, ...]
    """The unbiased kernel distance to the training samples, in each space (Binkowski et al. 2018)."""
    fd: float
    """The Fréchet distance to the training samples, in the first space (Heusel et al. 2017)."""
    density: float
    """How many balls around held-out samples hold a generated one, over the count of neighbours (Naeem et al. 2020)."""
    coverage: float
    """The share of balls around held-out samples that hold a generated one, with as many of the one as of the other."""
    copying: float
    """C_T: the z value of nearest distances to the training samples, generated against held-out; far below 0 where content
    was copied (Meehan et al. 2020)."""
    nearest: tuple[float, ...]
    """Percentiles 1, 5, 50 and 95 of the distance to the nearest training sample, in the first space."""
    distinct: float
    """The share of samples that equal no other."""

    def as_json(self) -> Mapping[str, object]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


def measured(samples: Samples, made: NDArray[np.generic]) -> Likeness:
    """Compare samples with what a generator learned from and with what was held out.

    Raises
    ------
    ValueError
        When there are too few samples to say anything: 2 of each kind, and more held-out ones than neighbours.
    """
    train, heldout, asked = (_chosen(part) for part in (samples.train, samples.heldout, made))
    if min(len(train), len(asked)) < 2 or len(heldout) <= NEIGHBOURS:
        raise ValueError(f"too few samples: {len(train)} to learn from, {len(heldout)} held out, {len(asked)} made")
    spaces = [_features(seed, samples.domain, train, heldout, asked) for seed in SPACES]
    real, apart, generated = spaces[0]
    few = min(len(apart), len(generated))
    return Likeness(
        kid=tuple(kernel_distance(a, c) for a, _, c in spaces),
        fd=frechet_distance(real, generated),
        density=_balls(apart, generated[:few])[0],
        coverage=_balls(apart, generated[:few])[1],
        copying=copying(_nearest(real, generated), _nearest(real, apart)),
        nearest=tuple(float(p) for p in np.percentile(_nearest(real, generated), [1, 5, 50, 95])),
        distinct=len({one.tobytes() for one in asked}) / len(asked),
    )


def real_row(samples: Samples) -> Likeness:
    """What held-out samples themselves come to: the row to read all others beside. Density and coverage are those of as many
    training samples, which are nearer to nothing than others."""
    row = measured(samples, samples.heldout)
    train = _chosen(samples.train)
    real, apart, _ = _features(SPACES[0], samples.domain, train, _chosen(samples.heldout), train[:2])
    density, coverage = _balls(apart, real[np.random.default_rng(1).permutation(len(real))[: len(apart)]])
    return Likeness(row.kid, row.fd, density, coverage, 0.0, row.nearest, row.distinct)


def kernel_distance(first: Rows, second: Rows) -> float:
    """The unbiased squared maximum mean discrepancy with the kernel (x . y / d + 1)^3: (n, d) and (m, d)."""
    x, y = first.astype(np.float64), second.astype(np.float64)
    n, m, d = len(x), len(y), x.shape[1]
    xx, yy, xy = (x @ x.T / d + 1) ** 3, (y @ y.T / d + 1) ** 3, (x @ y.T / d + 1) ** 3
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


def frechet_distance(first: Rows, second: Rows) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the normal distributions with the same means and covariances."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(ca)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    between = np.sqrt(np.linalg.eigvalsh(root @ cb @ root).clip(0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * between)


def copying(generated: NDArray[np.float64], heldout: NDArray[np.float64]) -> float:
    """The z value of the Mann-Whitney test: are the first distances smaller than the second?"""
    n, m = len(generated), len(heldout)
    ordered = np.sort(heldout)
    smaller, not_larger = (np.searchsorted(ordered, generated, side) for side in ("left", "right"))
    wins = (smaller + not_larger).sum() / 2  # of pairs in which the generated one is further; ties count half
    return float((wins - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def _balls(real: Rows, asked: Rows) -> tuple[float, float]:
    """Density and coverage with balls around the real samples, as wide as to their fifth neighbour."""
    radius = np.sort(_distances(real, real), axis=1)[:, NEIGHBOURS]  # the nearest is itself
    inside = _distances(real, asked) <= radius[:, None]  # (real, asked)
    return float(inside.sum() / (NEIGHBOURS * len(asked))), float(inside.any(1).mean())


def _nearest(known: Rows, asked: Rows) -> NDArray[np.float64]:
    distances = _distances(asked, known)
    return np.asarray(distances.min(1))


def _distances(a: Rows, b: Rows) -> NDArray[np.float64]:
    x, y = a.astype(np.float64), b.astype(np.float64)
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * x @ y.T
    return np.asarray(np.sqrt(squares.clip(0)))


def _chosen(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    return samples[np.random.default_rng(0).permutation(len(samples))[:MOST]]


def _features(seed: int, domain: Domain, train: NDArray[np.generic], *others: NDArray[np.generic]) -> list[Rows]:
    """The features of each, standardised by those of the training samples."""
    levels = int(np.max(train, initial=0)) + 1
    rows = [random_features(_channels(domain, part, levels), seed) for part in (train, *others)]
    mean, spread = rows[0].mean(0), rows[0].std(0) + 1e-6
    return [(part - mean) / spread for part in rows]


def _channels(domain: Domain, samples: NDArray[np.generic], levels: int) -> Rows:
    """Samples as (n, H, W, C) in about [-1, 1]."""
    match domain:
        case Domain.IMAGE:
            return np.asarray(samples.astype(np.float32) / 127.5 - 1, np.float32)
        case Domain.GRID:
            return np.asarray((samples[..., None] == np.arange(levels)) * 2.0 - 1, np.float32)
        case Domain.VOICES:
            pitches = samples.astype(np.float32)[..., None]
            turns = pitches * np.float32(np.pi / 6)
            return np.concatenate([np.sin(turns), np.cos(turns), pitches / 60 - 1], axis=-1).astype(np.float32)
    flat = samples.reshape(len(samples), samples.shape[1], -1) if samples.ndim != 3 else samples
    return flat.astype(np.float32)[..., None]


def random_features(samples: Rows, seed: int) -> Rows:
    """Four convolutions of 3 x 3 with random weights, a step of 2 from the second on; of the last three the means over a
    grid of 2 x 2: (n, H, W, C) to (n, 640)."""
    return np.concatenate([_convolved(chunk, seed) for chunk in _chunks(samples)])


def _chunks(samples: Rows, size: int = 128) -> Iterator[Rows]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def _convolved(x: Rows, seed: int) -> Rows:
    rng, parts = np.random.default_rng(seed), []
    for layer, width in enumerate((24, 32, 64, 64)):
        weights = rng.normal(0, np.sqrt(2 / (9 * x.shape[3])), (9 * x.shape[3], width)).astype(np.float32)
        step = 2 if layer else 1
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        h, w = x.shape[1], x.shape[2]
        patches = [padded[:, dy : dy + h : step, dx : dx + w : step] for dy in range(3) for dx in range(3)]
        x = np.concatenate(patches, axis=-1) @ weights
        x = np.where(x > 0, x, 0.2 * x).astype(np.float32)
        if layer:
            parts.append(_quarters(x))
    return np.concatenate(parts, axis=1)


def _quarters(x: Rows) -> Rows:
    """(n, H, W, C) to the means of its quarters (n, 4 C); of the whole, four times, where it is too small."""
    h, w = x.shape[1] // 2, x.shape[2] // 2
    if not (h and w):
        return np.tile(x.mean((1, 2)), (1, 4))
    return np.concatenate([p.mean((1, 2)) for p in (x[:, :h, :w], x[:, :h, w:], x[:, h:, :w], x[:, h:, w:])], axis=1)
