"""What people have in common with somebody, summed up from half bytes, against a dense product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from footlight_engines.kernels import popular_weights
from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.popular_weights import SIDE
from footlight_engines.recommend.popular_weights import PopularColumns
from footlight_engines.recommend.preferences import WEIGHT_ONE, Preferences
from footlight_plugins import EventKind, Events

fits, sum_products = kernel()(popular_weights.fits), kernel()(popular_weights.sum_products)
sum_wide_products = kernel()(popular_weights.sum_wide_products)
_ITEMS = 30
_FAR = np.array([0, 1, 7, 8, SIDE - 1, SIDE, 2 * SIDE - 1, 2 * SIDE, 3 * SIDE + 5], np.int32)
"""People at the ends of bytes, words and sides."""


def _log(seed: int, rows: int, values: list[float], time: int) -> Events:
    rng = np.random.default_rng(seed)
    user, item = rng.choice(_FAR, rows), rng.integers(_ITEMS, size=rows)
    kind = rng.choice([EventKind.RATING, EventKind.RETRACTION], rows, p=[0.8, 0.2])
    return Events.of(user, item, rng.choice(values, rows), kind=kind.tolist(), time=np.arange(time, time + rows))


def _matrix(events: Events, people: int) -> NDArray[np.int64]:
    matrix = np.zeros((people, _ITEMS), np.int64)
    for user, item, kind, value in zip(events.user, events.item, events.kind, events.value, strict=True):
        matrix[user, item] = 0 if kind == EventKind.RETRACTION else round(value * WEIGHT_ONE)
    return matrix


def _summed(columns: PopularColumns, preferences: Preferences, weights: NDArray[np.int32]) -> NDArray[np.int64]:
    popular, sums = columns.at_hand()
    items = np.arange(_ITEMS, dtype=np.int32)
    assert fits(popular, items, weights)
    sum_products(preferences.data, popular, sums, items, weights)
    return sums.total[: preferences.people].astype(np.int64)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    values=st.sampled_from([[1.0], [0.5, 1.0, 3.5, 5.0], [1.0, 10.0], [-1.0, 2.0], [0.3, 4.0], [8.5, 9.0]]),
    later=st.sampled_from([[1.0], [0.5, 5.0], [0.0625], [-2.0, 900.0]]),
)
def test_sums_are_those_of_the_dense_product_whatever_came_after_the_columns_were_chosen(
    seed: int, values: list[float], later: list[float]
) -> None:
    first, second = _log(seed, 60, values, 0), _log(seed + 1, 20, later, 60)
    preferences = Preferences()
    columns = PopularColumns(preferences)
    preferences.replace(first)
    columns.choose()
    preferences.record(second)
    columns.follow(second)
    weights = np.random.default_rng(seed).integers(-90, 90, _ITEMS).astype(np.int32)
    matrix = _matrix(first, preferences.people)
    after = _matrix(second, preferences.people)
    said = np.zeros(matrix.shape, np.bool_)
    said[second.user, second.item] = True
    np.testing.assert_array_equal(_summed(columns, preferences, weights), np.where(said, after, matrix) @ weights)


def test_items_that_few_people_have_get_no_column() -> None:
    preferences = Preferences()
    columns = PopularColumns(preferences)
    preferences.replace(Events.of(np.arange(100), np.where(np.arange(100) < 2, 1, 0)))
    columns.choose()
    assert columns.at_hand()[0].column.tolist() == [0, -1]


def test_a_person_who_is_forgotten_is_in_no_column() -> None:
    preferences = Preferences()
    columns = PopularColumns(preferences)
    preferences.replace(Events.of([0, 1, 1], [0, 0, 1], [5.0, 3.0, 2.0]))
    columns.choose()
    columns.forget(1)
    preferences.forget(1)
    popular, _ = columns.at_hand()
    assert np.flatnonzero(popular.code.any(axis=0)).tolist() == [0] and popular.root[1] == 0.0


def test_more_people_than_there_was_room_for_are_summed_up_as_well() -> None:
    preferences = Preferences()
    columns = PopularColumns(preferences)
    preferences.replace(Events.of([0, 1], [0, 0]))
    columns.choose()
    many = Events.of(np.arange(200), np.zeros(200, np.int32))
    preferences.record(many)
    columns.follow(many)
    assert _summed(columns, preferences, np.ones(_ITEMS, np.int32)).tolist() == [WEIGHT_ONE] * 200


@pytest.mark.parametrize("twice", [False, True])
def test_sums_that_could_leave_32_bits_are_summed_up_in_64(twice: bool) -> None:
    size = 9 if not twice else 3
    preferences = Preferences()
    columns = PopularColumns(preferences)
    preferences.replace(Events.of(np.zeros(size, np.int32), np.arange(size), np.full(size, 1_000.0)))
    columns.choose()
    popular, sums = columns.at_hand()
    items = np.arange(size, dtype=np.int32) if not twice else np.repeat(np.arange(size, dtype=np.int32), 3)
    weights = np.full(len(items), 16_000, np.int32)
    sum_wide_products(preferences.data, sums, items, weights)
    assert not fits(popular, items, weights) and sums.wide[0] == 9 * 16_000**2
