"""A recommender whose answers take five milliseconds each, on a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from footlight_plugins import EngineSpec, Events, Options, Query, Ranking, Recommender, State, TrainingRun, Verb, impl

ANSWER_SECONDS = 0.005


class Steady(Recommender):
    """Answers the newest items after a rest."""

    def __init__(self, options: Options) -> None:
        """There is nothing to set."""

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def apply(self, events: Events) -> int:
        return 0

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        time.sleep(ANSWER_SECONDS)
        items = np.flatnonzero(query.servable)[::-1][: query.count].astype(np.int32)
        return Ranking(items, items.astype(np.float64))

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        """There is nothing to take over."""


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("steady", Verb.RECOMMEND, "1.0", "Takes 5 ms.", "steady:Steady", needs_training=False, rank=1)]
