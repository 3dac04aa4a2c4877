"""A recommender in a few lines: say how good each item is for somebody; all else is done for you."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.contract import Options, TrainingRun
from footlight_plugins.data import PREFERENCES, EventKind, Events, Query, Ranking, State
from footlight_plugins.roles import Recommender

_COLUMNS = tuple(column.name for column in fields(Events))


class ScoringRecommender(Recommender):
    """A start for recommenders: it keeps what everybody met and leaves to you what an item is worth to somebody.

    It follows the log, forgets, stores itself and answers in good order; an engine made of it is BITWISE and can forget,
    as long as `scores` draws on nothing but `kept`. It holds the whole of it in six sorted arrays that each update sorts
    anew: about 3 ms for 10,000 preferences, so it suits up to some 100,000. The built-in engines show how to go further.

    Example
    -------
    ::

        class MostMet(ScoringRecommender):
            def scores(self, query: Query) -> NDArray[np.float64]:
                met = np.bincount(self.kept.item, minlength=len(query.servable))
                return np.where(met > 0, met, -np.inf)
    """

    kept: Events
    """Each person's preferences that hold, the latest of each item: sorted by person, then item. No retractions."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._take(Events.empty())

    @abstractmethod
    def scores(self, query: Query) -> NDArray[np.float64]:
        """How good each item is for the person who asks.

        Returns
        -------
        Shape (n,) in the order of the ordinals; ``-inf`` for what is not to be recommended. It may be shorter or longer
        than ``query.servable``: what may not be answered is taken out afterwards.
        """

    def prepare(self) -> None:
        """Compute what `scores` needs from `kept`; called after every change of it. Does nothing by default."""

    def of(self, query: Query) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
        """What the person who asks has met: items, values and times, each of shape (m,); that of a visitor's history."""
        if query.history is not None:
            return query.history.item, query.history.value, query.history.time
        first, last = np.searchsorted(self.kept.user, [query.user, query.user + 1])
        return self.kept.item[first:last], self.kept.value[first:last], self.kept.time[first:last]

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self._take(latest(events))
        return {"preferences": float(len(self.kept))}

    def apply(self, events: Events) -> int:
        self._take(latest(Events.concatenate(self._rows, events)))
        return len(events)

    def forget(self, user: int) -> int:
        rows = self._rows.user == user
        self._take(self._rows.take(~rows))
        return int(np.count_nonzero(rows))

    def knows(self, user: int) -> bool:
        first, last = np.searchsorted(self.kept.user, [user, user + 1])
        return bool(first < last)

    def recommend(self, query: Query) -> Ranking:
        scores = np.full(len(query.servable), -np.inf)
        given = np.asarray(self.scores(query), np.float64)[: len(scores)]
        scores[: len(given)] = given
        met = self.of(query)[0]
        for out in (query.exclude, met[:0] if query.include_seen else met):
            scores[out[out < len(scores)]] = -np.inf
        scores[~query.servable] = -np.inf
        return best_first(scores, query.count)

    def state(self) -> State:
        return State({name: getattr(self._rows, name) for name in _COLUMNS})

    def load(self, state: State) -> None:
        if any(name not in state.arrays or state.arrays[name].ndim != 1 for name in _COLUMNS):
            raise ValueError(f"the state must hold the arrays {', '.join(_COLUMNS)}, each of shape (n,)")
        columns = [np.array(state.arrays[name], getattr(Events.empty(), name).dtype) for name in _COLUMNS]
        if len({len(column) for column in columns}) > 1:
            raise ValueError("the arrays of the state must be of one length")
        self._take(latest(Events(*columns)))

    def _take(self, rows: Events) -> None:
        """Hold these rows and no others: one for each person and item, retractions as well, because what a late event
        says may be older than they are."""
        self._rows = rows
        self.kept = rows.take(rows.kind != EventKind.RETRACTION)
        self.prepare()


def latest(events: Events) -> Events:
    """Of each person and item the preference or retraction that is latest by (time, tie), sorted by person, then item."""
    rows = events.take(np.isin(events.kind, (*PREFERENCES, EventKind.RETRACTION)))
    rows = rows.take(np.lexsort((rows.kind, rows.tie, rows.time, rows.item, rows.user)))
    last = np.ones(len(rows), np.bool_)
    last[:-1] = (np.diff(rows.user) != 0) | (np.diff(rows.item) != 0)
    return rows.take(last)


def best_first(scores: NDArray[np.float64], count: int) -> Ranking:
    """The items of the highest scores, shape (items,), at most so many; those of -inf are left out.

    Raises
    ------
    ValueError
        When a score is NaN.
    """
    if np.isnan(scores).any():
        raise ValueError(f"the score of item {int(np.flatnonzero(np.isnan(scores))[0])} is NaN")
    items = np.flatnonzero(scores > -np.inf)
    if len(items) > 4 * count:  # sort only what can be among the answers
        items = items[scores[items] >= -np.partition(-scores[items], count - 1)[count - 1]]
    best = np.asarray(items[np.argsort(-scores[items], kind="stable")][:count], np.int32)
    return Ranking(best, scores[best])
