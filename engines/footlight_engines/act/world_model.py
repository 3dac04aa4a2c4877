"""The world as an agent has met it: how often each pair of observation and action led where, and what it earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import State


class WorldModel:
    """Counts transitions. Kept sparse: a pair seldom leads to more than a few observations.

    Counts are float64, because an alarm scales them down.
    """

    def __init__(self, observations: int, actions: int) -> None:
        self.observations, self.actions = observations, actions
        self.key = np.empty(0, np.int64)
        """Sorted: pair * (observations + 1) + next observation, which is ``observations`` where the episode ended."""
        self.count = np.empty(0)
        self.visits = np.zeros(observations * actions)
        self.earned = np.zeros(observations * actions)
        self.allowed = np.ones((observations, actions), np.bool_)
        self.mask_seen = np.zeros(observations, np.bool_)

    def add(
        self,
        pair: NDArray[np.int64],
        reward: NDArray[np.float64],
        following: NDArray[np.int64],
        weight: NDArray[np.float64],
    ) -> None:
        """Count transitions, shape (n,) each; ``following`` is the number of observations where the episode ended."""
        np.add.at(self.visits, pair, weight)
        np.add.at(self.earned, pair, weight * reward)
        keys = np.concatenate([self.key, pair * (self.observations + 1) + following])
        self.key, place = np.unique(keys, return_inverse=True)
        counts = np.zeros(len(self.key))
        np.add.at(counts, place, np.concatenate([self.count, weight]))
        self.count = counts

    def see_masks(self, observation: NDArray[np.int64], mask: NDArray[np.bool_]) -> None:
        """Remember what is allowed where: whatever was ever allowed; all of it where no mask was seen."""
        fresh = observation[~self.mask_seen[observation]]
        self.allowed[fresh] = False
        self.mask_seen[fresh] = True
        np.logical_or.at(self.allowed, observation, mask)

    def arrays(self) -> WorldArrays:
        """What the kernels of planning take: start, target, chance, reward, known, allowed."""
        pair, target = np.divmod(self.key, self.observations + 1)
        inside = target < self.observations
        tried = np.maximum(self.visits, 1e-300)
        chance = self.count[inside] / tried[pair[inside]]
        start = np.searchsorted(pair[inside], np.arange(len(self.visits) + 1)).astype(np.int64)
        return start, target[inside], chance, self.earned / tried, self.visits > 0, self.allowed

    def fade(self, memory: float) -> None:
        """Trust what was met only a share as much."""
        self.count *= memory
        self.visits *= memory
        self.earned *= memory

    def state(self) -> dict[str, NDArray[Any]]:
        """Copies of everything."""
        return {name: getattr(self, name).copy() for name in _NAMES}

    def restore(self, state: State) -> None:
        """Take over what `state` wrote, or raise ValueError."""
        arrays = {name: state.arrays.get(name) for name in _NAMES}
        pairs, edges = self.observations * self.actions, len(arrays["key"] if arrays["key"] is not None else ())
        shapes: dict[str, Sequence[int]] = {"key": (edges,), "count": (edges,), "visits": (pairs,), "earned": (pairs,)}
        shapes |= {"allowed": self.allowed.shape, "mask_seen": self.mask_seen.shape}
        for name, array in arrays.items():
            if array is None or array.shape != tuple(shapes[name]) or not np.isfinite(array).all():
                raise ValueError(f"state of a world model: array {name!r} must be finite, of shape {shapes[name]}")
            setattr(self, name, np.array(array, order="C"))


WorldArrays = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]
]

_NAMES = ("key", "count", "visits", "earned", "allowed", "mask_seen")
