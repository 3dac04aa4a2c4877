"""Item-based collaborative filtering: what goes with what you liked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from footlight_engines.kernels.dense_scores import best_items
from footlight_engines.kernels.item_scores import explain_by_items, score_by_items, score_many_by_items
from footlight_engines.kernels.measured_rows import (
    ADJUSTED,
    BM25,
    COSINE,
    FINE,
    JACCARD,
    PEARSON,
    PLAIN,
    TFIDF,
    Metric,
)
from footlight_engines.kernels.own_neighbours import (
    explain_by_own_neighbours,
    score_by_own_neighbours,
    score_many_by_own_neighbours,
)
from footlight_engines.kernels.scores import REASONS
from footlight_engines.recommend.answering import Desk
from footlight_engines.recommend.measured_neighbours import MeasuredNeighbours, Row
from footlight_engines.recommend.neighbour_table import NeighbourTable
from footlight_engines.recommend.preferences import WEIGHT_ONE, Preferences
from footlight_engines.recommend.scorer import strongest
from footlight_engines.recommend.user_knn import neighbour_rule, weighed
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Call, Events, Options, Query, Ranking, Recommender, State, TrainingRun

_AT_ONCE = 1_024
"""So many people are scored before somebody looks whether the caller still waits."""
_DAY = 86_400 * 10**6
_NO_ITEMS = np.empty(0, np.int32)
_BEFORE = {"metric": COSINE, "weighting": PLAIN, "asymmetry": 0.5}
"""What states were made with that do not say so."""


class ItemKnnOptions(Options):
    """What counts as going together."""

    k: int = Field(default=100, ge=1, le=1_000, description="How many neighbours an item has.")
    metric: Literal["cosine", "adjusted-cosine", "pearson", "jaccard"] = Field(
        default="cosine",
        description="What makes items alike: the cosine of all preferences, the same around each person's mean, the "
        "correlation of what people gave both, or the share of people who have both. The first is the fastest by far.",
    )
    weighting: Literal["none", "tf-idf", "bm25"] = Field(
        default="none", description="Lets people with long histories count less; with the cosine only."
    )
    asymmetry: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="The power of an item's own norm in the cosine; its neighbour's has the rest. 0.5: the cosine.",
    )
    min_similarity: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Items less similar than this are no neighbours."
    )
    shrinkage: float = Field(
        default=10.0,
        ge=0.0,
        le=1e6,
        description="Damps likeness that rests on few people: added to the denominator of the cosine and of Jaccard's "
        "share; of n people who have both, the others count n / (n + shrinkage).",
    )
    short_list: int = Field(
        default=100,
        ge=0,
        le=1_000,
        description="The neighbours of a person's items choose so many items, and at least as many as are asked for, which "
        "are then ranked by their own neighbours among what the person has; 0: they are the ranking.",
    )
    half_life_days: float = Field(
        default=0.0,
        ge=0.0,
        le=36_500.0,
        description="After how many days a preference counts half when a person is answered; 0: time does not matter.",
    )

    @model_validator(mode="after")
    def _only_the_cosine_is_weighted(self) -> Self:
        if self.metric != "cosine" and (self.weighting != "none" or self.asymmetry != 0.5):
            raise ValueError(f"weighting and asymmetry go with the metric 'cosine', got {self.metric!r}")
        return self


class ItemKnn(Recommender):
    """Cosine between items over everybody's preferences (Sarwar et al. 2001), exact after every event.

    The similarity of i and j is c_ij / (sqrt(n_i n_j) + shrinkage), with c_ij = sum_u w_ui w_uj and n_i = c_ii. The
    neighbours of an item are the k most similar, similarity descending, then ordinal ascending, where that is above 0. The
    items with the largest sum of s_ij w_uj over the items j of the person's history that have i among their neighbours,
    ``short_list`` of them, score the sum of s_ij w_uj over the items j of the history that are among the neighbours of i.
    Only items with a score above 0 are answered. With a half-life, w_uj is halved for every such time that has passed
    since. What `apply` touches is proportional to the person's history; see `kernels.neighbours` on why the answers equal
    those of a new training.
    """

    options_type: ClassVar[type[Options]] = ItemKnnOptions
    spare_candidates: ClassVar[int] = 14
    """How many candidates an item has beyond its k neighbours. More save rebuilding rows, and cost memory."""

    def __init__(self, options: Options) -> None:
        """Know nothing yet."""
        self._rule = neighbour_rule(options)
        self._preferences = Preferences()
        self._metric = _metric(options)
        self._table = self._new_table()
        self._desk = Desk()
        self._half_life = float(options.model_dump()["half_life_days"])
        self._short_list = int(options.model_dump()["short_list"])
        self._rows = self._table if isinstance(self._table, NeighbourTable) and not self._half_life else None

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Read the preferences and compute every item's neighbours, on all cores."""
        self._preferences.replace(events)
        self.refit(run)
        return self._preferences.figures()

    def refit(self, run: TrainingRun) -> None:
        """Compute every item's neighbours anew from the preferences that are there, on all cores."""
        self._table.rebuild(run)

    def apply(self, events: Events) -> int:
        """Follow further events; what is touched is proportional to the histories of their people."""
        return self._table.follow(events)

    @property
    def pending(self) -> int:
        """How many events of a large batch wait for the rows to be computed anew, which reading one does at the latest."""
        return self._table.pending

    def settle(self) -> None:
        """Compute the rows anew that a large batch has put off."""
        self._table.settle()

    def forget(self, user: int) -> int:
        """Take a person out; what is touched is proportional to their history."""
        return self._table.forget(user)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference other than 0."""
        return self._preferences.knows(user)

    def recommend(self, query: Query) -> Ranking:
        """What goes with the person's preferences, and which of them say so."""
        if query.history is not None or self._rows is None:
            return self._by_history(query)
        items, scores = np.empty(query.count, np.int32), np.empty(query.count)
        shelf, size = self._scored(query, self._rows, items, scores)
        if size < len(items):
            items, scores = items[:size], scores[:size]
        if not query.reasons:
            return Ranking(items, scores)
        shape = size, min(query.reasons, REASONS)
        because, shares = np.empty(shape, np.int32), np.empty(shape)
        if size:
            explain = explain_by_own_neighbours if self._short_list else explain_by_items
            explain(shelf, query.user, items, because, shares)
        return Ranking(items, scores, Basis.BECAUSE_OF_ITEM, because, shares)

    def _scored(
        self, query: Query, table: NeighbourTable, items: NDArray[np.int32], scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], int]:
        """Put the best items into both arrays; return the shelf, and how many. Rows that are read are made up to date."""
        user, seen, short = query.user, query.include_seen, self._short(query.count)
        while True:
            shelf = table.shelf(*self._desk.asked(query))
            if short:
                size = score_by_own_neighbours(shelf, user, seen, short, items, scores)
            else:
                size = score_by_items(shelf, user, seen, items, scores)
            if size >= 0:
                return shelf, size
            if size == -1:
                table.read_history(user)
            else:
                table.read_short_list(-1 - size)

    def _short(self, count: int) -> int:
        """How many items are ranked by their own neighbours where so many are asked for."""
        return max(self._short_list, count) if self._short_list else 0

    def recommend_batch(self, queries: Sequence[Query], call: Call) -> list[Ranking]:
        """What `recommend` answers; people who ask alike are scored in one go."""
        rankings: dict[int, Ranking] = {}
        if (table := self._rows) is not None:
            for alike in self._alike(queries):
                for start in range(0, len(alike), _AT_ONCE):
                    call.check()
                    rankings |= self._score_many(queries, alike[start : start + _AT_ONCE], table)
        for n, query in enumerate(queries):
            if n not in rankings:
                call.check()
                rankings[n] = self.recommend(query)
        return [rankings[n] for n in range(len(queries))]

    def similar(self, item: int, query: Query) -> Ranking:
        """The item's neighbours, at most k of them."""
        items, scores = self._table.neighbours(item)
        allowed = np.zeros(max(len(query.servable), self._preferences.items), np.bool_)
        allowed[: len(query.servable)] = query.servable
        allowed[query.exclude[(query.exclude >= 0) & (query.exclude < len(allowed))]] = False
        kept = np.flatnonzero(allowed[items])[: query.count]
        return Ranking(items[kept], scores[kept])

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(ItemKnn(ItemKnnOptions()))

    def state(self) -> State:
        """Everybody's preferences and the table of neighbours as a new training makes it."""
        arrays = self._preferences.arrays() | self._table.arrays()
        return State(arrays, {"format": 1, **self._settings()})

    def _alike(self, queries: Sequence[Query]) -> list[list[int]]:
        """The plain questions, put together where only the person differs."""
        groups: dict[tuple[int, int, bool], list[int]] = {}
        for n, query in enumerate(queries):
            if query.history is None and not query.reasons and not len(query.exclude):
                groups.setdefault((id(query.servable), query.count, query.include_seen), []).append(n)
        return list(groups.values())

    def _score_many(self, queries: Sequence[Query], alike: list[int], table: NeighbourTable) -> dict[int, Ranking]:
        """The answers to questions that differ in the person only; those are left out that need a row brought up to date."""
        one, users = queries[alike[0]], np.array([queries[n].user for n in alike], np.int32)
        items, scores = np.empty((len(alike), one.count), np.int32), np.empty((len(alike), one.count))
        sizes, shelf = np.empty(len(alike), np.int64), table.shelf(*self._desk.asked(one))
        short = self._short(one.count)
        if short:
            score_many_by_own_neighbours(shelf, users, one.include_seen, short, items, scores, sizes)
        else:
            score_many_by_items(shelf, users, one.include_seen, items, scores, sizes)
        answered = enumerate(zip(alike, sizes.tolist(), strict=True))
        return {n: Ranking(items[row, :size], scores[row, :size]) for row, (n, size) in answered if size >= 0}

    def _by_history(self, query: Query) -> Ranking:
        """What goes with a visitor's history, or with a person's of which the older weighs less."""
        item, weight, seen = self._history(query)
        rows = [self._table.neighbours(int(liked)) for liked in item]
        total = np.zeros(self._preferences.items)
        for (others, similarity), w in zip(rows, weight, strict=True):
            total[others] += similarity * w
        total[total <= 0.0] = -np.inf
        for barred in (query.exclude, _NO_ITEMS if query.include_seen else seen):
            total[barred[(barred >= 0) & (barred < len(total))]] = -np.inf
        items, scores = self._best(total, query, self._short(query.count) or query.count)
        if self._short_list:
            rows = [self._table.neighbours(int(candidate)) for candidate in items]
            parts = _shared(rows, item) * weight
            scores = parts.sum(axis=1)
            order = np.lexsort((items, -scores))
            order = order[scores[order] > 0.0][: query.count]
            items, scores, parts = items[order], scores[order], parts[order]
        else:
            parts = _shared(rows, items).T * weight
        if not query.reasons or not len(items):
            return Ranking(items, scores)
        return Ranking(items, scores, Basis.BECAUSE_OF_ITEM, *strongest(parts, item, query.reasons))

    def _best(self, total: NDArray[np.float64], query: Query, count: int) -> Row:
        items, scores = np.empty(count, np.int32), np.empty(count)
        size = best_items(total, self._desk.question(query).servable, items, scores)
        return items[:size], scores[:size]

    def _history(self, query: Query) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
        """The items that say something, how much they weigh, and all that were met."""
        if query.history is not None:
            met, whole, time = *weighed(query.history), query.history.time
        else:
            met, whole, time = self._preferences.met(query.user)
        weight = whole / WEIGHT_ONE
        if self._half_life and len(time):
            age = np.maximum((query.time or int(time.max())) - time, 0)
            weight = weight * np.exp2(-age / (self._half_life * _DAY))
        telling = (weight != 0.0) & (met >= 0) & (met < self._preferences.items)
        return met[telling], weight[telling], met

    def load(self, state: State) -> None:
        """Take over a state that was made with the same options, those aside that matter at the answer only."""
        for name, wanted in self._settings().items():
            if state.meta.get(name, _BEFORE.get(name)) != wanted:
                raise ValueError(f"the state's {name} must be {wanted}, got {state.meta.get(name)!r}")
        self._preferences.load(state.arrays)
        self._table.load(state.arrays)

    def _settings(self) -> dict[str, Any]:
        chosen = {
            "metric": self._metric.metric,
            "weighting": self._metric.weighting,
            "asymmetry": self._metric.asymmetry,
        }
        return {"k": self._rule.k, "shrinkage": self._rule.shrinkage, **chosen}

    def _new_table(self) -> NeighbourTable | MeasuredNeighbours:
        if self._metric == Metric(COSINE, PLAIN, 0.5, self._metric.shrinkage):
            return NeighbourTable(self._rule, self._preferences, self.spare_candidates)
        return MeasuredNeighbours(self._metric, self._rule.k, self._rule.minimum, self._preferences)


def _shared(rows: Sequence[Row], items: NDArray[np.int32]) -> NDArray[np.float64]:
    """The similarity of each row's item with each of some items, shape (rows, items); 0 where it is no neighbour."""
    shared = np.zeros((len(rows), len(items)))
    for row, (others, similarity) in enumerate(rows):
        _, column, place = np.intersect1d(items, others, assume_unique=True, return_indices=True)
        shared[row, column] = similarity[place]
    return shared


def _metric(options: Options) -> Metric:
    """The options that say what makes items alike, in the units of the kernels."""
    chosen = options.model_dump()
    metric = {"cosine": COSINE, "adjusted-cosine": ADJUSTED, "pearson": PEARSON, "jaccard": JACCARD}[chosen["metric"]]
    weighting = {"none": PLAIN, "tf-idf": TFIDF, "bm25": BM25}[chosen["weighting"]]
    unit = 1 if metric != COSINE else WEIGHT_ONE**2 if weighting == PLAIN else FINE**2  # overlaps are in squares of it
    return Metric(metric, weighting, float(chosen["asymmetry"]), float(chosen["shrinkage"]) * unit)
