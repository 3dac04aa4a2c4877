"""Recommenders that break their contract, each in a way of its own, and a sound one beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from footlight_plugins import (
    Basis,
    EngineSpec,
    Events,
    Options,
    Query,
    Ranking,
    Recommender,
    State,
    TrainingRun,
    Verb,
    impl,
)

Way = Literal[
    "none", "raise", "nothing", "long", "shapes", "nan", "foreign", "negative", "deleted", "floats", "reasons", "apply"
]


class UnwellOptions(Options):
    """What is wrong with it."""

    way: Way = "none"


class Unwell(Recommender):
    """Answers the newest items, unless it is told to do something wrong."""

    options_type = UnwellOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, UnwellOptions)
        self._way = options.way

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def apply(self, events: Events) -> int:
        if self._way == "apply":
            raise RuntimeError("secret of apply")
        return 0

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        items = np.flatnonzero(query.servable)[::-1][: query.count].astype(np.int32)
        good = Ranking(items, items.astype(np.float64))
        return good if self._way == "none" else self._wrong(good, query)

    def _wrong(self, good: Ranking, query: Query) -> Any:
        items, scores, n = good.items, good.scores, len(query.servable)
        match self._way:
            case "raise":
                raise RuntimeError("secret of recommend")
            case "nothing":
                return None
            case "long":
                return Ranking(np.resize(items, query.count + 1), np.zeros(query.count + 1))
            case "shapes":
                return Ranking(items, scores[:-1])
            case "nan":
                return Ranking(items, scores * np.nan)
            case "foreign":
                return Ranking(items + n, scores)
            case "negative":
                return Ranking(items - n - 1, scores)
            case "deleted":
                return Ranking(np.flatnonzero(~query.servable)[: query.count].astype(np.int32), scores[:1])
            case "floats":
                return Ranking(items.astype(np.float64), scores)
            case "reasons":
                because = np.full((len(items), 1), n, np.int32)
                return Ranking(items, scores, Basis.BECAUSE_OF_ITEM, because, np.ones((len(items), 1)))
        return good

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        """There is nothing to take over."""


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("unwell", Verb.RECOMMEND, "1.0", "Wrong.", "unwell:Unwell", needs_training=False, rank=-1)]
