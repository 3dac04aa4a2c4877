"""Predicted ratings against the formulas, written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.engines.recommend.logs import RUN, ask, bits, random_log, state_bits

from footlight_engines.recommend.knn_baseline import KnnBaseline, KnnBaselineOptions
from footlight_plugins import Basis, Events, History

_PEOPLE, _ITEMS = 15, 12


def _stars(seed: int) -> NDArray[np.float64]:
    """Ratings, shape (people, items), 0 where there is none."""
    rng = np.random.default_rng(seed)
    stars: NDArray[np.float64] = np.where(
        rng.random((_PEOPLE, _ITEMS)) < 0.6, rng.integers(1, 6, (_PEOPLE, _ITEMS)), 0
    ).astype(np.float64)
    return stars


def _fitted(events: Events, options: KnnBaselineOptions | None = None) -> KnnBaseline:
    engine = KnnBaseline(options or KnnBaselineOptions())
    engine.fit(events, RUN)
    return engine


def _of(stars: NDArray[np.float64]) -> Events:
    user, item = np.nonzero(stars)
    return Events.of(user, item, stars[user, item])


def _similarity(stars: NDArray[np.float64], i: int, j: int, shrinkage: float) -> float:
    both = (stars[:, i] > 0) & (stars[:, j] > 0)
    n = int(both.sum())
    if i == j or n < 2 or stars[both, i].std() == 0 or stars[both, j].std() == 0:
        return 0.0
    return float(np.corrcoef(stars[both, i], stars[both, j])[0, 1]) * n / (n + shrinkage)


def _expected(stars: NDArray[np.float64], user: int, item: int, options: KnnBaselineOptions) -> float:
    mean = stars[stars > 0].mean()
    counts = (stars > 0).sum(axis=0)
    item_bias = (stars.sum(axis=0) - counts * mean) / (counts + options.item_damping)
    rated = np.flatnonzero(stars[user])
    bias = (stars[user, rated] - mean - item_bias[rated]).sum() / (len(rated) + options.person_damping)
    similar = {int(j): _similarity(stars, item, int(j), options.shrinkage) for j in rated}
    order = sorted((j for j in similar if similar[j] > 1e-9), key=lambda j: (-similar[j], j))
    nearest, left = order[: options.k], order[options.k :]
    if left and similar[nearest[-1]] - similar[left[0]] < 1e-9:
        return float("nan")  # equal but for rounding, so that either may be among the k
    weight = sum(similar[j] for j in nearest)
    moved = sum(similar[j] * (stars[user, j] - mean - bias - item_bias[j]) for j in nearest)
    return float(np.clip(mean + bias + item_bias[item] + (moved / weight if weight else 0.0), 1.0, 5.0))


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 12), shrinkage=st.sampled_from([0.0, 4.0]))
def test_a_prediction_is_the_baseline_and_what_similar_items_add(seed: int, k: int, shrinkage: float) -> None:
    stars, options = _stars(seed), KnnBaselineOptions(k=k, shrinkage=shrinkage)
    engine, items = _fitted(_of(stars), options), np.arange(_ITEMS, dtype=np.int32)
    for user in np.flatnonzero(stars.sum(axis=1)).tolist():
        expected = np.array([_expected(stars, user, item, options) for item in range(_ITEMS)])
        told, found = ~np.isnan(expected), engine.predict(user, items)
        np.testing.assert_allclose(found[told], expected[told], rtol=1e-9)
        assert engine.predict(user, items[3:4])[0] == pytest.approx(found[3], rel=1e-9)


def test_whoever_or_whatever_nobody_knows_gets_a_mean() -> None:
    engine = _fitted(Events.of([0, 1], [0, 0], [2.0, 4.0]), KnnBaselineOptions(item_damping=0.0))
    assert engine.predict(77, np.array([0, 5, 900], np.int32)).tolist() == [3.0, 3.0, 3.0]
    assert KnnBaseline(KnnBaselineOptions()).predict(0, np.array([3], np.int32)).tolist() == [1.0]


def test_items_are_ranked_by_the_rating_predicted_and_explained() -> None:
    engine = _fitted(_of(_stars(3)))
    ranking = engine.recommend(ask(0, count=5))
    assert ranking.basis is Basis.BECAUSE_OF_ITEM and ranking.shares is not None
    np.testing.assert_allclose(ranking.scores, engine.predict(0, ranking.items), rtol=1e-12)


def test_a_visitor_is_answered_as_a_person_of_the_same_history() -> None:
    engine = _fitted(_of(_stars(4)))
    item, weight, time = engine._preferences.met(2)
    visitor = engine.recommend(ask(-1, history=History(item, weight / 16, time)))
    assert bits(visitor) == bits(engine.recommend(ask(2)))


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 200))
def test_updates_and_forgetting_come_to_a_new_training(seed: int, rows: int) -> None:
    events, engine = random_log(seed, rows, people=15, items=20), KnnBaseline(KnnBaselineOptions())
    for start in range(0, rows, 37):
        engine.apply(events.take(slice(start, start + 37)))
    engine.forget(3)
    expected = _fitted(events.take(events.user != 3))
    assert state_bits(engine.state()) == state_bits(expected.state())
    for user in range(15):
        assert bits(engine.recommend(ask(user))) == bits(expected.recommend(ask(user)))
