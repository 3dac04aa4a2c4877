"""EASE: the closed form, and its inverse followed by low-rank changes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines.recommend.logs import RUN, ask, random_log

from footlight_engines.recommend.ease import BOUND, Ease, EaseOptions
from footlight_engines.recommend.gram_inverse import GramInverse
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import taste_of
from footlight_engines.recommend.spd_inverse import invert
from footlight_plugins import Events, History
from footlight_plugins.testing.recommender import settle

PEOPLE, ITEMS = 40, 30


def _fitted(events: Events, max_items: int = 1_000) -> Ease:
    engine = Ease(EaseOptions(l2=5.0, max_items=max_items))
    engine.fit(events, RUN)
    return engine


def _likes(events: Events) -> NDArray[np.float64]:
    x = np.zeros((PEOPLE, ITEMS))
    for user, item, value in zip(events.user, events.item, events.value, strict=True):
        x[user, item] = value > 0
    return x


def _stars(seed: int, rows: int = 300) -> Events:
    rng = np.random.default_rng(seed)
    return Events.of(
        rng.integers(PEOPLE, size=rows), rng.integers(ITEMS, size=rows), rng.choice([-1.0, 1.0, 5.0], rows)
    )


@pytest.mark.parametrize("n", [1, 2, 191, 193, 700])
def test_the_inverse_is_that_of_numpy(n: int) -> None:
    x = np.random.default_rng(n).random((2 * n, n))
    matrix = x.T @ x + np.eye(n)
    expected = np.linalg.inv(matrix)
    invert(matrix)
    assert np.abs(matrix - expected).max() < 1e-12 and (matrix == matrix.T).all()


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        invert(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_scores_are_those_of_the_paper() -> None:
    events = _stars(0)
    x, engine = _likes(events), _fitted(events)
    p = np.linalg.inv(x.T @ x + 5.0 * np.eye(ITEMS))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0.0)
    for user in range(PEOPLE):
        ranking = engine.recommend(ask(user, ITEMS, ITEMS, include_seen=True))
        assert np.allclose(ranking.scores, (x @ b)[user, ranking.items], atol=1e-9)
        assert len(ranking) == (ITEMS if x[user].any() else 0)


def test_reasons_add_up_to_the_score() -> None:
    engine = _fitted(_stars(1))
    query = ask(3, ITEMS, ITEMS)
    ranking, taste = engine.recommend(query), taste_of(engine.preferences, query)
    parts = engine.parts(taste, ranking.items, 0)
    assert parts.shape == (len(ranking), len(taste.item)) and np.allclose(parts.sum(axis=1), ranking.scores, atol=1e-9)


def test_the_strongest_reasons_carry_their_shares_of_what_speaks_for_an_item() -> None:
    engine = _fitted(_stars(1))
    ranking = engine.recommend(ask(3, 1, ITEMS))
    part = np.maximum(engine.parts(taste_of(engine.preferences, ask(3)), ranking.items, 0)[0], 0)
    assert ranking.shares is not None and np.allclose(ranking.shares[0], np.sort(part)[::-1][:3] / part.sum())


@pytest.mark.parametrize("seed", range(4))
def test_histories_exchanged_in_batches_come_to_the_inverse_of_what_is_left(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((PEOPLE, ITEMS)) < 0.3
    inverse = GramInverse(2.0, ITEMS)
    inverse.exchange([], [np.flatnonzero(row).astype(np.int32) for row in x])
    for step in range(12):
        people = rng.choice(PEOPLE, 5, replace=False)
        y = rng.random((5, ITEMS)) < 0.3
        inverse.exchange(*([np.flatnonzero(row).astype(np.int32) for row in rows] for rows in (x[people], y)))
        x[people] = y
        if step % 3 == 0 and inverse.wants_flush:
            inverse.flush_strip()
        columns = np.arange(ITEMS, dtype=np.int32)
        p = np.stack([inverse.sum_of_rows(columns[c : c + 1]) for c in range(ITEMS)])
        order = inverse.items
        gram = x[:, order].T.astype(float) @ x[:, order]
        assert np.abs(p - np.linalg.inv(gram + 2.0 * np.eye(ITEMS))).max() < 1e-12
        assert np.allclose(inverse.block(columns, columns), p) and np.allclose(inverse.diagonal, np.diag(p))


def test_rows_that_have_taken_the_changes_in_and_rows_that_have_not_give_one_inverse() -> None:
    rng = np.random.default_rng(0)
    inverse, n = GramInverse(2.0, 500), 300
    rows = [rng.choice(n, 20, replace=False).astype(np.int32) for _ in range(90)]
    for first in range(0, 90, 30):
        inverse.exchange([], rows[first : first + 30])
    columns = inverse.columns(rows[0])
    before = inverse.sum_of_rows(columns)
    inverse.flush_strip()
    assert inverse.wants_flush and np.allclose(inverse.sum_of_rows(columns), before, atol=1e-14)
    assert np.allclose(inverse.flushed()[columns].sum(axis=0), before, atol=1e-14)


class _NeverAnew(Ease):
    """Fails when it computes its inverse anew."""

    trained: ClassVar[bool] = False

    def _factorise(self) -> None:
        assert not self.trained, "an update must not be a new training"
        super()._factorise()


def test_following_and_forgetting_never_train_anew_and_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    events = random_log(1, 600, PEOPLE, ITEMS)
    engine = _NeverAnew(EaseOptions(l2=5.0))
    engine.fit(events.take(slice(0, 300)), RUN)
    monkeypatch.setattr(_NeverAnew, "trained", True)
    engine.apply(events.take(slice(300, None)))
    engine.forget(7)
    settle(engine)
    expected = _fitted(events.take(events.user != 7))
    for user in range(PEOPLE):
        ranking, other = (e.recommend(ask(user, ITEMS, ITEMS)) for e in (engine, expected))
        assert np.allclose(ranking.scores, other.scores, rtol=0, atol=BOUND)


def test_an_event_counts_for_its_person_at_once_and_for_others_when_settled() -> None:
    engine = _fitted(_stars(2))
    engine.apply(Events.of([0], [ITEMS - 1], time=[10**6]))
    assert ITEMS - 1 not in engine.recommend(ask(0, ITEMS, ITEMS)).items and engine.pending == 1
    settle(engine)
    assert engine.pending == 0


def test_a_person_is_forgotten_at_once_while_others_wait() -> None:
    events = _stars(3)
    engine = _fitted(events)
    engine.apply(Events.of([5, 6, 6], [1, 2, 3], time=[10**6] * 3))
    engine.forget(6)
    assert engine.pending == 1 and not engine.knows(6)


def test_a_drifting_inverse_is_computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ease, "check_every", 1)
    events = _stars(4)
    engine, expected = _fitted(events), _fitted(events)
    engine._inverse.flushed()[:] += 1e-6
    for either in (engine, expected):
        either.apply(Events.of([1], [2], [5.0], time=[10**6]))
        settle(either)
    ranking, other = engine.recommend(ask(1, ITEMS, ITEMS)), expected.recommend(ask(1, ITEMS, ITEMS))
    assert np.allclose(ranking.scores, other.scores, rtol=0, atol=BOUND)


def test_too_large_a_catalogue_is_refused_with_the_memory_it_would_take() -> None:
    with pytest.raises(ValueError, match=r"30 items have preferences, the option 'max_items' allows 29.* GB"):
        _fitted(_stars(5), max_items=29)


def test_items_beyond_the_limit_are_left_out_until_then() -> None:
    engine = _fitted(_stars(5), max_items=ITEMS)
    engine.apply(Events.of([0, 1], [ITEMS, ITEMS]))
    settle(engine)
    assert ITEMS not in engine.recommend(ask(2, 100, ITEMS + 1)).items


def test_a_visitor_gets_what_a_person_with_that_history_gets() -> None:
    events = _stars(6)
    engine = _fitted(events)
    taste = taste_of(engine.preferences, ask(9))
    history = History(taste.item[::-1], taste.weight[::-1], np.arange(len(taste.item)))
    known = engine.recommend(ask(9, ITEMS, ITEMS, include_seen=True))
    visitor = engine.recommend(ask(-1, ITEMS, ITEMS, include_seen=True, history=history))
    assert known.items.tolist() == visitor.items.tolist() and known.scores.tolist() == visitor.scores.tolist()


def test_unknown_items_of_a_visitor_are_passed_over() -> None:
    engine = _fitted(_stars(6))
    strange = History(np.array([10_000], np.int32), np.ones(1), np.zeros(1, np.int64))
    assert len(engine.recommend(ask(-1, history=strange))) == 0


def test_an_inverse_of_the_wrong_shape_is_refused() -> None:
    state = _fitted(_stars(7)).state()
    state.arrays["inverse"].resize((2, 2), refcheck=False)
    with pytest.raises(ValueError, match="inverse"):
        Ease(EaseOptions(l2=5.0)).load(state)


def test_an_empty_inverse_has_no_columns() -> None:
    assert len(GramInverse(1.0, 10).columns(np.array([0, 5], np.int32))) == 0
    assert GramInverse(1.0, 10).residual(Preferences(), 0) == 0.0
