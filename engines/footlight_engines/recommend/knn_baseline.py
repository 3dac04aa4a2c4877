"""Rating prediction: what a person tends to give, what an item tends to get, and how they rated what is like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.kernels.correlations import correlate_rows, sum_ratings
from footlight_engines.recommend.preferences import WEIGHT_ONE, Preferences
from footlight_engines.recommend.scorer import lone_taste, pick, strongest, taste_of
from footlight_engines.recommend.user_knn import weighed
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Events, Options, Query, Ranking, Recommender, State, TrainingRun


class KnnBaselineOptions(Options):
    """How ratings are predicted."""

    k: int = Field(default=40, ge=1, le=1_000, description="On how many of the person's most similar items it rests.")
    shrinkage: float = Field(
        default=50.0,
        ge=0.0,
        le=1e6,
        description="Damps likeness that rests on few: of n people who rated both, it counts n / (n + shrinkage).",
    )
    item_damping: float = Field(
        default=5.0, ge=0.0, le=1e4, description="So many ratings pull an item towards the mean."
    )
    person_damping: float = Field(
        default=10.0, ge=0.0, le=1e4, description="So many ratings pull a person towards the mean."
    )
    lowest: float = Field(default=1.0, ge=-1_000.0, le=1_000.0, description="No rating below this is predicted.")
    highest: float = Field(default=5.0, ge=-1_000.0, le=1_000.0, description="No rating above this is predicted.")


class KnnBaseline(Recommender):
    """Item-based prediction around baselines (Koren 2010, "Factor in the Neighbors", equations 2 to 4).

    The baseline of u and i is b_ui = mu + b_u + b_i, with b_i = sum_u (r_ui - mu) / (n_i + item_damping) and
    b_u = sum_i (r_ui - mu - b_i) / (n_u + person_damping), his closed form. The prediction is

        r_ui = b_ui + sum_j s_ij (r_uj - b_uj) / sum_j s_ij

    over the k items j of the person's most like i, s_ij being Pearson's correlation over the people who rated both, damped,
    and only where it is above 0. Everything rests on whole sums that are there at any moment, so there is nothing to train
    and nothing to go stale. A preference of 0 is no rating.
    """

    options_type: ClassVar[type[Options]] = KnnBaselineOptions

    def __init__(self, options: Options) -> None:
        """Know no ratings yet."""
        self._chosen = KnnBaselineOptions.model_validate(options.model_dump())
        self._preferences = Preferences()
        self._sums = np.zeros((0, 6), np.int64)
        self._total = np.zeros(0, np.int64)

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Read the ratings; nothing else is to be learned."""
        self._preferences.replace(events)
        self._add_up(np.arange(self._preferences.items, dtype=np.int32))
        return self._preferences.figures()

    def apply(self, events: Events) -> int:
        """Follow further ratings."""
        touched = self._preferences.record(events)
        self._add_up(np.unique(events.item[events.item < self._preferences.items]).astype(np.int32))
        return touched

    def forget(self, user: int) -> int:
        """Take a person out."""
        rated = self._preferences.met(user)[0].copy()
        touched = self._preferences.forget(user)
        self._add_up(rated)
        return touched

    def knows(self, user: int) -> bool:
        """Whether the person has a rating other than 0."""
        return self._preferences.knows(user)

    def predict(self, user: int, items: NDArray[np.int32]) -> NDArray[np.float64]:
        """The ratings that a person would give, shape (n,); a person nobody knows gets what the items tend to get."""
        rated, rating = self._ratings(*self._preferences.met(user)[:2])
        rows = self._correlations(rated, items)
        return self._predicted(rated, rating, items, rows)[0]

    def recommend(self, query: Query) -> Ranking:
        """The items that the person, or the visitor, would rate highest."""
        if query.history is None:
            rated, rating = self._ratings(*self._preferences.met(query.user)[:2])
        else:
            rated, rating = self._ratings(*weighed(query.history))
        if not len(rated):
            return Ranking.empty()
        items = np.flatnonzero(self._preferences.data.item_length[: self._preferences.items]).astype(np.int32)
        rows = self._correlations(rated, items)
        predicted, parts = self._predicted(rated, rating, items, rows)
        scores = np.full(self._preferences.items, -np.inf)
        scores[items] = predicted
        best, values = pick(scores, taste_of(self._preferences, query), query)
        if not query.reasons or not len(best):
            return Ranking(best, values)
        because, shares = strongest(parts.T[np.searchsorted(items, best)], rated, query.reasons)
        return Ranking(best, values, Basis.BECAUSE_OF_ITEM, because, shares)

    def similar(self, item: int, query: Query) -> Ranking:
        """The items whose ratings go most with this one's."""
        if not 0 <= item < self._preferences.items:
            return Ranking.empty()
        one = np.array([item], np.int32)
        scores = self._correlations(one, np.arange(self._preferences.items, dtype=np.int32))[0]
        scores[scores <= 0.0] = -np.inf
        return Ranking(*pick(scores, lone_taste(item), replace(query, include_seen=False)))

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(KnnBaseline(KnnBaselineOptions()))

    def state(self) -> State:
        """Everybody's ratings."""
        return State(self._preferences.arrays(), {"format": 1})

    def load(self, state: State) -> None:
        """Take over a state."""
        self._preferences.load(state.arrays)
        self._add_up(np.arange(self._preferences.items, dtype=np.int32))

    def _add_up(self, items: NDArray[np.int32]) -> None:
        """Bring the sums of some items' ratings up to date."""
        capacity = self._preferences.item_capacity
        if capacity != len(self._total):
            grown = np.zeros(capacity, np.int64)
            kept = min(capacity, len(self._total))
            grown[:kept] = self._total[:kept]
            self._total, self._sums = grown, np.zeros((capacity, 6), np.int64)
        sum_ratings(self._preferences.data, items, self._total)

    def _ratings(
        self, item: NDArray[np.int32], whole: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Of what somebody met, the known items that they rated, and the ratings."""
        rated = (whole != 0) & (item >= 0) & (item < self._preferences.items)
        return np.ascontiguousarray(item[rated]), whole[rated] / WEIGHT_ONE

    def _correlations(self, rated: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.float64]:
        """s_ij for each rated item j and each item i, shape (d, n): from the rows of whichever are fewer."""
        known = np.flatnonzero((items >= 0) & (items < self._preferences.items))
        found = np.zeros((len(rated), len(items)))
        asked = items[known].astype(np.int32)
        few, many = (rated, asked) if len(rated) <= len(asked) else (asked, rated)
        rows = np.empty((len(few), len(self._sums)))
        correlate_rows(self._preferences.data, few, self._sums, self._chosen.shrinkage, rows)
        found[:, known] = rows[:, many] if few is rated else rows[:, many].T
        return found

    def _predicted(
        self,
        rated: NDArray[np.int32],
        rating: NDArray[np.float64],
        items: NDArray[np.int32],
        similarity: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predictions for the items, shape (n,), and what each rated item adds to them, shape (d, n)."""
        mean, bias = self._baselines()
        known = (items >= 0) & (items < len(bias))
        item_bias = np.where(known, bias[np.where(known, items, 0)], 0.0) if len(bias) else np.zeros(len(items))
        deviation = rating - mean - bias[rated]  # (d,) from what the items tend to get
        own = float(deviation.sum()) / (len(rated) + self._chosen.person_damping) if len(rated) else 0.0  # b_u
        nearest = np.argsort(-similarity, axis=0, kind="stable")[: self._chosen.k]  # (k, n)
        weight = np.zeros_like(similarity)
        np.put_along_axis(weight, nearest, np.maximum(np.take_along_axis(similarity, nearest, 0), 0.0), 0)
        weight /= np.maximum(weight.sum(axis=0), 1e-300)
        parts = weight * (deviation - own)[:, None]
        predicted = mean + own + item_bias + parts.sum(axis=0)
        return np.clip(predicted, self._chosen.lowest, self._chosen.highest), parts

    def _baselines(self) -> tuple[float, NDArray[np.float64]]:
        """mu and b_i of all items, shape (items,)."""
        items = self._preferences.items
        count, total = self._preferences.data.item_length[:items], self._total[:items]
        ratings = int(count.sum())
        mean = int(total.sum()) / ratings / WEIGHT_ONE if ratings else 0.0
        return mean, (total / WEIGHT_ONE - count * mean) / np.maximum(count + self._chosen.item_damping, 1e-300)
