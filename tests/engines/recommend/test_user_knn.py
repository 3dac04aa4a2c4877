"""User-based recommendations against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.engines.recommend.logs import RUN, ask, bits, random_log, state_bits

from footlight_engines.recommend.user_knn import UserKnn, UserKnnOptions
from footlight_plugins import Basis, Events, History

_PEOPLE, _ITEMS = 12, 20


def _matrix(seed: int) -> NDArray[np.float64]:
    """Preferences, shape (people, items), most of them 0."""
    rng = np.random.default_rng(seed)
    chosen: NDArray[np.float64] = rng.choice([-1.0, 0.5, 1.0, 5.0], size=(_PEOPLE, _ITEMS))
    return chosen * (rng.random((_PEOPLE, _ITEMS)) < 0.4)


def _fitted(events: Events, options: UserKnnOptions | None = None) -> UserKnn:
    engine = UserKnn(options or UserKnnOptions())
    engine.fit(events, RUN)
    return engine


def _of(matrix: NDArray[np.float64]) -> Events:
    user, item = np.nonzero(matrix)
    return Events.of(user, item, matrix[user, item])


def _oracle(
    matrix: NDArray[np.float64], user: int, options: UserKnnOptions
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores of all items, and how many neighbours like each."""
    norms = np.linalg.norm(matrix, axis=1)
    similarity = matrix @ matrix[user] / (norms * norms[user] + options.shrinkage)
    similarity[user] = 0.0
    nearest = np.lexsort((np.arange(_PEOPLE), -similarity.round(12)))[: options.k]
    nearest = nearest[(similarity[nearest] > 0) & (similarity[nearest] >= options.min_similarity)]
    return similarity[nearest] ** options.exponent @ matrix[nearest], (matrix[nearest] > 0).sum(axis=0)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    k=st.integers(1, 12),
    shrinkage=st.sampled_from([0.0, 2.0]),
    min_similarity=st.sampled_from([0.0, 0.3]),
    exponent=st.sampled_from([1.0, 2.0]),
    scale=st.sampled_from([1.0, 200.0]),  # sums of large weights leave 32 bits
)
def test_scores_are_those_of_the_dense_cosine(
    seed: int, k: int, shrinkage: float, min_similarity: float, exponent: float, scale: float
) -> None:
    options = UserKnnOptions(k=k, shrinkage=shrinkage, min_similarity=min_similarity, exponent=exponent)
    matrix = _matrix(seed) * scale
    engine = _fitted(_of(matrix), options)
    for user in np.flatnonzero(np.abs(matrix).sum(axis=1)).tolist():
        ranking = engine.recommend(ask(user, count=_ITEMS, include_seen=True))
        scores, people = _oracle(matrix, user, options)
        assert set(np.flatnonzero(scores > 1e-9).tolist()) == set(ranking.items[ranking.scores > 1e-9].tolist())
        np.testing.assert_allclose(ranking.scores, scores[ranking.items], rtol=1e-9, atol=1e-12 * scale)
        assert ranking.people is not None and ranking.people.tolist() == people[ranking.items].tolist()


def test_people_are_counted_only_where_asked_for() -> None:
    engine = _fitted(Events.of([0, 1, 1, 2, 2], [0, 0, 1, 0, 1]))
    assert engine.recommend(ask(0, reasons=0)).people is None


def test_people_are_how_many_neighbours_like_the_item() -> None:
    ranking = _fitted(Events.of([0, 1, 1, 2, 2], [0, 0, 1, 0, 1])).recommend(ask(0))
    assert ranking.basis is Basis.SIMILAR_PEOPLE and ranking.people is not None
    assert ranking.items.tolist() == [1] and ranking.people.tolist() == [2]


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 300))
def test_updates_come_to_the_state_of_a_new_training(seed: int, rows: int) -> None:
    events, engine = random_log(seed, rows, people=20, items=25), UserKnn(UserKnnOptions())
    for start in range(0, rows, 37):
        engine.apply(events.take(slice(start, start + 37)))
    expected = _fitted(events)
    assert state_bits(engine.state()) == state_bits(expected.state())
    assert [bits(engine.recommend(ask(user))) for user in range(20)] == [
        bits(expected.recommend(ask(user))) for user in range(20)
    ]


@pytest.mark.parametrize("user", [0, 7, 19])
def test_forgetting_comes_to_the_state_of_a_log_without_the_person(user: int) -> None:
    events = random_log(3, 300, people=20, items=25)
    engine = _fitted(events)
    engine.forget(user)
    assert state_bits(engine.state()) == state_bits(_fitted(events.take(events.user != user)).state())


@pytest.mark.parametrize("shrinkage", [0.0, 3.0])
def test_pearson_is_the_correlation_of_what_both_rated(shrinkage: float) -> None:
    rng = np.random.default_rng(2)
    matrix = rng.integers(1, 6, (_PEOPLE, _ITEMS)) * (rng.random((_PEOPLE, _ITEMS)) < 0.6).astype(float)
    engine = _fitted(_of(matrix), UserKnnOptions(k=1, metric="pearson", exponent=1.0, shrinkage=shrinkage))
    for user in range(_PEOPLE):
        similarity = np.array([_correlation(matrix[user], row, shrinkage) for row in matrix])
        similarity[user] = 0.0
        nearest = int(similarity.argmax())
        ranking = engine.recommend(ask(user, count=_ITEMS, include_seen=True))
        np.testing.assert_allclose(ranking.scores, similarity[nearest] * matrix[nearest][ranking.items], rtol=1e-9)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64], shrinkage: float) -> float:
    both = (one > 0) & (other > 0)
    if both.sum() < 2 or one[both].std() == 0 or other[both].std() == 0:
        return 0.0
    n = int(both.sum())
    return float(np.corrcoef(one[both], other[both])[0, 1]) * n / (n + shrinkage)


@pytest.mark.parametrize("metric", ["cosine", "pearson"])
def test_a_visitor_is_answered_as_a_person_of_the_same_history(metric: str) -> None:
    matrix = _matrix(4)
    options = UserKnnOptions.model_validate({"metric": metric})
    engine = _fitted(_of(matrix), options)
    item = np.array([3, 900, 7, 11], np.int32)  # nobody knows item 900
    value = np.array([5.0, 1.0, 0.5, 1.0])
    visitor = engine.recommend(ask(-1, history=History(item, value, np.arange(4))))
    engine.apply(Events.of(np.full(4, 50), item, value))
    assert len(visitor) > 0 and bits(visitor) == bits(engine.recommend(ask(50)))
