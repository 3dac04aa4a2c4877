"""What a linear model sees of a situation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEW = 16
"""Up to so many numbers an observation's products of pairs are seen as well, unless the options say otherwise."""


class ActionFeatures:
    """phi(x) = [1, x, x_i x_j for i < j]: each action has a model of its own, so the action is not part of it."""

    def __init__(self, size: int, pairs: bool) -> None:
        self._pairs = np.triu_indices(size, 1) if pairs else (np.empty(0, np.int64), np.empty(0, np.int64))
        self._columns = size
        self.size = 1 + size + len(self._pairs[0])

    def of(self, observation: NDArray[np.float64]) -> NDArray[np.float64]:
        """From observations (n, d) to features (n, m)."""
        features = np.empty((len(observation), self.size))
        features[:, 0] = 1.0
        features[:, 1 : 1 + self._columns] = observation
        features[:, 1 + self._columns :] = observation[:, self._pairs[0]] * observation[:, self._pairs[1]]
        return features


class CandidateFeatures:
    """phi(x, c) = [1, c, x_i c_j]: one model for all candidates, which learns what kind of candidate suits which situation.

    Without the products every situation would have the same favourite.
    """

    def __init__(self, size: int, features: int, products: bool) -> None:
        self._products = products and size > 0
        self._columns = features
        self.size = 1 + features + (size * features if self._products else 0)

    def of(self, observation: NDArray[np.float64], candidates: NDArray[np.float64]) -> NDArray[np.float64]:
        """From observations (n, d) and a candidate for each (n, f) to features (n, m)."""
        n = len(candidates)
        parts = [np.ones((n, 1)), candidates]
        if self._products:
            parts.append((observation[:, :, None] * candidates[:, None, :]).reshape(n, self.size - 1 - self._columns))
        return np.concatenate(parts, axis=1)
