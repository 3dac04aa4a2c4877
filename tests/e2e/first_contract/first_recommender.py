"""A recommender that was written against the first version of the contract. It is never changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from footlight_plugins import (
    EngineSpec,
    EventKind,
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
from footlight_plugins.data import PREFERENCES


class FirstOptions(Options):
    """What is playing."""

    least_people: int = Field(1, ge=1, le=1_000_000, description="How many people must have met an item.")


class FirstRecommender(Recommender):
    """Scores an item by how many people met it."""

    options_type = FirstOptions

    def __init__(self, options: Options) -> None:
        self.least_people = int(options.model_dump()["least_people"])
        self.latest: dict[tuple[int, int], tuple[int, int, int]] = {}

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.latest = {}
        return {"events": float(self.apply(events))}

    def apply(self, events: Events) -> int:
        rows = events.take(np.isin(events.kind, (*PREFERENCES, EventKind.RETRACTION)))
        for user, item, time, tie, kind in zip(rows.user, rows.item, rows.time, rows.tie, rows.kind, strict=True):
            pair, event = (int(user), int(item)), (int(time), int(tie), int(kind))
            self.latest[pair] = max(self.latest.get(pair, event), event)
        return len(rows)

    def forget(self, user: int) -> int:
        gone = [pair for pair in self.latest if pair[0] == user]
        for pair in gone:
            del self.latest[pair]
        return len(gone)

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        held = [pair for pair, event in self.latest.items() if event[2] != EventKind.RETRACTION]
        count = np.bincount([item for _, item in held], minlength=len(query.servable))[: len(query.servable)]
        allowed = query.servable & (count >= self.least_people)
        met = [item for user, item in held if user == query.user and item < len(allowed)]
        allowed[query.exclude[query.exclude < len(allowed)]] = False
        if not query.include_seen:
            allowed[met] = False
        items = np.flatnonzero(allowed)
        best = np.asarray(items[np.lexsort((items, -count[items]))][: query.count], np.int32)
        return Ranking(best, count[best].astype(np.float64))

    def state(self) -> State:
        rows = [(*pair, *event) for pair, event in sorted(self.latest.items())]
        return State({"latest": np.array(rows, np.int64).reshape(-1, 5)})

    def load(self, state: State) -> None:
        if "latest" not in state.arrays:
            raise ValueError("the state must hold an array 'latest'")
        self.latest = {(u, i): (time, tie, kind) for u, i, time, tie, kind in state.arrays["latest"].tolist()}


@impl
def register_engines() -> list[EngineSpec]:
    return [
        EngineSpec(
            name="first-recommender",
            verb=Verb.RECOMMEND,
            version="1.0",
            summary="Written against the first contract.",
            factory="first_recommender:FirstRecommender",
            api_version=1,
            update_class=UpdateClass.BITWISE,
            can_forget=True,
            needs_training=False,
            fallback=True,
        )
    ]
