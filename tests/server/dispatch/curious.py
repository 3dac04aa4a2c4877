"""A recommender that reads the catalogue and puts off what it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from footlight_plugins import (
    EngineSpec,
    Events,
    ItemContent,
    Options,
    Query,
    Ranking,
    Recommender,
    State,
    TrainingRun,
    Verb,
)

SPEC = EngineSpec(
    name="curious",
    verb=Verb.RECOMMEND,
    version="1",
    summary="Says what it was told.",
    factory="tests.server.dispatch.curious:Curious",
    can_forget=True,
    needs_training=False,
    reads_catalogue=True,
)


class Curious(Recommender):
    """Ranks every servable item, the last one first."""

    def __init__(self, options: Options) -> None:
        self.titles: dict[int, str] = {}
        self.titles_at_fit: dict[int, str] = {}
        self.seen = self.behind = 0

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.titles_at_fit, self.behind = dict(self.titles), len(events)
        return {}

    def apply(self, events: Events) -> int:
        self.behind += len(events)
        return len(events)

    def forget(self, user: int) -> int:
        return 0

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        items = np.flatnonzero(query.servable)[::-1][: query.count].astype(np.int32)
        return Ranking(items, items.astype(np.float64))

    def describe(self, contents: Sequence[ItemContent]) -> None:
        self.titles |= {content.item: content.title for content in contents}

    @property
    def pending(self) -> int:
        return self.behind

    def settle(self) -> None:
        self.behind, self.seen = self.behind - 1, self.seen + 1

    def state(self) -> State:
        return State({}, {"seen": self.seen})

    def load(self, state: State) -> None:
        self.seen = int(state.meta["seen"])
