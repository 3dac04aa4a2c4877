"""Rows of the neighbour table against dense matrices."""

from __future__ import annotations

from itertools import permutations
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from footlight_engines.kernels import neighbour_gains, neighbour_rows
from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.neighbours import MARGIN, Rule, current_bound
from footlight_engines.recommend import neighbour_table
from footlight_engines.recommend.neighbour_table import NeighbourTable
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Events

common, gather_overlaps = kernel()(neighbour_gains.common), kernel()(neighbour_rows.gather_overlaps)
_PEOPLE, _ITEMS = 9, 14


def _weights(seed: int, values: tuple[float, ...] = (1.0, 2.0, 5.0)) -> NDArray[np.int64]:
    """Whole weights, shape (people, items), most of them 0."""
    rng = np.random.default_rng(seed)
    matrix = rng.choice(values, size=(_PEOPLE, _ITEMS)) * (rng.random((_PEOPLE, _ITEMS)) < 0.4)
    weights: NDArray[np.int64] = np.rint(matrix * 16).astype(np.int64)
    return weights


def _built(weights: NDArray[np.int64], rule: Rule, spare: int = 2, gains: int = 3) -> NeighbourTable:
    preferences = Preferences()
    user, item = np.nonzero(weights)
    preferences.replace(Events.of(user, item, weights[user, item] / 16))
    table = NeighbourTable(rule, preferences, spare, gains)
    table.rebuild()
    return table


def _similarities(weights: NDArray[np.int64], shrinkage: float) -> NDArray[np.float64]:
    """The dense cosine, shape (items, items), 0 on the diagonal."""
    overlap = weights.T @ weights
    root = np.sqrt(np.diag(overlap))
    similarity = overlap / np.maximum(np.outer(root, root) + shrinkage, 1e-300)
    np.fill_diagonal(similarity, 0.0)
    return similarity


def _expected(similarity: NDArray[np.float64], rule: Rule) -> list[tuple[int, float]]:
    """The neighbours of one row by sorting all of it."""
    order = np.lexsort((np.arange(len(similarity)), -similarity))[: rule.k]
    return [(int(j), float(similarity[j])) for j in order if similarity[j] > 0 and similarity[j] >= rule.minimum]


@pytest.mark.parametrize("values", [(1.0,), (1.0, 2.0, 5.0), (-3.0, 0.5, 4.0)])
@pytest.mark.parametrize("rule", [Rule(1, 0.0, 0.0), Rule(3, 0.0, 400.0), Rule(20, 0.3, 0.0)])
def test_neighbours_are_those_of_the_dense_cosine(values: tuple[float, ...], rule: Rule) -> None:
    weights = _weights(3, values)
    table, similarity = _built(weights, rule), _similarities(weights, rule.shrinkage)
    for item in range(_ITEMS):
        items, scores = table.neighbours(item)
        assert list(zip(items.tolist(), scores.tolist(), strict=True)) == _expected(similarity[item], rule)


def test_overlaps_of_a_row_are_those_of_the_dense_product() -> None:
    weights = _weights(4, (-3.0, 0.5, 4.0))
    x, _, scratch = _built(weights, Rule(3, 0.0, 0.0)).parts()
    product = weights.T @ weights
    for item in range(_ITEMS):
        met = scratch.touched[: gather_overlaps(x, scratch, item)]
        assert scratch.cell[met, 1].tolist() == product[item, met].tolist()
        assert set(np.flatnonzero(product[item]).tolist()) <= set(met.tolist())


def test_the_overlap_of_two_items_is_the_dense_one() -> None:
    weights = _weights(5, (-3.0, 0.5, 4.0))
    x, table, scratch = _built(weights, Rule(3, 0.0, 0.0)).parts()
    product = weights.T @ weights
    assert all(common(x, table, scratch, i, j) == product[i, j] for i, j in permutations(range(_ITEMS), 2))


