"""What is held back, and what never is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from footlight_plugins.evaluation import PROTOCOLS, Dataset
from footlight_plugins.evaluation import splits as ways
from footlight_plugins.evaluation.dataset import places
from footlight_plugins.evaluation.splits import Split, all_rows

NAMES = tuple(PROTOCOLS)


@pytest.fixture
def prepared(small: Dataset) -> Dataset:
    """The small data with a test part of its own, so that every protocol can be asked."""
    return replace(small, test=places(small.user) >= 10)


def rows_of(parts: list[Split], name: str) -> list[set[int]]:
    return [set(getattr(part, name).tolist()) for part in parts]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_both_learned_from_and_tested(prepared: Dataset, name: str) -> None:
    for part in (*PROTOCOLS[name].test(prepared, 3), *PROTOCOLS[name].validation(prepared, 3, 4)):
        assert len(part.train) and len(part.test)
        assert not set(part.train) & set(part.test) and not set(part.masked) & {*part.train, *part.test}


@pytest.mark.parametrize("name", NAMES)
def test_choosing_options_never_sees_a_row_of_the_test(prepared: Dataset, name: str) -> None:
    for seed, draw in ((1, 1), (1, 2), (7, 1)):
        test = rows_of(PROTOCOLS[name].test(prepared, seed), "test")[0]
        (part,) = PROTOCOLS[name].validation(prepared, seed, draw)
        assert not test & {*part.train, *part.test, *part.masked}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_draws_the_same_split(prepared: Dataset, name: str) -> None:
    first, second = (PROTOCOLS[name].test(prepared, 7) for _ in range(2))
    assert rows_of(first, "test") == rows_of(second, "test")


@pytest.mark.parametrize(
    "name", ["ms-ml100k", "recbole-ml100k", "surprise-5fold", "holdout", "cold-items", "cold-people"]
)
def test_another_seed_draws_another_split(small: Dataset, name: str) -> None:
    assert rows_of(PROTOCOLS[name].test(small, 7), "test") != rows_of(PROTOCOLS[name].test(small, 8), "test")


def test_a_quarter_of_each_items_rows_is_held_back(small: Dataset) -> None:
    part = ways.by_item(small, all_rows(small), 1)
    learned, all_of_it = np.bincount(small.item[part.train]), np.bincount(small.item)
    assert (learned == np.round(0.75 * all_of_it)).all()


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, (1, 0, 0)), (2, (1, 0, 1)), (3, (1, 1, 1)), (9, (7, 1, 1)), (20, (16, 2, 2))]
)
def test_three_ways_have_the_sizes_of_recbole(count: int, sizes: tuple[int, int, int]) -> None:
    data = Dataset("x", np.zeros(count, np.int32), np.arange(count, dtype=np.int32), None, None, 1, count)
    assert tuple(map(len, ways.three_ways(data, all_rows(data), 5))) == sizes


def test_the_last_event_is_the_latest_in_time_and_among_equals_the_last_in_the_file() -> None:
    user, item = np.zeros(4, np.int32), np.arange(4, dtype=np.int32)
    data = Dataset("x", user, item, None, np.array([5, 9, 9, 1]), 1, 4)
    assert ways.last_of_each(data, all_rows(data)).test.tolist() == [2]


def test_people_with_two_events_are_not_tested_by_their_last() -> None:
    data = Dataset("x", np.array([0, 0, 1, 1, 1], np.int32), np.arange(5, dtype=np.int32), None, None, 2, 5)
    assert ways.last_of_each(data, all_rows(data)).test.tolist() == [4]


def test_the_validation_of_leave_last_is_the_event_before_the_last(small: Dataset) -> None:
    last, before = PROTOCOLS["leave-last"].test(small, 0)[0], PROTOCOLS["leave-last"].validation(small, 0, 0)[0]
    place = places(small.user)
    assert (place[last.test] == 11).all() and (place[before.test] == 10).all() and len(before.test) == 40


def test_a_test_row_that_repeats_what_was_learned_is_left_out() -> None:
    data = Dataset("x", np.zeros(4, np.int32), np.array([0, 1, 0, 2], np.int32), None, None, 1, 3)
    assert ways.fresh(data, Split(np.array([0, 1]), np.array([2, 3]))).test.tolist() == [3]


def test_new_items_are_held_out_altogether(small: Dataset) -> None:
    part = ways.new_items(small, all_rows(small), 2)
    assert part.candidates is not None and part.candidates.sum() == 3
    assert part.candidates[small.item[part.test]].all() and not part.candidates[small.item[part.train]].any()


def test_new_people_are_known_by_their_first_three_events(small: Dataset) -> None:
    part = ways.new_people(small, all_rows(small), 2)
    people = np.unique(small.user[part.test])
    known = part.train[np.isin(small.user[part.train], people)]
    assert len(people) == 4 and len(known) == 12 and places(small.user)[known].max() == 2


def test_folds_are_those_of_surprise() -> None:
    """`KFold(5, random_state=0)` shuffles the rows by numpy's legacy generator; 7 rows make folds of 2, 2, 1, 1, 1."""
    order = np.random.RandomState(0).permutation(7)
    assert [part.test.tolist() for part in ways.folds(np.arange(7), 0)] == [
        order[:2].tolist(),
        order[2:4].tolist(),
        [order[4]],
        [order[5]],
        [order[6]],
    ]
