"""The engine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from footlight_plugins import EventKind, Events, Options, Query, Ranking, Recommender, State, TrainingRun
from footlight_plugins.data import PREFERENCES


class Newest(Recommender):
    """Ranks the catalogue by age. The host numbers items as they arrive, so the highest ordinal is the newest item.

    What it learns from the log is only who has met which item already, so that a row of news holds no old news.
    """

    def __init__(self, options: Options) -> None:
        self.latest: dict[int, dict[int, tuple[int, int, int]]] = {}
        """Person to item to the latest (time, tie, kind) of a preference or its retraction."""

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.latest = {}
        return {"events": float(self.apply(events))}

    def apply(self, events: Events) -> int:
        rows = events.take(np.isin(events.kind, (*PREFERENCES, EventKind.RETRACTION)))
        events_as_tuples = zip(rows.time.tolist(), rows.tie.tolist(), rows.kind.tolist(), strict=True)
        for user, item, event in zip(rows.user.tolist(), rows.item.tolist(), events_as_tuples, strict=True):
            items = self.latest.setdefault(user, {})
            items[item] = max(items.get(item, event), event)
        return len(rows)

    def forget(self, user: int) -> int:
        return len(self.latest.pop(user, {}))

    def knows(self, user: int) -> bool:
        return True  # news are news for everybody

    def recommend(self, query: Query) -> Ranking:
        allowed = query.servable.copy()
        met = [item for item, event in self.latest.get(query.user, {}).items() if event[2] != EventKind.RETRACTION]
        for out in (query.exclude, np.array([] if query.include_seen else met, np.int32)):
            allowed[out[out < len(allowed)]] = False
        items = np.flatnonzero(allowed)[::-1][: query.count].astype(np.int32)
        return Ranking(items, items.astype(np.float64))

    def state(self) -> State:
        rows = [(user, item, *event) for user, items in self.latest.items() for item, event in items.items()]
        return State({"latest": np.array(sorted(rows), np.int64).reshape(-1, 5)})

    def load(self, state: State) -> None:
        rows = state.arrays.get("latest")
        if rows is None or rows.ndim != 2 or rows.shape[1] != 5:
            raise ValueError("the state must hold an array 'latest' of shape (n, 5)")
        self.latest = {}
        for user, item, time, tie, kind in rows.tolist():
            self.latest.setdefault(user, {})[item] = (time, tie, kind)
