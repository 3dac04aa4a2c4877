"""What people meet at present."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins import Basis, CandidateSource, EventKind, Events, Options, Query, Ranking
from footlight_plugins.scoring import latest

HOUR = 3_600e6
"""In microseconds."""
DAY = 24 * HOUR


class TrendingNowOptions(Options):
    """What counts as now."""

    half_life_hours: float = Field(
        24.0, ge=0.01, le=10_000.0, description="After so many hours what somebody did counts half."
    )
    days: float = Field(7.0, ge=0.01, le=365.0, description="What is older than so many days does not count.")
    least_people: int = Field(2, ge=1, le=1_000_000, description="How many people must have met an item lately.")


class TrendingNow(CandidateSource):
    """Proposes the items that most people met lately.

    A person counts once for an item, with ``2^(-age / half life)`` of the latest time at which they met it; whoever took it
    back counts no more.
    """

    options_type = TrendingNowOptions

    def __init__(self, options: Options) -> None:
        """Nobody has met anything yet."""
        super().__init__(options)
        assert isinstance(options, TrendingNowOptions)
        self.half_life, self.window = options.half_life_hours * HOUR, options.days * DAY
        self.window_days = options.days
        self.least_people = options.least_people
        self.rows = Events.empty()

    def hear(self, events: Events) -> None:
        """Keep of each person and item the latest, as long as it is in the window."""
        rows = latest(Events.concatenate(self.rows, events))
        self.rows = rows.take(rows.time > rows.time.max(initial=0) - self.window)

    def propose(self, query: Query) -> Ranking:
        """The items with the highest sums."""
        size = len(query.servable)
        now = query.time or int(self.rows.time.max(initial=0))
        inside = (self.rows.time > now - self.window) & (self.rows.item < size)
        rows = self.rows.take(inside & (self.rows.kind != EventKind.RETRACTION))
        people = np.bincount(rows.item, minlength=size)
        weight: NDArray[np.float64] = np.zeros(size)
        np.add.at(weight, rows.item, np.exp2((rows.time - now) / self.half_life))
        wanted = query.servable & (people >= self.least_people)
        wanted[query.exclude[(query.exclude >= 0) & (query.exclude < size)]] = False
        items = np.flatnonzero(wanted)
        best = items[np.argsort(-weight[items], kind="stable")][: query.count].astype(np.int32)
        return Ranking(best, weight[best], Basis.TRENDING, people=people[best].astype(np.int32))
