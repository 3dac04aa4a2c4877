"""What the recommenders share that give every item of the catalogue a score."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.dense_scores import best_items
from footlight_engines.kernels.interactions import RETRACTED
from footlight_engines.recommend.preferences import WEIGHT_ONE, Preferences
from footlight_plugins import Basis, Events, Query, Ranking, Recommender, State, TrainingRun

_NOBODY = np.empty(0, np.int32)


class CatalogueTooLarge(ValueError):
    """There are more items than an engine takes; the message says how many and what to use instead."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What is known of somebody, the likes ascending by ordinal; arrays of shape (d,), ``seen`` of shape (s,)."""

    user: int
    """Their ordinal; -1 for a visitor."""
    item: NDArray[np.int32]
    """What they have a preference above 0 for."""
    weight: NDArray[np.float64]
    """How strongly."""
    time: NDArray[np.int64]
    """When, in microseconds since 1970."""
    tie: NDArray[np.int64]
    """Orders what happened at the same time."""
    seen: NDArray[np.int32]
    """What they have met, liked or not."""


class Scorer(Recommender):
    """A recommender that scores every item for a taste, over preferences which it may share with others.

    Whoever owns the preferences calls `changing` before people's preferences change and `changed` after.
    """

    basis: ClassVar[Basis] = Basis.BECAUSE_OF_ITEM
    """What its reasons mean."""

    def __init__(self, preferences: Preferences | None = None) -> None:
        """Score by these preferences, or by new ones that hold nobody's."""
        self.preferences = Preferences() if preferences is None else preferences

    @abstractmethod
    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """Fresh scores, shape (items,), at a time (0: when the last event happened); -inf where there is nothing to say."""

    def parts(self, taste: Taste, items: NDArray[np.int32], time: int) -> NDArray[np.float64]:
        """What each of the likes adds to the scores of some items, shape (items, likes); they add up to the scores."""
        raise NotImplementedError

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Learn from the preferences as they are now; return the figures of it."""
        return {}

    def learned(self) -> dict[str, NDArray[Any]]:
        """What a state holds beside the preferences."""
        return {}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `learned` gave, and compute anew what follows from the preferences.

        Raises
        ------
        ValueError
            When it is not that.
        """

    def changing(self, users: NDArray[np.int32], events: NDArray[np.int64]) -> None:  # most need not know
        """Take note of what these people, each named once, prefer before so many events or an erasure change it."""

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Follow what has changed; return how many entries of the state were touched."""
        return 0

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Read the preferences and learn from them."""
        self.preferences.replace(events)
        return self.preferences.figures() | dict(self.learn(run))

    def apply(self, events: Events) -> int:
        """Follow further events."""
        users, counts = np.unique(events.user, return_counts=True)
        self.changing(users, counts)
        return self.preferences.record(events) + self.changed(users, False)

    def forget(self, user: int) -> int:
        """Take a person out."""
        if not self.preferences.has(user):
            return 0
        users = np.array([user], np.int32)
        self.changing(users, np.zeros(1, np.int64))
        return self.preferences.forget(user) + self.changed(users, True)

    def state(self) -> State:
        """Everybody's preferences, and what was learned from them."""
        learned = self.learned()
        return State(self.preferences.arrays() | learned, {"format": 1})

    def load(self, state: State) -> None:
        """Take over a state."""
        self.preferences.load(state.arrays)
        self.restore(state.arrays)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference above 0."""
        x = self.preferences.data
        if not self.preferences.has(user):
            return False
        first = int(x.person_start[user])
        return bool((x.weight[first : first + int(x.person_length[user])] > 0).any())

    def recommend(self, query: Query) -> Ranking:
        """The best items by `score`, and what says so by `parts`."""
        taste = taste_of(self.preferences, query)
        if not len(taste.item):
            return Ranking.empty()
        items, scores = pick(self.score(taste, query.time), taste, query)
        if not query.reasons or not len(items):
            return Ranking(items, scores)
        because, shares = strongest(self.parts(taste, items, query.time), taste.item, query.reasons)
        return Ranking(items, scores, self.basis, because, shares)

    def similar(self, item: int, query: Query) -> Ranking:
        """The best items for somebody who likes this one and nothing else."""
        if not 0 <= item < self.preferences.items or not self.preferences.data.fans[item]:
            return Ranking.empty()
        taste = lone_taste(item)
        items, scores = pick(self.score(taste, query.time), taste, replace(query, include_seen=False))
        return Ranking(items, scores)


def taste_of(preferences: Preferences, query: Query) -> Taste:
    """What the query's person, or the history in their place, likes and has met."""
    if query.history is not None:
        return _visitor(query)
    x, user = preferences.data, query.user
    if not preferences.has(user):
        return Taste(user, _NOBODY, np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64), _NOBODY)
    rows = slice(int(x.person_start[user]), int(x.person_start[user]) + int(x.person_length[user]))
    item, weight = x.item[rows], x.weight[rows]
    liked = weight > 0
    likes = (item[liked], weight[liked] / WEIGHT_ONE, x.time[rows][liked], x.tie[rows][liked])
    return Taste(user, *likes, item[x.slot[rows] != RETRACTED])


def lone_taste(item: int) -> Taste:
    """The taste of somebody who likes one item and nothing else."""
    one, zero = np.array([item], np.int32), np.zeros(1, np.int64)
    return Taste(-1, one, np.ones(1), zero, zero, one)


def _visitor(query: Query) -> Taste:
    history = query.history
    assert history is not None
    known = np.flatnonzero(history.item >= 0)
    order = known[np.argsort(history.item[known], kind="stable")]
    item, value = history.item[order].astype(np.int32), history.value[order]
    liked = value > 0
    place = order[liked].astype(np.int64)  # its place in the history orders what happened at the same time
    return Taste(-1, item[liked], value[liked], history.time[order][liked], place, item)


def pick(scores: NDArray[np.float64], taste: Taste, query: Query) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The best items that may be answered, and their scores. Overwrites the scores of those that may not."""
    if not query.include_seen:
        scores[taste.seen[taste.seen < len(scores)]] = -np.inf
    if len(query.exclude):
        scores[query.exclude[(query.exclude >= 0) & (query.exclude < len(scores))]] = -np.inf
    items, best = np.empty(query.count, np.int32), np.empty(query.count, np.float64)
    size = best_items(scores, query.servable, items, best)
    return items[:size], best[:size]


def strongest(
    parts: NDArray[np.float64], item: NDArray[np.int32], reasons: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """For each answer the items that add most to its score, and each one's share of all that is added to it.

    What lowers a score is no reason for it. ``parts`` has shape (m, d); both answers have shape (m, r), r at most 3.
    """
    r = min(reasons, 3, parts.shape[1])
    added = np.maximum(parts, 0.0)
    order = np.argsort(-added, axis=1, kind="stable")[:, :r]
    share = np.take_along_axis(added, order, axis=1)
    total = added.sum(axis=1, keepdims=True)
    share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    return np.where(share > 0, item[order], -1).astype(np.int32), share
