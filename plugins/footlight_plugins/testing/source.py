"""The suite of candidate sources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from footlight_plugins import Basis, CandidateSource, EventKind, Events, Query, Ranking
from footlight_plugins.testing.part import PartSuite

_NOW, _DAY = 1_790_000_000_000_000, 86_400_000_000
_NOBODY = np.empty(0, np.int32)


class CandidateSourceSuite(PartSuite):
    """Holds a candidate source to `CandidateSource`.

    Example
    -------
    ::

        class LastPut(CandidateSource):
            def propose(self, query):
                items = [item for item in range(len(query.servable))[::-1] if query.allows(item)][: query.count]
                return Ranking(np.array(items, np.int32), np.zeros(len(items)), Basis.NEWEST)

        class TestLastPut(CandidateSourceSuite):
            spec = PartSpec("last-put", PartRole.CANDIDATE_SOURCE, "1.0", "The newest.", "my_package:LastPut")

            def part_class(self):
                return LastPut
    """

    items: ClassVar[int] = 40
    """How many items there are."""

    def events(self, size: int = 600, seed: int = 0) -> Events:
        """What people did within the window, in the order of the log, which is not quite that of time."""
        rng, window = np.random.default_rng(seed), self.new().window_days
        kinds = [EventKind.VIEW, EventKind.LIKE, EventKind.PLAY, EventKind.SKIP, EventKind.RETRACTION]
        ages = np.sort(rng.uniform(0.0, max(window, 1e-3) * 0.9, size))[::-1] + rng.normal(0.0, 1e-4, size)
        return Events.of(
            user=rng.integers(0, 30, size),
            item=np.minimum(rng.zipf(1.5, size) - 1, self.items - 1),
            value=rng.choice([1.0, 0.5, 3.0], size),
            kind=rng.choice(kinds, size, p=[0.4, 0.2, 0.3, 0.05, 0.05]),
            time=(_NOW - np.maximum(ages, 0.0) * _DAY).astype(np.int64),
        )

    def taught(self, events: Events | None = None) -> CandidateSource:
        """A source that has heard."""
        source: CandidateSource = self.new()
        if source.window_days:
            source.hear(self.events() if events is None else events)
        return source

    def query(self, **changes: Any) -> Query:
        """Somebody who asks now for ten items, all of which may be answered."""
        return replace(Query(3, 10, np.ones(self.items, np.bool_), time=_NOW), **changes)

    def maker(self, folder: Any) -> Any:
        """Makes sources that have heard the same."""
        return self.taught

    def asked(self, source: Any) -> Any:
        """What it proposes to some people."""
        return [_plain(self.check(source, self.query(user=user, count=user + 2))) for user in range(5)]

    def check(self, source: CandidateSource, query: Query) -> Ranking:
        """What it proposes, which must be what was asked for."""
        ranking = source.propose(query)
        items = ranking.items.tolist()
        assert ranking.items.dtype == np.int32 and ranking.items.shape == ranking.scores.shape, ranking
        assert len(items) <= query.count and len(set(items)) == len(items), items
        assert all(query.allows(item) for item in items), "it proposed what may not be answered"
        assert np.isfinite(ranking.scores).all() and (np.diff(ranking.scores) <= 0).all(), "scores must fall"
        return ranking

    def test_it_says_why_its_items_are_there(self) -> None:
        ranking = self.check(self.taught(), self.query())
        assert isinstance(ranking.basis, Basis) and (ranking.basis is not Basis.NONE or not len(ranking))

    def test_it_proposes_the_same_to_the_same_question(self) -> None:
        assert self.asked(self.taught()) == self.asked(self.taught())

    def test_a_short_proposal_is_the_head_of_a_long_one(self) -> None:
        source = self.taught()
        long = self.check(source, self.query(count=20)).items.tolist()
        assert self.check(source, self.query(count=3)).items.tolist() == long[:3]

    def test_it_keeps_to_what_may_be_answered(self) -> None:
        rng, source = np.random.default_rng(1), self.taught()
        for _ in range(5):
            servable, out = rng.random(self.items) < 0.5, rng.integers(0, 2 * self.items, 12).astype(np.int32)
            self.check(source, self.query(servable=servable, exclude=out))

    def test_nothing_is_left_when_nothing_may_be_answered(self) -> None:
        source = self.taught()
        assert len(self.check(source, self.query(servable=np.zeros(self.items, np.bool_)))) == 0
        assert len(self.check(source, self.query(servable=np.zeros(0, np.bool_)))) == 0
        assert len(self.check(source, self.query(exclude=np.arange(self.items, dtype=np.int32)))) == 0

    def test_it_answers_before_it_has_heard_anything(self) -> None:
        source: CandidateSource = self.new()
        self.check(source, self.query())
        source.hear(Events.empty())
        self.check(source, self.query(user=-1, time=0))

    def test_hearing_in_pieces_comes_to_the_same_as_at_once(self) -> None:
        whole, events = self.taught(), self.events()
        pieces: CandidateSource = self.new()
        if not pieces.window_days:
            pytest.skip("it hears of nothing")
        for start in range(0, len(events), 37):
            pieces.hear(events.take(slice(start, start + 37)))
            pieces.propose(self.query())
        assert self.asked(pieces) == self.asked(whole)

    def test_what_is_older_than_the_window_does_not_count(self) -> None:
        source: CandidateSource = self.new()
        if not source.window_days:
            pytest.skip("it hears of nothing")
        events = self.events()
        before = replace(events, time=events.time - int(2.5 * source.window_days * _DAY))
        source.hear(before)
        source.hear(events)
        assert self.asked(source) == self.asked(self.taught())

    def test_items_that_are_new_to_it_may_be_met(self) -> None:
        source = self.taught()
        source.hear(Events.of(user=[1], item=[10 * self.items], time=[_NOW]))
        self.check(source, self.query())


def _plain(ranking: Ranking) -> tuple[list[int], list[float]]:
    return ranking.items.tolist(), ranking.scores.tolist()
