"""The training of iALS."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from footlight_engines.kernels.least_squares import solve_rows, squared_error
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import CallEnded, TrainingRun

_STEPS = 3
"""Of conjugate gradients for each row and iteration: it begins where the iteration before ended."""
_INIT_SCALE = 0.1
_CHUNKS = 32


class Schedule(BaseModel):
    """The options of iALS in the words of the paper."""

    factors: int
    iterations: int
    unobserved: float
    regularisation: float
    frequency_scaling: float

    def strengths(self, likes: NDArray[np.int64], elsewhere: float) -> NDArray[np.float64]:
        """reg f^nu for rows with so many likes and so much weight on all else (Rendle et al. 2021, section 3.3)."""
        return np.asarray(self.regularisation * (likes + elsewhere) ** self.frequency_scaling)


class _Side:
    """One side of the matrix: which columns each row has."""

    def __init__(self, rows: NDArray[np.int32], columns: NDArray[np.int32], count: int) -> None:
        order = np.argsort(rows, kind="stable")
        self.likes = np.bincount(rows, minlength=count)
        self.pointers = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.likes)])
        self.columns = np.ascontiguousarray(columns[order], np.int32)
        self.present = int(np.count_nonzero(self.likes))


def train(
    preferences: Preferences, schedule: Schedule, run: TrainingRun
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """The item factors, shape (items, f), 0 where nobody likes an item, and the figures of the last iteration.

    The loss is that of Rendle et al. (2021), formulas 3 to 6:

        sum over likes of (w_u h_i - 1)^2 + a sum over all u, i of (w_u h_i)^2 + sum_u reg_u |w_u|^2 + sum_i reg_i |h_i|^2

    Raises
    ------
    CallEnded
        When the run is stopping.
    """
    arrays = preferences.arrays()
    liked = arrays["weight"] > 0
    user = np.repeat(np.arange(len(arrays["person_ptr"]) - 1, dtype=np.int32), np.diff(arrays["person_ptr"]))[liked]
    item = arrays["item"][liked]
    people, items = int(user.max(initial=-1)) + 1, int(item.max(initial=-1)) + 1
    by_person, by_item = _Side(user, item, people), _Side(item, user, items)
    weight = (
        schedule.unobserved * len(item) / max(by_person.present * by_item.present, 1)
    )  # of a pair that is not observed
    reg_w = schedule.strengths(by_person.likes, weight * by_item.present)  # (P,)
    reg_h = schedule.strengths(by_item.likes, weight * by_person.present)  # (I,)
    rng = np.random.default_rng(run.seed)
    h = rng.normal(scale=_INIT_SCALE / np.sqrt(schedule.factors), size=(items, schedule.factors))  # (I, f)
    h[by_item.likes == 0] = 0.0
    w = np.zeros((people, schedule.factors))  # (P, f)
    figures: dict[str, float] = {}
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        for iteration in range(1, schedule.iterations + 1):
            _solve(pool, by_person, h, reg_w, weight, w)
            _solve(pool, by_item, w, reg_h, weight, h)
            loss = squared_error(by_person.pointers, by_person.columns, w, h)
            loss += weight * float(((w.T @ w) * (h.T @ h)).sum())
            loss += float(reg_w @ (w * w).sum(axis=1)) + float(reg_h @ (h * h).sum(axis=1))
            figures = {"loss": loss / max(len(item), 1), "unobserved_weight": weight}
            run.report(iteration / schedule.iterations, iteration, figures)
            if run.stopping():
                raise CallEnded("the training was stopped")
    return h, figures


def _solve(
    pool: ThreadPoolExecutor,
    side: _Side,
    other: NDArray[np.float64],
    reg: NDArray[np.float64],
    unobserved: float,
    factors: NDArray[np.float64],
) -> None:
    """Solve for one side, its rows in chunks of about equal cost."""
    gram = unobserved * (other.T @ other)  # (f, f)
    cost = side.pointers + len(gram) // 2 * np.arange(len(side.pointers))
    edges = np.searchsorted(cost, np.linspace(0, cost[-1], _CHUNKS + 1))
    edges[0], edges[-1] = 0, len(factors)
    done = [
        pool.submit(solve_rows, a, b, side.pointers, side.columns, other, gram, reg, _STEPS, factors)
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    for future in done:
        future.result()
