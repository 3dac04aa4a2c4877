"""Popularity: how many people like an item."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask, random_log, state_bits

from footlight_engines.recommend.popular import Popular
from footlight_plugins import Basis, EventKind, Events, Options


def _fitted(events: Events) -> Popular:
    engine = Popular(Options())
    engine.fit(events, RUN)
    return engine


def test_items_are_ranked_by_how_many_people_like_them() -> None:
    ranking = _fitted(Events.of([0, 1, 2, 0, 1, 2], [5, 5, 5, 3, 3, 1])).recommend(ask(-1))
    assert ranking.items.tolist() == [5, 3, 1] and ranking.people is not None
    assert ranking.people.tolist() == [3, 2, 1] and ranking.basis is Basis.POPULAR


def test_liking_an_item_again_does_not_count_twice() -> None:
    ranking = _fitted(Events.of([0, 0, 0, 1], [4, 4, 4, 2])).recommend(ask(-1))
    assert ranking.items.tolist() == [2, 4] and ranking.scores.tolist() == [1.0, 1.0]


def test_dislikes_and_retractions_do_not_count() -> None:
    events = Events.of([0, 1, 2, 2], [1, 2, 3, 3], [-1.0, 0.0, 1.0, 1.0], kind=[4, 4, 4, EventKind.RETRACTION])
    assert len(_fitted(events).recommend(ask(-1))) == 0


def test_what_a_person_has_seen_is_left_out_unless_asked_for() -> None:
    engine = _fitted(Events.of([0, 1, 1], [4, 4, 2]))
    assert engine.recommend(ask(0)).items.tolist() == [2]
    assert engine.recommend(ask(0, include_seen=True)).items.tolist() == [4, 2]


def test_an_older_event_that_arrives_late_does_not_undo_a_retraction() -> None:
    engine = _fitted(Events.of([0], [4], kind=EventKind.RETRACTION, time=[20]))
    engine.apply(Events.of([0], [4], time=[10]))
    assert len(engine.recommend(ask(-1))) == 0


@pytest.mark.parametrize("seed", range(8))
def test_updates_in_any_order_come_to_the_same_bits(seed: int) -> None:
    events = random_log(seed, 400, people=20, items=30)
    shuffled = events.take(np.random.default_rng(seed).permutation(len(events)))
    engine = _fitted(shuffled.take(slice(0, 100)))
    engine.apply(shuffled.take(slice(100, None)))
    assert state_bits(engine.state()) == state_bits(_fitted(events).state())


@pytest.mark.parametrize("user", [0, 7, 19])
def test_forgetting_comes_to_the_state_of_a_log_without_the_person(user: int) -> None:
    events = random_log(3, 300, people=20, items=25)
    engine = _fitted(events)
    engine.forget(user)
    assert state_bits(engine.state()) == state_bits(_fitted(events.take(events.user != user)).state())
