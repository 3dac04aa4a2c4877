"""EASE: the most accurate linear model of items by items, in closed form, exact after every event."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.recommend.blas_threads import one_blas_thread
from footlight_engines.recommend.gram_inverse import GramInverse
from footlight_engines.recommend.preferences import Preferences, check_arrays
from footlight_engines.recommend.scorer import CatalogueTooLarge, Scorer, Taste
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Options, TrainingRun

BOUND = 1e-9
"""Scores differ from those of a new training by at most so much."""
_DECIMALS = 10
"""Scores are rounded to so many: what is equal by the formula stays equal whichever way it was computed."""
_SOME = 8
"""So many changed histories are taken in at once."""
_SLICE_SECONDS = 0.005


class EaseOptions(Options):
    """How strongly to regularise, and how large a catalogue to take."""

    l2: float = Field(
        default=300.0,
        gt=0.0,
        le=1e6,
        description="Regularisation: how many people's worth of doubt each item is given. 100 to 700 hardly differ.",
        json_schema_extra={"search": {"low": 10.0, "high": 5_000.0, "log": True}},
    )
    max_items: int = Field(
        default=20_000,
        ge=1,
        le=50_000,
        description="The most items with a preference. Memory is 8 bytes for each pair of them: 3.2 GB for 20,000.",
        json_schema_extra={"search": False},
    )


class Ease(Scorer):
    """Embarrassingly shallow autoencoders (Steck 2019): each item regressed on all others, with ridge regularisation.

    With X = 1 where a person has a preference above 0 for an item, and P = (X^T X + l2 I)^-1,

        B_ij = -P_ij / P_jj for i != j, 0 for i = j   (formula 8),   score_j = sum over likes i of B_ij.

    Training takes n^3 operations. An event or an erasure changes P by low-rank terms (see `GramInverse`), at most
    O(n^2) for a changed history; a person's own answers go by their new preferences at once, and `settle` works what
    they mean for others into P. P is checked from time to time, and computed anew should it drift.
    """

    options_type: ClassVar[type[Options]] = EaseOptions
    least_behind: ClassVar[int] = 64
    """With fewer changed histories than this P is never computed anew to catch up."""
    check_every: ClassVar[int] = 4_096
    """After so many changed histories P is checked."""

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know nothing yet."""
        super().__init__(preferences)
        chosen = options.model_dump()
        self._l2, self._most = float(chosen["l2"]), int(chosen["max_items"])
        self._inverse = GramInverse(self._l2, self._most)
        self._before: dict[
            int, tuple[NDArray[np.int32], int]
        ] = {}  # of whom is waiting: the old likes, and events since
        self._unchecked = 0

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Compute P.

        Raises
        ------
        CatalogueTooLarge
            When there are more items than the option ``max_items`` allows.
        """
        items = int(np.count_nonzero(self.preferences.data.fans))
        if items > self._most:
            raise CatalogueTooLarge(
                f"ease: {items:,} items have preferences, the option 'max_items' allows {self._most:,}; "
                f"it would need {8 * items * items / 1e9:,.1f} GB, so use rp3beta or item-knn for so many"
            )
        run.report(0.0, 0, {"items": float(items)})
        self._factorise()
        run.report(1.0, 1, {"items": float(items)})
        return {}

    def changing(self, users: NDArray[np.int32], events: NDArray[np.int64]) -> None:
        """Keep what these people liked when P last heard of them."""
        for user, more in zip(users.tolist(), events.tolist(), strict=True):
            known = self._before.get(user)
            self._before[user] = (known[0], known[1] + more) if known else (self._likes(user), more)

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Take the history of somebody who is erased out of P at once; all others wait for `settle`."""
        return sum(self._absorb([user]) for user in users.tolist()) if erased else 0

    @property
    def pending(self) -> int:
        """How many events P does not reflect yet."""
        return sum(events for _, events in self._before.values())

    def settle(self) -> None:
        """Take changed histories into P for about 5 ms."""
        end = clock.monotonic() + _SLICE_SECONDS
        if len(self._before) > max(self.least_behind, len(self._inverse.items) // 4) and self._is_small():
            self._factorise()
        with one_blas_thread():
            while self._before and clock.monotonic() < end:
                if self._inverse.wants_flush:
                    self._inverse.flush_strip()
                else:
                    self._absorb(list(self._before)[:_SOME])
        if self._unchecked >= self.check_every:
            self._check()

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """score_j = sum over likes i of B_ij."""
        inverse, fans = self._inverse, self.preferences.data.fans
        scores = np.full(max(inverse.extent, len(fans)), -np.inf)
        own = inverse.columns(taste.item)
        if not len(own):
            return scores
        with one_blas_thread():
            by_column = inverse.sum_of_rows(own)
        np.divide(by_column, -inverse.diagonal, out=by_column)
        by_column[own] += 1.0  # B_jj is 0
        scores[inverse.items] = np.round(by_column, _DECIMALS)
        scores[len(fans) :] = -np.inf
        scores[: len(fans)][fans == 0] = -np.inf
        return scores

    def parts(self, taste: Taste, items: NDArray[np.int32], time: int) -> NDArray[np.float64]:
        """B_ij for the likes i and the answers j, shape (answers, likes)."""
        inverse, parts = self._inverse, np.zeros((len(items), len(taste.item)))
        known = inverse.has_columns(taste.item)
        own, asked = inverse.columns(taste.item), inverse.columns(items)
        block = inverse.block(asked, own) / -inverse.diagonal[asked][:, None]
        block[asked[:, None] == own[None, :]] = 0.0
        parts[:, known] = block
        return parts

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Ease(EaseOptions()))

    def learned(self) -> dict[str, NDArray[Any]]:
        """P as of all preferences, the items of its columns, and the regularisation."""
        while self._before:
            self._absorb(list(self._before)[:_SOME])
        inverse = self._inverse.flushed().copy()
        return {"inverse": inverse, "column_item": self._inverse.items.copy(), "l2": np.array([self._l2])}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over P, which belongs to the preferences, made with the same regularisation."""
        check_arrays(arrays, {"column_item": np.int32, "l2": np.float64})
        if arrays["l2"].tolist() != [self._l2]:
            raise ValueError(f"the state's l2 must be {self._l2}, got {arrays['l2'].tolist()}")
        matrix, items = arrays.get("inverse"), arrays["column_item"]
        n = len(items)
        if matrix is None or matrix.shape != (n, n) or matrix.dtype != np.float64 or not np.isfinite(matrix).all():
            raise ValueError(f"the state must have an array 'inverse' of float64, shape ({n}, {n})")
        if n > self._most or items.min(initial=0) < 0 or len(np.unique(items)) < n:
            raise ValueError(f"the array 'column_item' must name at most {self._most:,} different items")
        self._before.clear()
        self._inverse.load(np.array(matrix), np.array(items))

    def _likes(self, user: int) -> NDArray[np.int32]:
        x = self.preferences.data
        if not self.preferences.has(user):
            return np.empty(0, np.int32)
        rows = slice(int(x.person_start[user]), int(x.person_start[user]) + int(x.person_length[user]))
        return x.item[rows][x.weight[rows] > 0]

    def _absorb(self, users: list[int]) -> int:
        """Take the changed histories of some people into P."""
        gone = [self._before.pop(user)[0] for user in users]
        pairs = [(old, self._likes(user)) for old, user in zip(gone, users, strict=True)]
        pairs = [(old, new) for old, new in pairs if not np.array_equal(old, new)]
        self._unchecked += len(pairs)
        return self._inverse.exchange([old for old, _ in pairs], [new for _, new in pairs])

    def _is_small(self) -> bool:
        """Whether computing P anew takes about a second, so that answers may wait for it."""
        return len(self._inverse.items) <= 4_096

    def _factorise(self) -> None:
        self._inverse.factorise(self.preferences)
        self._before.clear()
        self._unchecked = 0

    def _check(self) -> None:
        if self._before:  # P is not that of the preferences now
            return
        if self._inverse.residual(self.preferences, self._unchecked) > BOUND:
            self._factorise()
        self._unchecked = 0
