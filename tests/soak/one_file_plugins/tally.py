"""A recommender that counts: how often each person met each item. An event taken in twice shows in the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from footlight_plugins import (
    EngineSpec,
    Events,
    Options,
    Query,
    Ranking,
    Recommender,
    State,
    TrainingRun,
    UpdateClass,
    Verb,
    impl,
)


class Tally(Recommender):
    """The score of an item is the number of the person's events with it."""

    def __init__(self, options: Options) -> None:
        self._count: Counter[tuple[int, int]] = Counter()

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self._count.clear()
        return {"events": float(self.apply(events))}

    def apply(self, events: Events) -> int:
        self._count.update(zip(events.user.tolist(), events.item.tolist(), strict=True))
        return len(events)

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        mine = sorted((-n, item) for (user, item), n in self._count.items() if user == query.user)[: query.count]
        return Ranking(
            np.array([item for _, item in mine], np.int32), np.array([float(-n) for n, _ in mine], np.float64)
        )

    def state(self) -> State:
        rows = np.array([(*pair, n) for pair, n in self._count.items()], np.int64).reshape(-1, 3)
        return State({"rows": rows})  # (pairs, 3)

    def load(self, state: State) -> None:
        self._count = Counter({(user, item): n for user, item, n in state.arrays["rows"].tolist()})


@impl
def register_engines() -> list[EngineSpec]:
    return [
        EngineSpec(
            "tally", Verb.RECOMMEND, "1.0", "Counts.", "tally:Tally", update_class=UpdateClass.BITWISE, inline=True
        )
    ]
