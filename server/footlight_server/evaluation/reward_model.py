"""What a decision may have earned with another action: ridge regressions, fitted without the decision itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_server.evaluation.estimators import Floats, folds

RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Decisions:
    """Logged decisions as columns; actions are counted from 0."""

    action: NDArray[np.int64]
    reward: Floats
    propensity: Floats
    logged: Sequence[Floats]
    """Of each decision the probability of every action, shape (actions,)."""
    index: NDArray[np.int64] | None = None
    """Shape (n,): the observation where it is a number."""
    vector: Floats | None = None
    """Shape (n, d): where it is a vector."""
    candidates: Sequence[Floats] | None = None
    """Of each decision the features of every candidate, shape (actions, f)."""

    def __len__(self) -> int:
        return len(self.action)


def expected(log: Decisions) -> list[Floats]:
    """Of each decision what every action may earn, shape (actions,), by a model of the other folds."""
    found: list[Floats] = [np.empty(0)] * len(log)
    for held in folds(len(log)):
        rest = np.setdiff1d(np.arange(len(log)), held, assume_unique=True)
        model = _fit(log, rest if len(rest) else held)
        for i, values in zip(held.tolist(), model(held), strict=True):
            found[i] = values
    return found


class _Tabular:
    """Means by observation and action, held at the mean of the action, and that at the mean of all."""

    def __init__(self, log: Decisions, rows: NDArray[np.int64]) -> None:
        assert log.index is not None
        self._log, actions = log, len(log.logged[0])
        action, reward, index = log.action[rows], log.reward[rows], log.index[rows]
        overall = float(reward.mean()) if len(rows) else 0.0
        count = np.bincount(action, minlength=actions)
        self.by_action = (np.bincount(action, reward, actions) + RIDGE * overall) / (count + RIDGE)
        keys, place = np.unique(index * actions + action, return_inverse=True)
        total, seen = np.bincount(place, reward), np.bincount(place)
        prior = self.by_action[keys % actions]
        self.cells = dict(zip(keys.tolist(), ((total + RIDGE * prior) / (seen + RIDGE)).tolist(), strict=True))

    def __call__(self, rows: NDArray[np.int64]) -> list[Floats]:
        assert self._log.index is not None
        actions = len(self.by_action)
        return [
            np.array([self.cells.get(int(i) * actions + a, self.by_action[a]) for a in range(actions)])
            for i in self._log.index[rows]
        ]


class _Linear:
    """One ridge regression an action on [1, x]."""

    def __init__(self, log: Decisions, rows: NDArray[np.int64]) -> None:
        assert log.vector is not None
        self._x = np.concatenate([np.ones((len(log), 1)), log.vector], axis=1)
        actions = len(log.logged[0])
        mean = float(log.reward[rows].mean())
        self._mean = mean
        self._weights = np.zeros((self._x.shape[1], actions))
        for a in range(actions):
            mine = rows[log.action[rows] == a]
            self._weights[:, a] = ridge(self._x[mine], log.reward[mine] - mean)

    def __call__(self, rows: NDArray[np.int64]) -> list[Floats]:
        return list(self._mean + self._x[rows] @ self._weights)


class _OfCandidates:
    """One ridge regression on [1, c, x_i c_j] of the candidate that was taken."""

    def __init__(self, log: Decisions, rows: NDArray[np.int64]) -> None:
        assert log.candidates is not None
        self._log, self._mean = log, float(log.reward[rows].mean())
        taken = np.concatenate([self._features(i)[log.action[i]][None] for i in rows.tolist()])
        self._weights = ridge(taken, log.reward[rows] - self._mean)

    def _features(self, i: int) -> Floats:
        assert self._log.candidates is not None
        c = self._log.candidates[i]
        parts = [np.ones((len(c), 1)), c]
        if self._log.vector is not None:
            parts.append((c[:, :, None] * self._log.vector[i][None, None, :]).reshape(len(c), -1))
        return np.concatenate(parts, axis=1)

    def __call__(self, rows: NDArray[np.int64]) -> list[Floats]:
        return [self._mean + self._features(i) @ self._weights for i in rows.tolist()]


def _fit(log: Decisions, rows: NDArray[np.int64]) -> _Tabular | _Linear | _OfCandidates:
    if log.candidates is not None:
        return _OfCandidates(log, rows)
    return _Linear(log, rows) if log.vector is not None else _Tabular(log, rows)


def ridge(x: Floats, y: Floats) -> Floats:
    """argmin_b |y - x b|^2 + ridge |b|^2, from (n, m) and (n,) to (m,)."""
    return np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y).astype(np.float64)
