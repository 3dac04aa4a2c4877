"""The neighbours of every item by any metric: rows are computed when they are read, and kept while they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.dense_scores import best_items
from footlight_engines.kernels.measured_rows import ADJUSTED, PEARSON, Metric, measure_norms, measure_row
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Events, TrainingRun

Row = tuple[NDArray[np.int32], NDArray[np.float64]]
_NONE: Row = np.empty(0, np.int32), np.empty(0)


class MeasuredNeighbours:
    """The k most similar items of each, at least of a similarity.

    Pearson's correlation and the adjusted cosine look at nothing but the people who have both items, so an event makes the
    rows of its person's items stale and no others. The other metrics look at norms as well: there an event makes all rows
    stale. A stale row is computed anew when it is read, from whole sums: it is the one that a new training would make.
    """

    def __init__(self, metric: Metric, k: int, minimum: float, preferences: Preferences) -> None:
        """Hold no rows yet."""
        self._metric, self._k, self._minimum, self._preferences = metric, k, minimum, preferences
        self._local = metric.metric in (PEARSON, ADJUSTED)
        self._rows: dict[int, Row] = {}
        self._norms: NDArray[np.int64] | None = None
        self._sums, self._row = np.zeros((0, 6), np.int64), np.zeros(0)

    @property
    def pending(self) -> int:
        """Nothing is ever put off longer than until it is read."""
        return 0

    def settle(self) -> None:
        """There is nothing to do."""

    def rebuild(self, run: TrainingRun | None = None) -> None:
        """Let go of all rows."""
        self._rows.clear()
        self._norms = None

    def follow(self, events: Events) -> int:
        """Record events, and let go of the rows that they make stale; return how many entries that touched."""
        people = np.unique(events.user)
        recorded = self._preferences.record(events)
        return recorded + self._let_go(np.unique(np.concatenate([self._items_of(people), events.item])))

    def forget(self, user: int) -> int:
        """Take a person out, and let go of the rows that had them."""
        items = self._items_of(np.array([user])) if self._preferences.has(user) else np.empty(0, np.int32)
        return self._preferences.forget(user) + self._let_go(items)

    def neighbours(self, item: int) -> Row:
        """An item's neighbours, best first, and their similarities."""
        if not 0 <= item < self._preferences.items:
            return _NONE
        row = self._rows.get(item)
        if row is None:
            row = self._rows[item] = self._measured(item)
        return row

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Nothing beyond the preferences is worth storing."""
        return {}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Begin with the preferences as they are now."""
        self.rebuild()

    def _items_of(self, people: NDArray[Any]) -> NDArray[np.int32]:
        """Everything that these people have met; of whoever nobody knows, nothing."""
        met = [self._preferences.met(int(user))[0] for user in people]
        return np.concatenate(met) if met else np.empty(0, np.int32)

    def _let_go(self, items: NDArray[np.int32]) -> int:
        if not self._local:
            self.rebuild()
            return len(items)
        for item in items.tolist():
            self._rows.pop(item, None)
        return len(items)

    def _measured(self, item: int) -> Row:
        x = self._preferences.data
        if self._norms is None:
            self._norms = measure_norms(x, self._metric)
        if len(self._sums) < len(x.item_start):
            self._sums, self._row = np.zeros((len(x.item_start), 6), np.int64), np.zeros(len(x.item_start))
        if len(self._norms) < len(x.item_start):
            self._norms = np.append(self._norms, np.zeros(len(x.item_start) - len(self._norms), np.int64))
        measure_row(x, self._metric, self._norms, item, self._sums, self._row)
        scores = self._row[: self._preferences.items].copy()
        scores[(scores <= 0.0) | (scores < self._minimum)] = -np.inf
        items, best = np.empty(self._k, np.int32), np.empty(self._k)
        size = best_items(scores, np.ones(len(scores), np.bool_), items, best)
        return items[:size], best[:size]