@settings(max_examples=80)
@given(
    seed=st.integers(0, 10_000),
    spare=st.integers(0, 3),
    gains=st.integers(1, 4),
    few=st.sampled_from([(0, 0), (0, 3), (3, 3), (2, 4), (64, 256)]),
    shrinkage=st.sampled_from([0.0, 300.0]),
    values=st.sampled_from([(1.0, 3.0), (-1.0, 1.0, 3.0)]),
    popular=st.sampled_from([0.1, 3.0, 1e9]),
)
def test_bounds_hold_after_every_event(
    seed: int, spare: int, gains: int, few: tuple[int, int], shrinkage: float, values: tuple[float, ...], popular: float
) -> None:
    rng = np.random.default_rng(seed)
    weights = _weights(seed, values)
    rule = Rule(2, 0.0, shrinkage, *few)
    with patch.object(neighbour_table, "_POPULAR", popular):
        table = _built(weights, rule, spare, gains)
    for n in range(24):
        user, item = int(rng.integers(_PEOPLE)), int(rng.integers(_ITEMS))
        value = float(rng.choice([*values, 0.0, 4.0]))
        if n % 7 == 6:
            weights[user] = 0
            table.forget(user)
        else:
            weights[user, item] = round(value * 16)
            table.follow(Events.of([user], [item], value, time=[1_000 + n]))
        _assert_bounded(table, weights, shrinkage)
        if n % 4 == 0:
            items, scores = table.neighbours(item)
            expected = _expected(_similarities(weights, shrinkage)[item], rule)
            assert list(zip(items.tolist(), scores.tolist(), strict=True)) == expected


@pytest.mark.parametrize("left_out", [set(), {"popular", "popular_overlap"}])
def test_a_stored_table_goes_on_with_or_without_what_is_kept_of_popular_items(left_out: set[str]) -> None:
    weights, rule = _weights(8), Rule(3, 0.0, 0.0, 0, 0)
    with patch.object(neighbour_table, "_POPULAR", 0.1):
        table, again = _built(weights, rule), _built(weights, rule)
    stored = table.arrays()
    again.load({name: array for name, array in stored.items() if name not in left_out})
    assert len(stored["popular"]) > 0 and len(again.parts()[1].popular_overlap) == len(stored["popular"]) * (
        not left_out
    )
    for one in (table, again):
        one.follow(Events.of([0, 1, 2], [5, 6, 5], [4.0, 4.0, 4.0], time=[9, 9, 9]))
    for item in range(_ITEMS):
        assert [found.tolist() for found in again.neighbours(item)] == [
            found.tolist() for found in table.neighbours(item)
        ]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("popular", np.array([3, 3, 4], np.int32)), ("popular_overlap", np.zeros((2, _ITEMS), np.int64))],
)
def test_a_stored_table_with_wrong_popular_items_is_refused(name: str, wrong: NDArray[np.generic]) -> None:
    weights, rule = _weights(8), Rule(3, 0.0, 0.0)
    with patch.object(neighbour_table, "_POPULAR", 0.1):
        table = _built(weights, rule)
    with pytest.raises(ValueError, match="popular"):
        table.load(table.arrays() | {name: wrong})


def _assert_bounded(table: NeighbourTable, weights: NDArray[np.int64], shrinkage: float) -> None:
    """Listed overlaps are the true ones, and without its written gain nothing else exceeds the bound."""
    _, rows, _ = table.parts()
    overlap = weights.T @ weights
    root = np.sqrt(np.diag(overlap))
    for item in np.flatnonzero(rows.popular[:_ITEMS] >= 0).tolist():
        kept = rows.popular_overlap[rows.popular[item], :_ITEMS]
        assert np.delete(kept, item).tolist() == np.delete(overlap[item], item)[: len(kept) - 1].tolist()
    for item in range(min(_ITEMS, len(rows.length))):
        listed = rows.neighbour[item, : rows.length[item]]
        gainers = rows.gainer[item, : rows.gains[item]]
        assert len({*listed.tolist(), *gainers.tolist(), item}) == len(listed) + len(gainers) + 1
        held, alive = rows.overlap[item, : len(listed)], root[listed] * root[item] > 0.0
        assert (held[alive] == overlap[item, listed[alive]]).all()
        ungained = overlap[item].astype(float)
        ungained[gainers] -= rows.gain[item, : len(gainers)]
        bounded = ungained / np.maximum(root[item] * root + shrinkage, 1e-300)
        limit = 0.0 if rows.complete[item] else current_bound(rows, item) * MARGIN
        assert np.delete(bounded, [*listed.tolist(), item]).max(initial=0.0) <= limit
