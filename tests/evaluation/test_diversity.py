"""What rankings are like besides being right, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from footlight_plugins import ItemContent
from footlight_plugins.evaluation import Dataset, diversity
from footlight_plugins.evaluation.diversity import coverage, exposure, intra_list, item_sets, popularity
from footlight_plugins.evaluation.lists import Lists

# item 0 was met by 4 people, 1 by 2, 2 by 1, 3 by nobody
USER = np.array([0, 1, 2, 3, 0, 1, 0], np.int32)
ITEM = np.array([0, 0, 0, 0, 1, 1, 2], np.int32)
DATA = Dataset("by hand", USER, ITEM, None, None, users=4, items=4)
TRAIN = np.arange(7)


def lists(*rows: list[int]) -> Lists:
    return Lists(np.arange(len(rows), dtype=np.int32), np.array(rows, np.int32))


def test_coverage_is_the_share_of_the_candidates_that_occur() -> None:
    found = coverage(lists([0, 1], [0, -1]), (1, 2), np.ones(4, np.bool_))
    assert (found["coverage@1"].mean, found["coverage@2"].mean) == (0.25, 0.5)


def test_the_interval_of_the_coverage_is_the_jackknifes() -> None:
    found = coverage(lists([0, 1], [0, 2], [0, 0]), (2,), np.ones(4, np.bool_))["coverage@2"]
    without = np.array([0.5, 0.5, 0.75])  # items left when each of the three lists is left out
    error = np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert found.high - found.low == pytest.approx(2 * 1.959964 * error)


def test_novelty_is_the_surprise_of_the_items_in_bits() -> None:
    found = popularity(lists([1, 2]), DATA, TRAIN, (2,))
    assert found["novelty@2"][0] == pytest.approx((np.log2(4 / 2) + np.log2(4 / 1)) / 2)


def test_popularity_lift_compares_with_what_the_person_has_met() -> None:
    found = popularity(lists([2, 1], [0, -1]), DATA, TRAIN, (2,))
    own = np.array([(4 + 2 + 1) / 3, (4 + 2) / 2])
    assert found["popularity_lift@2"].tolist() == pytest.approx(list(np.array([1.5, 4.0]) / own - 1))


def test_an_empty_list_has_no_novelty() -> None:
    assert np.isnan(popularity(lists([-1, -1]), DATA, TRAIN, (2,))["novelty@2"][0])


def test_diversity_by_people_is_one_minus_the_mean_cosine() -> None:
    found = intra_list(lists([0, 1, 2]), item_sets(DATA, TRAIN), (2, 3))
    cosines = [2 / np.sqrt(4 * 2), 1 / np.sqrt(4 * 1), 1 / np.sqrt(2 * 1)]
    assert found["diversity@2"][0] == pytest.approx(1 - cosines[0])
    assert found["diversity@3"][0] == pytest.approx(1 - np.mean(cosines))


def test_diversity_goes_by_tags_where_the_catalogue_has_some() -> None:
    contents = (ItemContent(0, tags=("a", "b")), ItemContent(1, tags=("b",)), ItemContent(2, tags=("c",)))
    data = replace(DATA, contents=contents)
    found = intra_list(lists([0, 1], [0, 2], [1, -1]), item_sets(data, TRAIN), (2,))["diversity@2"]
    assert found[:2].tolist() == pytest.approx([1 - 1 / np.sqrt(2), 1.0]) and np.isnan(found[2])


def test_exposure_is_shared_out_by_popularity() -> None:
    data = Dataset("x", np.zeros(30, np.int32), np.repeat(np.arange(10, dtype=np.int32), 3), None, None, 1, 10)
    train = np.concatenate([np.arange(30), np.arange(27, 30)])  # item 9 twice as often
    found = exposure(lists([9, 0], [9, -1]), data, train, 2)
    assert found.places[:2] == pytest.approx((2 / 3, 1 / 3)) and found.rows[0] == pytest.approx(6 / 33)


def test_of_many_lists_the_diversity_is_computed_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diversity, "MOST_MEMBERS", 1)
    many = Lists(np.arange(300, dtype=np.int32), np.tile(np.array([0, 1], np.int32), (300, 1)))
    assert len(intra_list(many, item_sets(DATA, TRAIN), (2,))["diversity@2"]) == diversity.LEAST_LISTS
