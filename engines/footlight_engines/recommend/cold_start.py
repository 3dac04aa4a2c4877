"""For new people and new items: likeness in content, the walk of a few likes, what is trending, and exploration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.recommend.content import content_vectors
from footlight_engines.recommend.exploration import explore
from footlight_engines.recommend.members import scaled
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.rp3beta import Rp3Beta, Rp3BetaOptions
from footlight_engines.recommend.scorer import Scorer, Taste, pick, taste_of
from footlight_engines.recommend.trending import Trending, TrendingOptions
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, ItemContent, Options, Query, Ranking, TrainingRun

_EXPECTED = 200
"""Content is compared with the likes and with so many of the items that walk and trend put first."""
_WALK = Rp3BetaOptions(alpha=0.1, beta=0.0, people=2_000)
"""With few likes to go by popularity is no fault: there is no penalty, and nearly everybody met has an equal say."""


class ColdStartOptions(Options):
    """What counts how much, and how much is tried out."""

    content: float = Field(default=0.3, ge=0.0, le=100.0, description="Weight of likeness in what the catalogue says.")
    walk: float = Field(default=1.0, ge=0.0, le=100.0, description="Weight of what people with the same likes like.")
    trending: float = Field(default=0.1, ge=0.0, le=100.0, description="Weight of what is liked at present.")
    half_life_hours: float = Field(
        default=2_160.0, gt=0.0, le=1e6, description="After so many hours a like counts half for what is trending."
    )
    explore: float = Field(
        default=0.05, ge=0.0, le=0.5, description="The chance of each place of being given to a new item."
    )
    new_below: int = Field(default=10, ge=1, le=1_000_000, description="An item that fewer people like is new.")
    embedder: str = Field(
        default="none",
        description="An embedder of a plug-in, by name, for likeness in content; none: hashed words, which need nothing.",
    )


class ColdStart(Scorer):
    """The weighted sum of likeness in content, a random walk, and what is trending, each on one scale.

    It needs no training. An item counts from the moment that the catalogue names it: by its content alone while nobody
    likes it. Likeness is the mean cosine with a
    person's likes and with what walk and trend put first; the walk is that of `Rp3Beta`; see `members.scaled` for
    the scale. With ``explore`` above 0 some places go to new items by chance, and every place carries the probability
    with which its item came there, given the places before it.
    """

    options_type: ClassVar[type[Options]] = ColdStartOptions

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know of nothing yet."""
        super().__init__(preferences)
        self._options = ColdStartOptions.model_validate(options)
        self._walk = Rp3Beta(_WALK, self.preferences)
        self._trending = Trending(TrendingOptions(half_life_hours=self._options.half_life_hours), self.preferences)
        self._content = content_vectors(self._options.embedder)
        self._described = np.zeros(0, np.bool_)

    def describe(self, contents: Sequence[ItemContent]) -> None:
        """Take over what the catalogue says of items."""
        self._content.put(contents)
        items = np.array([content.item for content in contents], np.int64)
        if (more := int(items.max(initial=-1)) + 1 - len(self._described)) > 0:
            self._described = np.pad(self._described, (0, more))
        self._described[items] = True

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Count what the walk and the trend need."""
        return {**self._walk.learn(run), **self._trending.learn(run)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Count it anew."""
        self._walk.restore(arrays)
        self._trending.restore(arrays)

    def changing(self, users: NDArray[np.int32], events: NDArray[np.int64]) -> None:
        """Tell the trend."""
        self._trending.changing(users, events)

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Tell both."""
        return self._walk.changed(users, erased) + self._trending.changed(users, erased)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference; everybody gets an answer all the same."""
        return self.preferences.knows(user)

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """The weighted sum; -inf for items that neither the log nor the catalogue knows."""
        content, walk, trend = self._contributions(taste, time)
        return np.where(self._known(len(trend)), content + walk + trend, -np.inf)

    def recommend(self, query: Query) -> Ranking:
        """The best items, some places by chance given to new ones, with their reasons."""
        taste = taste_of(self.preferences, query)
        scores = self.score(taste, query.time)
        new = self._is_new(len(scores)) & np.isfinite(scores)
        items, best = pick(scores, taste, query)
        allowed = np.zeros(len(scores), np.bool_)
        size = min(len(scores), len(query.servable))
        allowed[:size] = query.servable[:size] & np.isfinite(scores[:size])  # `pick` has barred what may not come
        chosen = explore(items, best, np.flatnonzero(new & allowed), self._options.explore, query)
        ranking = Ranking(chosen.items, chosen.scores, propensity=chosen.propensity)
        if query.reasons and len(ranking):
            self._explain(ranking, chosen.by_chance, taste, query)
        return ranking

    def similar(self, item: int, query: Query) -> Ranking:
        """The items most like one in content; none where the catalogue says nothing of it."""
        one = np.array([item], np.int32)
        likeness = self._content.likeness(one, np.ones(1)) if item >= 0 else np.zeros(0)
        scores = np.where(likeness > 0, likeness, -np.inf)
        seen = one[one < len(scores)]
        taste = Taste(-1, one, np.ones(1), np.zeros(1, np.int64), np.zeros(1, np.int64), seen)
        bare = Query(-1, query.count, query.servable, query.exclude)
        return Ranking(*pick(scores, taste, bare))

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(ColdStart(self._options))

    def _known(self, size: int) -> NDArray[np.bool_]:
        known = np.zeros(size, np.bool_)
        fans = self.preferences.data.fans[:size]
        known[: len(fans)] = fans > 0
        known[: len(self._described)] |= self._described[:size]
        return known

    def _is_new(self, size: int) -> NDArray[np.bool_]:
        new = np.ones(size, np.bool_)
        fans = self.preferences.data.fans[:size]
        new[: len(fans)] = fans < self._options.new_below
        return new

    def _contributions(self, taste: Taste, time: int) -> list[NDArray[np.float64]]:
        """What content, walk and trend add to the score of every item."""
        size = max(len(self._described), len(self.preferences.data.fans))
        weights = self._options
        walk = weights.walk * scaled(self._walk.score(taste, time), taste.seen, size)
        trend = weights.trending * scaled(self._trending.score(taste, time), taste.seen, size)
        likeness = self._content.likeness(*_wanted(taste, walk + trend))
        return [weights.content * scaled(likeness, taste.seen, size), walk, trend]

    def _explain(self, ranking: Ranking, by_chance: NDArray[np.bool_], taste: Taste, query: Query) -> None:
        """Name the strongest reasons: likes through content and walk, the trend, or that it is tried out."""
        content, walk, trend = (part[ranking.items] for part in self._contributions(taste, query.time))
        d = len(taste.item)
        columns = np.zeros((len(ranking), 2 * d + 1))  # likes by content, likes by walk, the trend
        for n, item in enumerate(taste.item.tolist()):
            alike = self._content.likeness(np.array([item], np.int32), np.ones(1))
            known = ranking.items < len(alike)
            columns[known, n] = alike[ranking.items[known]]
        columns[:, :d] *= (content / np.maximum(columns[:, :d].sum(axis=1), 1e-300))[:, None]
        if d:
            met, traced = walk > 0, np.zeros((len(ranking), d))
            traced[met] = self._walk.parts(taste, ranking.items[met], query.time)
            columns[:, d:-1] = traced * (walk / np.maximum(traced.sum(axis=1), 1e-300))[:, None]
        columns[:, -1] = trend
        r = min(query.reasons, 3)
        order = np.argsort(-columns, axis=1, kind="stable")[:, :r]
        share = np.take_along_axis(columns, order, axis=1)
        share = share / np.maximum(columns.sum(axis=1, keepdims=True), 1e-300)
        meaning = np.array([Basis.SIMILAR_CONTENT] * d + [Basis.BECAUSE_OF_ITEM] * d + [Basis.TRENDING], np.int8)
        bases = np.where(share > 0, meaning[order], 0).astype(np.int8)
        because = np.where(share > 0, np.append(np.tile(taste.item, 2), -1)[order], -1).astype(np.int32)
        bases[by_chance], because[by_chance], share[by_chance] = 0, -1, 0.0
        bases[by_chance, 0], share[by_chance, 0] = Basis.EXPLORATION, 1.0
        ranking.basis, ranking.because, ranking.shares, ranking.bases = Basis.BECAUSE_OF_ITEM, because, share, bases


def _wanted(taste: Taste, expected: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Whom content is compared with: the likes, and with as much weight what walk and trend expect the person to like."""
    best = np.argsort(-expected, kind="stable")[:_EXPECTED]
    best = best[expected[best] > 0]
    share = expected[best] / max(float(expected[best].sum()), 1e-300)
    likes = np.full(len(taste.item), 1.0 / max(len(taste.item), 1))
    return np.concatenate([taste.item, best.astype(np.int32)]), np.concatenate([likes, share])
