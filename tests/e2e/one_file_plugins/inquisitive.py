"""A recommender that reads the catalogue, explores, predicts ratings and puts off what it learns."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Basis,
    EngineSpec,
    Events,
    ItemContent,
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


class Inquisitive(Recommender):
    """Shuffles what may be answered; predicts the number of stars in an item's attributes; goes by histories."""

    def __init__(self, options: Options) -> None:
        self.stars: dict[int, float] = {}
        self.met: dict[int, set[int]] = {}
        self.behind = 0

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.met = {}
        self.apply(events)
        return {}

    def apply(self, events: Events) -> int:
        for user, item in zip(events.user.tolist(), events.item.tolist(), strict=True):
            self.met.setdefault(user, set()).add(item)
        self.behind += len(events)
        return len(events)

    def forget(self, user: int) -> int:
        return len(self.met.pop(user, ()))

    def knows(self, user: int) -> bool:
        return user in self.met

    def recommend(self, query: Query) -> Ranking:
        met = self.met.get(query.user, set()) if query.history is None else set(query.history.item.tolist())
        allowed = query.servable.copy()
        allowed[query.exclude[query.exclude < len(allowed)]] = False
        if not met:
            return Ranking.empty()
        if not query.include_seen:
            allowed[[item for item in met if item < len(allowed)]] = False
        items = np.random.default_rng(query.seed).permutation(np.flatnonzero(allowed))[: query.count].astype(np.int32)
        scores = np.linspace(1.0, 0.5, len(items))
        chance = np.full(len(items), 1 / max(1, int(allowed.sum())))
        return Ranking(items, scores, Basis.EXPLORATION, propensity=chance)

    def predict(self, user: int, items: NDArray[np.int32]) -> NDArray[np.float64]:
        return np.array([self.stars.get(item, 2.5) for item in items.tolist()])

    def describe(self, contents: Sequence[ItemContent]) -> None:
        for content in contents:
            self.stars.pop(content.item, None)
            if "stars" in content.attributes:
                self.stars[content.item] = float(content.attributes["stars"])

    @property
    def pending(self) -> int:
        return self.behind

    def settle(self) -> None:
        self.behind -= 1

    def state(self) -> State:
        pairs = [(user, item) for user, items in sorted(self.met.items()) for item in sorted(items)]
        return State({"met": np.array(pairs, np.int64).reshape(-1, 2)}, {})

    def load(self, state: State) -> None:
        self.met = {}
        for user, item in state.arrays["met"].tolist():
            self.met.setdefault(user, set()).add(item)


@impl
def register_engines() -> list[EngineSpec]:
    return [
        EngineSpec(
            name="inquisitive",
            verb=Verb.RECOMMEND,
            version="1",
            summary="Wants to know everything.",
            factory="inquisitive:Inquisitive",
            update_class=UpdateClass.BITWISE,
            can_forget=True,
            can_predict=True,
            needs_training=False,
            reads_catalogue=True,
            explores=True,
        )
    ]
