"""Spaces in which content is compared, none of which has to be downloaded: networks of fixed random weights (Naeem et al.
2020), and filters learned from the corpus itself (Coates, Lee and Ng 2011, "An analysis of single-layer networks").

Random networks see layout, colour and spread, and little of texture; learned filters see texture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import Domain

Rows = NDArray[np.float32]
PATCH = 5
"""Filters are so many pixels wide."""
FILTERS = 96
_PATCHES = 40_000
"""Of so many patches they are learned."""
_ROUNDS = 12
_NOISE = 0.01
"""Added to the variances before they are evened out: even patches hold little but rounding."""


def channels_of(domain: Domain, samples: NDArray[np.generic], levels: int) -> Rows:
    """Samples as (n, H, W, C) in about [-1, 1]."""
    match domain:
        case Domain.IMAGE:
            pictures = samples.astype(np.float32) / 255
            if pictures.shape[-1] == 4:
                pictures[..., :3] *= pictures[..., 3:]  # what a transparent pixel hides does not count
            return np.asarray(pictures * 2 - 1, np.float32)
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


@dataclass(frozen=True, slots=True)
class LearnedFilters:
    """Patches with their variances evened out, by how near they are to each of the commonest kinds, over quarters."""

    mean: Rows
    whiten: Rows
    kinds: Rows

    @staticmethod
    def of(samples: Rows, seed: int = 0) -> LearnedFilters:
        """Learn from samples (n, H, W, C): whitened patches in clusters by k-means."""
        rng = np.random.default_rng(seed)
        patches = np.concatenate([_patches(chunk, 2).reshape(-1, _size(samples)) for chunk in _chunks(samples[:1000])])
        patches = patches[rng.permutation(len(patches))[:_PATCHES]]
        mean = patches.mean(0)
        values, vectors = np.linalg.eigh(np.cov(patches - mean, rowvar=False).astype(np.float64))
        whiten = ((vectors / np.sqrt(values.clip(0) + _NOISE)) @ vectors.T).astype(np.float32)
        rows = (patches - mean) @ whiten
        kinds = rows[rng.permutation(len(rows))[:FILTERS]].copy()
        for _ in range(_ROUNDS):
            nearest = ((kinds**2).sum(1) - 2 * rows @ kinds.T).argmin(1)
            sums = np.zeros_like(kinds)
            np.add.at(sums, nearest, rows)
            counts = np.bincount(nearest, minlength=len(kinds))
            kinds = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], kinds).astype(np.float32)
        return LearnedFilters(mean.astype(np.float32), whiten, kinds)

    def __call__(self, samples: Rows) -> Rows:
        """(n, H, W, C) to (n, 4 F): by how much each kind is nearer than kinds are on average."""
        return np.concatenate([self._activated(chunk) for chunk in _chunks(samples, 32)])

    def _activated(self, samples: Rows) -> Rows:
        rows = (_patches(samples, 2) - self.mean) @ self.whiten  # (n, h, w, d)
        apart = (rows**2).sum(-1, keepdims=True) + (self.kinds**2).sum(1) - 2 * rows @ self.kinds.T
        apart = np.sqrt(apart.clip(0))
        near = np.maximum(apart.mean(-1, keepdims=True) - apart, 0).astype(np.float32)
        return _quarters(near)


def _size(samples: Rows) -> int:
    return PATCH * PATCH * int(samples.shape[3])


def _patches(samples: Rows, step: int) -> Rows:
    """All patches of samples, a few pixels apart; beyond the edge is nothing: (n, h, w, d)."""
    h, w, reach = samples.shape[1], samples.shape[2], PATCH // 2
    padded = np.pad(samples, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    parts = [padded[:, dy : dy + h : step, dx : dx + w : step] for dy in range(PATCH) for dx in range(PATCH)]
    return np.concatenate(parts, axis=-1)
