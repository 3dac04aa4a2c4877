"""What is liked at present: popularity that fades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.kernels.heat import ONE, SPAN, add_likes, latest_time
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import Scorer, Taste, pick, taste_of
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Options, Query, Ranking, TrainingRun

_HOUR = 3.6e9  # microseconds


class TrendingOptions(Options):
    """How fast popularity fades."""

    half_life_hours: float = Field(
        default=168.0, gt=0.0, le=1e6, description="After so many hours a like counts half. A week is the default."
    )


class Trending(Scorer):
    """Scores an item by the likes of all people, each halved with every half life since: sum of 2^(-(now - t) / half life).

    Of one person and one item the latest preference counts, so nobody makes a trend alone. Kinds and tags come with the
    query: what may be answered is ranked among itself. Where the query names no time it is that of the last event.
    """

    options_type: ClassVar[type[Options]] = TrendingOptions
    basis: ClassVar[Basis] = Basis.TRENDING

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know of nothing yet."""
        super().__init__(preferences)
        self._half_life = float(options.model_dump()["half_life_hours"]) * _HOUR
        self._latest = self._landmark = 0
        self._heat = np.zeros(0, np.int64)

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Sum all likes."""
        self._sum_all()
        return {}

    def changing(self, users: NDArray[np.int32], events: NDArray[np.int64]) -> None:
        """Take the likes of these people out of the sums."""
        self._add(users, -1)

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Put their likes in again as they are now."""
        known = users[users < self.preferences.people]
        x = self.preferences.data
        if erased:
            self._latest = latest_time(x, self.preferences.people)
        for user in known.tolist():
            first = int(x.person_start[user])
            times = x.time[first : first + int(x.person_length[user])]
            self._latest = max(self._latest, int(times.max(initial=0)))
        if self._landmark_of(self._latest) != self._landmark:
            self._sum_all()
        else:
            self._add(users, 1)
        return int(x.person_length[known].sum())

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """The faded likes of each item; -inf where there are none."""
        age = ((time or self._latest) - self._landmark) / self._half_life
        heat = self._heat.astype(np.float64)
        return np.where(heat > 0, heat * (2.0 ** -min(max(age, -900.0), 900.0) / ONE), -np.inf)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference; everybody gets an answer all the same."""
        return self.preferences.knows(user)

    def recommend(self, query: Query) -> Ranking:
        """What is liked most at present, the smaller ordinal first among equals."""
        taste = taste_of(self.preferences, query)
        items, scores = pick(self.score(taste, query.time), taste, query)
        return Ranking(items, scores, self.basis, people=self.preferences.data.fans[items])

    def similar(self, item: int, query: Query) -> Ranking:
        """Raise NotImplementedError: it does not compare items."""
        raise NotImplementedError

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Trending(TrendingOptions()))

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Compute anew what follows from the preferences."""
        self._sum_all()

    def _landmark_of(self, time: int) -> int:
        span = int(SPAN * self._half_life)
        return time // span * span

    def _sum_all(self) -> None:
        people = self.preferences.people
        self._latest = latest_time(self.preferences.data, people)
        self._landmark = self._landmark_of(self._latest)
        self._heat = np.zeros(len(self.preferences.data.fans), np.int64)
        self._add(np.arange(people, dtype=np.int32), 1)

    def _add(self, users: NDArray[np.int32], sign: int) -> None:
        if (more := len(self.preferences.data.fans) - len(self._heat)) > 0:
            self._heat = np.pad(self._heat, (0, more))
        known = users[users < self.preferences.people]
        add_likes(self.preferences.data, known, sign, self._landmark, self._half_life, self._heat)
