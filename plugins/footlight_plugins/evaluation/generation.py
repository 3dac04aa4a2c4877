"""How close generated content comes to held-out content, and whether it was copied: measured without downloaded weights.

Read each figure beside that of the real row; `features` says in which spaces content is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import Domain, Samples
from footlight_plugins.evaluation.features import LearnedFilters, Rows, channels_of, random_features

SPACES = (2026, 7)
"""The seeds of the spaces of random features."""
NEIGHBOURS = 5
MOST = 2_000
"""At most so many samples of a kind are compared."""
LEAST_SPREAD = 0.1
"""Of the mean spread: a feature that hardly varies would otherwise drown all others where it does."""
BLANK = 0.01
"""A picture of which less than this share is to be seen counts as blank."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How generated samples compare with real ones."""

    kid: tuple[float, ...]
    """The unbiased kernel distance to the training samples (Binkowski et al. 2018): in two spaces of random features, and in
    that of filters learned from the training samples."""
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
    blank: float
    """The share of pictures of which hardly anything is to be seen."""

    def as_json(self) -> Mapping[str, object]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def columns(self) -> Mapping[str, float]:
        """What a table of several shows, by the head of the column."""
        kid = dict(zip(("KID", "KID 2", "KID, learned"), self.kid, strict=True))
        rest = {"FD": self.fd, "density": self.density, "coverage": self.coverage, "C_T": self.copying}
        return {**kid, **rest, "distinct": self.distinct, "blank": self.blank}


def measured(samples: Samples, made: NDArray[np.generic]) -> Likeness:
    """Compare samples with what a generator learned from and with what was held out.

    Raises
    ------
    ValueError
        When there are too few samples to say anything: 2 of each kind, and more held-out ones than neighbours.
    """
    train, heldout, asked = (chosen(part) for part in (samples.train, samples.heldout, made))
    if min(len(train), len(asked)) < 2 or len(heldout) <= NEIGHBOURS:
        raise ValueError(f"too few samples: {len(train)} to learn from, {len(heldout)} held out, {len(asked)} made")
    spaces = _spaces(samples.domain, train, heldout, asked)
    real, apart, generated = spaces[0]
    few = min(len(apart), len(generated))
    return Likeness(
        kid=tuple(kernel_distance(a, c) for a, _, c in spaces),
        fd=frechet_distance(real, generated),
        density=balls(apart, generated[:few])[0],
        coverage=balls(apart, generated[:few])[1],
        copying=copying(_nearest(real, generated), _nearest(real, apart)),
        nearest=tuple(float(p) for p in np.percentile(_nearest(real, generated), [1, 5, 50, 95])),
        distinct=len({one.tobytes() for one in asked}) / len(asked),
        blank=_blank(samples.domain, asked),
    )


def real_row(samples: Samples) -> Likeness:
    """What held-out samples themselves come to: the row to read all others beside. Density and coverage are those of as many
    training samples, which are nearer to nothing than others."""
    row = measured(samples, samples.heldout)
    train = chosen(samples.train)
    real, apart, _ = _spaces(samples.domain, train, chosen(samples.heldout), train[:2], SPACES[:1])[0]
    density, coverage = balls(apart, real[np.random.default_rng(1).permutation(len(real))[: len(apart)]])
    return Likeness(row.kid, row.fd, density, coverage, 0.0, row.nearest, row.distinct, row.blank)


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


def balls(real: Rows, asked: Rows) -> tuple[float, float]:
    """Density and coverage with balls around the real samples, as wide as to their fifth neighbour: (n, d) and (m, d)."""
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


def chosen(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    """At most `MOST` of the samples, always the same ones."""
    return samples[np.random.default_rng(0).permutation(len(samples))[:MOST]]


def _blank(domain: Domain, samples: NDArray[np.generic]) -> float:
    if domain is not Domain.IMAGE or samples.shape[-1] != 4:
        return 0.0
    return float(((np.asarray(samples[..., 3]) > 127).mean((1, 2)) < BLANK).mean())


def _spaces(
    domain: Domain,
    train: NDArray[np.generic],
    heldout: NDArray[np.generic],
    asked: NDArray[np.generic],
    seeds: tuple[int, ...] = (),
) -> list[list[Rows]]:
    """The features of training, held-out and generated samples in each space, standardised by those of the first; in those
    of some random seeds only, where they are given."""
    levels = int(np.max(np.asarray(train), initial=0)) + 1
    parts = [channels_of(domain, part, levels) for part in (train, heldout, asked)]
    makers: list[Callable[[Rows], Rows]] = [_random(seed) for seed in seeds or SPACES]
    if not seeds:
        makers.append(LearnedFilters.of(parts[0]))
    return [_standardised([make(part) for part in parts]) for make in makers]


def _random(seed: int) -> Callable[[Rows], Rows]:
    return lambda samples: random_features(samples, seed)


def _standardised(rows: list[Rows]) -> list[Rows]:
    mean, spread = rows[0].mean(0), rows[0].std(0)
    spread = np.maximum(spread, LEAST_SPREAD * spread.mean() + 1e-6)
    return [(part - mean) / spread for part in rows]
