"""Learns how much each member of a blend counts, from likes that were held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CANDIDATES = 200
"""So many of each member's best items are looked at for each person."""
_CUTOFF = 50
"""Weights chosen by the first ten places alone follow chance: few of the likes that are held out come so far."""
_FACTORS = (0.0, 0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
_ROUNDS = 4
_SURE = 2.0
"""A change must gain so many of its standard errors over the people: what gains less is more likely chance than merit."""


class Examples:
    """For each of some people the members' contributions to candidates, and which of those were held out."""

    def __init__(self, members: int) -> None:
        """Have nobody yet."""
        self._members = members
        self._parts: list[NDArray[np.float64]] = []  # each (C, M)
        self._hits: list[NDArray[np.bool_]] = []  # each (C,)
        self._ideal: list[float] = []

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, parts: NDArray[np.float64], held_out: NDArray[np.int32], seen: NDArray[np.int32]) -> None:
        """A person: the contribution of each member to each item, shape (M, items), and what was held out."""
        allowed = np.ones(parts.shape[1], np.bool_)
        allowed[seen] = False
        masked = np.where(allowed, parts, -np.inf)
        k = min(_CANDIDATES, parts.shape[1])
        best = np.unique(np.argpartition(-masked, k - 1, axis=1)[:, :k])
        best = best[allowed[best]]
        self._parts.append(parts[:, best].T)
        self._hits.append(np.isin(best, held_out))
        self._ideal.append(float(_discounts(min(len(held_out), _CUTOFF)).sum()))

    def ndcg(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each person's NDCG@50 of the held-out likes with these weights."""
        reached = np.zeros(len(self))
        for n, (parts, hits, ideal) in enumerate(zip(self._parts, self._hits, self._ideal, strict=True)):
            k = min(_CUTOFF, len(hits))
            scores = parts @ weights
            top = np.argpartition(-scores, k - 1)[:k] if k < len(hits) else np.arange(k)
            order = top[np.argsort(-scores[top], kind="stable")]
            reached[n] = float(_discounts(k)[hits[order]].sum()) / ideal
        return reached


def learn_weights(examples: Examples, first: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Weights by coordinate ascent on NDCG@50 (Metzler & Croft 2007), and the NDCG@50 that they reach.

    One weight after the other is multiplied by a few factors, or set to a share of the largest where it is 0, and the
    best is kept where people surely gain by it: the first weights were found good on several data sets, and the likes
    that are held out are few.
    """
    weights, best = first.copy(), examples.ndcg(first)
    for _ in range(_ROUNDS):
        before = weights
        for member in range(len(weights)):
            base = weights[member] if weights[member] > 0 else weights.max() * 0.2
            for factor in _FACTORS:
                tried = weights.copy()
                tried[member] = base * factor
                if tried.max() > 0 and _is_better(reached := examples.ndcg(tried), best):
                    weights, best = tried, reached
        if weights is before:
            break
    return weights / weights.max(), float(best.mean())


def _is_better(new: NDArray[np.float64], old: NDArray[np.float64]) -> bool:
    """Whether the mean gain is larger than chance lets expect."""
    gain = new - old
    return bool(gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)) and gain.mean() > 0)


def _discounts(size: int) -> NDArray[np.float64]:
    return np.asarray(1.0 / np.log2(np.arange(2, size + 2)))
