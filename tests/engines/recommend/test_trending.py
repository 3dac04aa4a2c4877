"""Trending: likes that fade, in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask, random_log

from footlight_engines.recommend.trending import Trending, TrendingOptions
from footlight_plugins import Basis, Events

HOUR = 3_600_000_000


def _fitted(events: Events, half_life: float = 1.0) -> Trending:
    engine = Trending(TrendingOptions(half_life_hours=half_life))
    engine.fit(events, RUN)
    return engine


def test_a_like_counts_half_after_a_half_life() -> None:
    ranking = _fitted(Events.of([0, 1, 2], [5, 5, 6], time=[0, 2 * HOUR, 3 * HOUR])).recommend(ask(-1))
    assert ranking.items.tolist() == [6, 5] and np.allclose(ranking.scores, [1.0, 0.125 + 0.5])
    assert ranking.basis is Basis.TRENDING and ranking.people is not None and ranking.people.tolist() == [1, 2]


def test_all_fades_alike_until_it_is_asked() -> None:
    engine = _fitted(Events.of([0, 1], [5, 6], time=[0, HOUR]))
    now, later = (engine.recommend(ask(-1, time=hours * HOUR)) for hours in (1, 3))
    assert now.items.tolist() == later.items.tolist() and np.allclose(now.scores, 4 * later.scores)


@pytest.mark.parametrize("hours", [1, 15, 17, 40, 500])
def test_moving_the_landmark_comes_to_the_same_as_a_new_training(hours: int) -> None:
    events = random_log(1, 200, 12, 15)
    late = Events.of([1, 2], [3, 4], time=[hours * HOUR, hours * HOUR + 1])
    engine, expected = _fitted(events), _fitted(Events.concatenate(events, late))
    engine.apply(late)
    assert engine.recommend(ask(-1)).scores.tolist() == expected.recommend(ask(-1)).scores.tolist()


def test_forgetting_the_last_one_to_like_anything_moves_the_landmark_back() -> None:
    events = random_log(2, 200, 12, 15)
    engine, expected = _fitted(events), _fitted(events)
    engine.apply(Events.of([90], [3], time=[100 * HOUR]))
    engine.forget(90)
    assert engine.recommend(ask(-1)).scores.tolist() == expected.recommend(ask(-1)).scores.tolist()


def test_what_may_be_answered_is_ranked_among_itself() -> None:
    engine = _fitted(Events.of([0, 1, 2, 0], [1, 1, 2, 3]))
    servable = np.array([False, False, True, True])
    assert set(engine.recommend(ask(-1, servable=servable)).items.tolist()) == {2, 3}
