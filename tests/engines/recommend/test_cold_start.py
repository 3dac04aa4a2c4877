"""Cold start: likeness in content, new people and items, and exploration that says with which probability."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask

from footlight_engines.recommend.cold_start import ColdStart, ColdStartOptions
from footlight_engines.recommend.exploration import explore
from footlight_plugins import Basis, Events, History, ItemContent, Query

SPACE = [ItemContent(n, f"Space {n}", "film", ("science-fiction",)) for n in range(5)]
LOVE = [ItemContent(n, f"Love {n}", "film", ("romance",)) for n in range(5, 10)]


def _engine(explore: float = 0.0) -> ColdStart:
    engine = ColdStart(ColdStartOptions(explore=explore, new_below=2))
    engine.describe([*SPACE, *LOVE])
    engine.fit(Events.of([0, 0, 1, 1], [0, 5, 1, 6]), RUN)
    return engine


def _visitor(*items: int) -> History:
    return History(np.array(items, np.int32), np.ones(len(items)), np.arange(len(items)))


def test_an_item_that_nobody_knows_is_found_by_its_content_as_soon_as_it_is_put() -> None:
    engine = _engine()
    engine.describe([ItemContent(10, "Space 10", "film", ("science-fiction",))])
    new = np.zeros(11, np.bool_)
    new[[7, 10]] = True
    ranking = engine.recommend(ask(-1, servable=new, history=_visitor(0)))
    assert ranking.items.tolist() == [10, 7]


def test_a_changed_description_takes_the_place_of_the_old_one() -> None:
    engine = _engine()
    engine.describe([ItemContent(2, "Love 2", "film", ("romance",))])
    assert set(engine.similar(5, ask(-1, 5, 10)).items.tolist()) == {2, 6, 7, 8, 9}


def test_similar_items_are_alike_in_content() -> None:
    assert set(_engine().similar(0, ask(-1, 4, 10)).items.tolist()) == {1, 2, 3, 4}


def test_reasons_say_what_they_mean_and_add_up() -> None:
    engine = _engine()
    ranking = engine.recommend(ask(-1, 10, 10, history=_visitor(0)))
    assert ranking.bases is not None and ranking.shares is not None and ranking.because is not None
    assert np.allclose(ranking.shares.sum(axis=1)[ranking.bases[:, 0] > 0], 1.0)
    alike = ranking.items.tolist().index(2)
    assert ranking.bases[alike, 0] == Basis.SIMILAR_CONTENT and ranking.because[alike, 0] == 0


def test_without_exploration_nothing_is_left_to_chance() -> None:
    assert _engine().recommend(ask(0, items=10)).propensity is None


def test_a_seed_gives_the_same_exploration_again() -> None:
    engine = _engine(explore=0.5)
    first, second, other = (engine.recommend(ask(0, 8, 10, seed=seed)) for seed in (3, 3, 4))
    assert first.items.tolist() == second.items.tolist() != other.items.tolist()


def test_items_come_to_the_first_place_as_often_as_the_propensity_says() -> None:
    items, scores, new = np.array([4, 1, 2], np.int32), np.array([3.0, 2.0, 1.0]), np.array([1, 7])
    first: dict[int, list[float]] = {}
    for seed in range(4_000):
        placed = explore(items, scores, new, 0.4, Query(-1, 3, np.ones(8, np.bool_), seed=seed))
        assert placed.propensity is not None
        first.setdefault(int(placed.items[0]), []).append(float(placed.propensity[0]))
    assert {item: {round(p, 12) for p in given} for item, given in first.items()} == {4: {0.6}, 1: {0.2}, 7: {0.2}}
    for given in first.values():
        assert abs(len(given) / 4_000 - given[0]) < 0.035


def test_explored_items_are_marked_and_keep_the_order_of_scores() -> None:
    ranking = _engine(explore=0.5).recommend(ask(0, 8, 10, seed=1))
    assert ranking.bases is not None and (ranking.bases[:, 0] == Basis.EXPLORATION).any()
    assert (np.diff(ranking.scores) < 0).all() and len(set(ranking.items.tolist())) == len(ranking)


def test_an_unknown_embedder_is_refused() -> None:
    with pytest.raises(ValueError, match="no-such-embedder"):
        ColdStart(ColdStartOptions(embedder="no-such-embedder"))
