"""Item-based collaborative filtering: what goes with what you liked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from footlight_engines.kernels.item_scores import score_by_items
from footlight_engines.recommend.answering import Desk
from footlight_engines.recommend.neighbour_table import NeighbourTable
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.user_knn import neighbour_rule
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Events, Options, Query, Ranking, Recommender, State, TrainingRun


class ItemKnnOptions(Options):
    """What counts as going together."""

    k: int = Field(default=50, ge=1, le=1_000, description="How many neighbours an item has.")
    min_similarity: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Items less similar than this are no neighbours."
    )
    shrinkage: float = Field(
        default=0.0,
        ge=0.0,
        le=1e6,
        description="Added to the denominator of the cosine: damps likeness that rests on few people.",
    )


class ItemKnn(Recommender):
    """Cosine between items over everybody's preferences (Sarwar et al. 2001), exact after every event.

    The similarity of i and j is c_ij / (sqrt(n_i n_j) + shrinkage), with c_ij = sum_u w_ui w_uj and n_i = c_ii. An item
    i scores the sum of s_ij w_uj over the items j of the person's history that have i among their k neighbours,
    similarity descending, then ordinal ascending. Only similarities above 0 make neighbours, and only items with a score
    above 0 are answered. `apply` costs time proportional to the person's history; see `kernels.neighbours` on why the
    answers equal those of a new training all the same.
    """

    options_type: ClassVar[type[Options]] = ItemKnnOptions
    spare_candidates: ClassVar[int] = 14
    """How many candidates an item has beyond its k neighbours. More save rebuilding rows, and cost memory."""

    def __init__(self, options: Options) -> None:
        """Know nothing yet."""
        self._rule = neighbour_rule(options)
        self._preferences = Preferences()
        self._table = NeighbourTable(self._rule, self._preferences, self.spare_candidates)
        self._desk = Desk()

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

    def forget(self, user: int) -> int:
        """Take a person out; what is touched is proportional to the square of their history."""
        return self._table.forget(user)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference other than 0."""
        return self._preferences.knows(user)

    def recommend(self, query: Query) -> Ranking:
        """What goes with the person's preferences, and which of them say so."""
        ask, answer = self._desk.question(query), self._desk.answer(query.count, reasons=query.reasons)
        size = score_by_items(self._table.shelf(), ask, answer)
        if size < 0:
            self._table.read_history(query.user)
            size = score_by_items(self._table.shelf(), ask, answer)
        items, scores = answer.items[:size], answer.scores[:size]
        if not query.reasons:
            return Ranking(items, scores)
        return Ranking(items, scores, Basis.BECAUSE_OF_ITEM, answer.because[:size], answer.shares[:size])

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
        return State(arrays, {"format": 1, "k": self._rule.k, "shrinkage": self._rule.shrinkage})

    def load(self, state: State) -> None:
        """Take over a state that was made with the same k and shrinkage."""
        for name, wanted in (("k", self._rule.k), ("shrinkage", self._rule.shrinkage)):
            if state.meta.get(name) != wanted:
                raise ValueError(f"the state's {name} must be {wanted}, got {state.meta.get(name)!r}")
        self._preferences.load(state.arrays)
        self._table.load(state.arrays)
