"""Sequence: counts of what follows what, in any order of arrival, rows kept or counted when asked for."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask, random_log

from footlight_engines.kernels.sequences import likes_in_order
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import taste_of
from footlight_engines.recommend.sequence import Sequence, SequenceOptions
from footlight_engines.recommend.transitions import Transitions
from footlight_plugins import Events, History

PEOPLE, ITEMS = 20, 25


def _fitted(events: Events, **options: float) -> Sequence:
    engine = Sequence(SequenceOptions.model_validate({"gaps": 4, "recent": 5, **options}))
    engine.fit(events, RUN)
    return engine


def _counts(preferences: Preferences, item: int, gaps: int) -> np.ndarray:
    """The counts of an item as the definition says, in 1/256: pairs g apart count 1/g, and half as much backwards."""
    row = np.zeros(ITEMS)
    for user in range(preferences.people):
        likes = likes_in_order(preferences.data, user).tolist()
        for a in range(len(likes)):
            for gap in range(1, gaps + 1):
                if a + gap < len(likes) and likes[a] == item:
                    row[likes[a + gap]] += round(256 / gap)
                if a - gap >= 0 and likes[a] == item:
                    row[likes[a - gap]] += round(128 / gap)
    return row


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_the_definition_after_any_events(
    seed: int, heavy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transitions, "_is_heavy", lambda self, items: np.full(len(items), heavy))
    preferences = Preferences()
    transitions, events = Transitions(preferences, 3, 1.0, 0.5), random_log(seed, 400, PEOPLE, ITEMS)
    for start in range(0, 400, 25):
        batch = events.take(slice(start, start + 25))
        preferences.record(batch)
        transitions.follow(np.unique(batch.user))
        item = np.array([start % ITEMS], np.int32)
        if start % ITEMS < preferences.items:
            read = transitions.read(item, np.ones(1))
            assert np.allclose(read[:ITEMS] ** 2, _counts(preferences, int(item[0]), 3)[: len(read)])


def test_an_event_at_the_end_of_a_history_counts_as_many_pairs_as_there_are_gaps() -> None:
    engine = _fitted(Events.of(np.zeros(20), np.arange(20)))
    assert engine.apply(Events.of([0], [21], time=[100])) == 1 + 4


def test_a_late_event_counts_the_pairs_around_it_again() -> None:
    engine = _fitted(Events.of(np.zeros(200), np.arange(200), time=np.arange(200) * 10))
    assert engine.apply(Events.of([0], [201], time=[1005])) < 60


def test_what_mostly_comes_next_is_first() -> None:
    user, item = np.repeat(np.arange(6), 3), np.tile([1, 2, 3], 6)
    engine = _fitted(Events.of([*user, 9, 9], [*item, 4, 1]), backward=0.0)
    assert engine.recommend(ask(9)).items.tolist() == [2, 3]


def test_the_order_of_time_counts_and_not_that_of_arrival() -> None:
    events = Events.of([0, 0, 1], [5, 6, 5], time=[20, 10, 0])
    assert len(_fitted(events, backward=0.0).recommend(ask(1))) == 0


def test_the_parts_of_a_score_add_up_to_it() -> None:
    engine = _fitted(random_log(1, 300, PEOPLE, ITEMS))
    query = ask(3, ITEMS, ITEMS)
    ranking = engine.recommend(query)
    parts = engine.parts(taste_of(engine.preferences, query), ranking.items, 0)
    assert len(ranking) > 0 and np.allclose(parts.sum(axis=1), ranking.scores)


def test_a_visitor_gets_what_a_person_with_that_history_gets() -> None:
    engine = _fitted(random_log(2, 300, PEOPLE, ITEMS))
    taste = taste_of(engine.preferences, ask(4))
    order = np.lexsort((taste.tie, taste.time))
    history = History(taste.item[order], taste.weight[order], taste.time[order])
    known = engine.recommend(ask(4, ITEMS, ITEMS, include_seen=True))
    visitor = engine.recommend(ask(-1, ITEMS, ITEMS, include_seen=True, history=history))
    assert known.items.tolist() == visitor.items.tolist() and known.scores.tolist() == visitor.scores.tolist()
