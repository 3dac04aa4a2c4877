"""Gram matrices against numpy, the best of dense scores against a sort."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.kernels.dense_scores import best_items, sum_of_rows
from footlight_engines.kernels.grams import add_gram_rows, gram_times, mirror
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Events


def _preferences(seed: int) -> tuple[Preferences, NDArray[np.float64], NDArray[np.int32]]:
    """Random preferences, some of them dislikes; X of the likes; the column of each item, all but one having one."""
    rng = np.random.default_rng(seed)
    user, item = rng.integers(9, size=60), rng.integers(7, size=60)
    preferences = Preferences()
    preferences.record(Events.of(user, item, rng.choice([-1.0, 0.0, 1.0, 3.0], size=60)))
    x = np.zeros((9, len(preferences.data.item_start)))
    for person in range(9):
        row = slice(preferences.data.person_start[person], None)
        for r in range(preferences.data.person_length[person]):
            x[person, preferences.data.item[row][r]] = preferences.data.weight[row][r] > 0
    column = np.full(x.shape[1], -1, np.int32)
    column[[5, 0, 6, 2, 1, 3]] = np.arange(6)
    return preferences, x[:, [5, 0, 6, 2, 1, 3]], column


@pytest.mark.parametrize("seed", range(3))
def test_the_gram_matrix_counts_who_likes_both(seed: int) -> None:
    preferences, x, column = _preferences(seed)
    gram = np.zeros((6, 6))
    for first, last in ((0, 2), (2, 6)):
        add_gram_rows(preferences.data, np.array([5, 0, 6, 2, 1, 3], np.int32), column, first, last, gram)
    mirror(gram, 0, 6)
    assert gram.tolist() == (x.T @ x).tolist()


def test_products_with_the_gram_matrix_need_no_matrix() -> None:
    preferences, x, column = _preferences(4)
    vector, product = np.arange(6.0), np.ones(6)
    gram_times(preferences.data, column, 9, vector, product)
    assert product.tolist() == (1.0 + x.T @ (x @ vector)).tolist()


@pytest.mark.parametrize("n", [1, 31, 32, 33, 70])
def test_what_is_below_the_diagonal_is_mirrored(n: int) -> None:
    matrix = np.random.default_rng(n).random((n, n))
    lower = np.tril(matrix)
    mirror(matrix, 0, n)
    assert matrix.tolist() == (lower + np.tril(lower, -1).T).tolist()


def test_sums_of_rows() -> None:
    matrix, total = np.arange(12.0).reshape(3, 4), np.ones(3)
    sum_of_rows(matrix, np.array([2, 0, 2], np.int32), total)
    assert total.tolist() == [17.0, 20.0, 23.0]


@pytest.mark.parametrize("count", [1, 3, 20])
def test_the_best_items_are_the_head_of_a_sort(count: int) -> None:
    rng = np.random.default_rng(count)
    scores, servable = rng.choice([-np.inf, -1.0, 0.0, 0.5], size=15), rng.random(12) < 0.7
    items, best = np.empty(count, np.int32), np.empty(count)
    size = best_items(scores, servable, items, best)
    allowed = [n for n in range(12) if servable[n] and scores[n] > -np.inf]
    expected = sorted(allowed, key=lambda n: (-scores[n], n))[:count]
    assert items[:size].tolist() == expected and best[:size].tolist() == scores[expected].tolist()
