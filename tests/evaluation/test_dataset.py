"""The array functions that splits and figures are made of, against numpy's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from footlight_plugins.evaluation.dataset import distinct, group_sizes, occurs, places

KEYS = st.lists(st.integers(0, 9), max_size=30).map(lambda keys: np.array(keys, np.int64))


@given(KEYS, KEYS)
def test_distinct_and_occurs_are_numpys_unique_and_isin(first: np.ndarray, second: np.ndarray) -> None:
    assert (distinct(first) == np.unique(first)).all()
    assert (occurs(first, second) == np.isin(first, second)).all()


@given(KEYS)
def test_a_place_is_the_number_of_equals_before(keys: np.ndarray) -> None:
    assert places(keys).tolist() == [int((keys[:row] == key).sum()) for row, key in enumerate(keys)]


@given(KEYS)
def test_the_size_of_a_group_is_its_count(keys: np.ndarray) -> None:
    ordered = np.sort(keys)
    assert group_sizes(ordered).tolist() == [int((keys == key).sum()) for key in ordered]
