"""Every metric of item-knn against the formula, written out, and exact after any history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from tests.engines.recommend.logs import RUN, ask, bits, random_log, state_bits

from footlight_engines.kernels.measured_rows import BM25_B, BM25_K1, BM25_LENGTH, CATALOGUE
from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_plugins import Events

_METRICS: list[dict[str, Any]] = [
    {"metric": "pearson", "shrinkage": 3.0},
    {"metric": "adjusted-cosine"},
    {"metric": "jaccard", "shrinkage": 1.0},
    {"asymmetry": 0.2, "shrinkage": 2.0},
    {"weighting": "tf-idf"},
    {"weighting": "bm25"},
]


def _fitted(events: Events, **options: Any) -> ItemKnn:
    engine = ItemKnn(ItemKnnOptions(**{"shrinkage": 0.0} | options))
    engine.fit(events, RUN)
    return engine


def _stars() -> NDArray[np.float64]:
    rng = np.random.default_rng(3)
    return np.where(rng.random((25, 12)) < 0.5, rng.integers(1, 6, (25, 12)), 0).astype(np.float64)


def _expected(stars: NDArray[Any], i: int, j: int, options: dict[str, Any]) -> Any:
    both, h = (stars[:, i] > 0) & (stars[:, j] > 0), options.get("shrinkage", 0.0)
    n, count = int(both.sum()), (stars > 0).sum(axis=1)
    if options.get("metric") == "jaccard":
        return n / (int(((stars[:, i] > 0) | (stars[:, j] > 0)).sum()) + h)
    if options.get("metric") == "pearson":
        return float(np.corrcoef(stars[both, i], stars[both, j])[0, 1]) * n / (n + h)
    if options.get("metric") == "adjusted-cosine":
        centred = stars - (stars.sum(axis=1) / count)[:, None]
        a, b = centred[both, i], centred[both, j]
        return float(a @ b / np.sqrt((a @ a) * (b @ b))) * n / (n + h)
    weights = stars
    if options.get("weighting") == "tf-idf":
        weights = np.sqrt(stars) * np.log(CATALOGUE / (1.0 + count))[:, None]
    if options.get("weighting") == "bm25":
        length = BM25_K1 * (1 - BM25_B + BM25_B * count / BM25_LENGTH)
        weights = stars * (BM25_K1 + 1) / (stars + length[:, None])
    norms, alpha = (weights**2).sum(axis=0), options.get("asymmetry", 0.5)
    return float(weights[:, i] @ weights[:, j] / (norms[i] ** alpha * norms[j] ** (1 - alpha) + h))


@pytest.mark.parametrize("options", _METRICS, ids=str)
def test_similarities_are_those_of_the_formula(options: dict[str, Any]) -> None:
    stars = _stars()
    user, item = np.nonzero(stars)
    engine = _fitted(Events.of(user, item, stars[user, item]), **options)
    for i in range(stars.shape[1]):
        ranking = engine.similar(i, ask(-1, count=50))
        expected = [_expected(stars, i, j, options) for j in ranking.items.tolist()]
        assert len(ranking) > 0
        np.testing.assert_allclose(ranking.scores, expected, atol=0.01)  # weights are rounded to 1/64


@settings(max_examples=40)
@given(seed=st.integers(0, 100_000), rows=st.integers(20, 300), k=st.integers(1, 6), chosen=st.sampled_from(_METRICS))
def test_any_history_answers_as_a_new_training_does(seed: int, rows: int, k: int, chosen: dict[str, Any]) -> None:
    options, people = {**chosen, "k": k}, 5 + seed % 20
    events, rng = random_log(seed, rows, people, items=20), np.random.default_rng(seed)
    engine, held = _fitted(events.take(slice(0, rows // 3)), **options), events.take(slice(0, rows // 3))
    for start in range(rows // 3, rows, max(1, rows // 4)):
        user, more = int(rng.integers(people)), events.take(slice(max(0, start - 5), start + max(1, rows // 4)))
        engine.recommend(ask(user))
        engine.forget(user)
        engine.apply(more)
        held = Events.concatenate(held.take(held.user != user), more)
        expected = _fitted(held, **options)
        for asked in range(people):
            assert bits(engine.recommend(ask(asked))) == bits(expected.recommend(ask(asked)))
    assert state_bits(engine.state()) == state_bits(expected.state())


@pytest.mark.parametrize("metric", ["pearson", "adjusted-cosine"])
def test_an_event_makes_the_rows_of_its_person_stale_and_no_others(metric: str) -> None:
    engine = _fitted(random_log(1, 2_000, people=300, items=60), metric=metric)
    for item in range(60):
        engine.similar(item, ask(-1))
    history = set(engine._preferences.met(0)[0].tolist()) | {40}
    assert 0 < engine.apply(Events.of([0], [40], [1.0], time=[10**6])) <= len(history) + 1


def test_a_weighting_goes_with_the_cosine_only() -> None:
    with pytest.raises(ValidationError, match="go with the metric 'cosine', got 'jaccard'"):
        ItemKnnOptions(metric="jaccard", weighting="bm25")


def test_a_state_of_another_metric_is_refused() -> None:
    state = _fitted(random_log(1, 100, people=10, items=10), metric="jaccard").state()
    with pytest.raises(ValueError, match="metric must be"):
        ItemKnn(ItemKnnOptions(shrinkage=0.0)).load(state)
