"""A one-file plug-in: a recommender that never answers anything."""

from __future__ import annotations

from collections.abc import Mapping

from footlight_plugins import (
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


class Nothing(Recommender):
    """Says nothing."""

    def __init__(self, options: Options) -> None:
        pass

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def apply(self, events: Events) -> int:
        return 0

    def knows(self, user: int) -> bool:
        return False

    def recommend(self, query: Query) -> Ranking:
        return Ranking.empty()

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        pass


@impl
def register_engines() -> list[EngineSpec]:
    """One engine."""
    return [EngineSpec("nothing", Verb.RECOMMEND, "1.0", "Answers nothing.", "answer_nothing:Nothing")]
