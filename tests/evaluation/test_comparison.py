"""Two recommenders are compared on the same splits, pair by pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from footlight_plugins.evaluation import Dataset, differences, evaluate
from footlight_plugins.evaluation.intervals import over_people


def test_on_one_split_the_pairs_are_people(small: Dataset) -> None:
    first, second = (evaluate(engine, small, "leave-last") for engine in ("item-knn", "popular"))
    found = differences(first, second)["ndcg@10"]
    assert found == over_people(first.people["ndcg@10"] - second.people["ndcg@10"])
    assert found.mean == pytest.approx(first.metrics["ndcg@10"].mean - second.metrics["ndcg@10"].mean)


def test_on_several_splits_the_pairs_are_splits(small: Dataset) -> None:
    first, second = (evaluate(engine, small, "holdout", seeds=(1, 2)) for engine in ("item-knn", "popular"))
    gaps = [one.metrics["hit@5"].values for one in (first, second)]
    assert differences(first, second)["hit@5"].values == tuple(np.array(gaps[0]) - np.array(gaps[1]))


def test_nothing_differs_from_itself(small: Dataset) -> None:
    found = evaluate("popular", small, "leave-last")
    assert {(one.mean, one.low, one.high) for one in differences(found, found).values()} == {(0.0, 0.0, 0.0)}


def test_what_was_measured_on_other_splits_is_not_compared(small: Dataset) -> None:
    found = evaluate("popular", small, "leave-last")
    with pytest.raises(ValueError, match="where plan and data are the same"):
        differences(found, replace(found, plan=replace(found.plan, seeds=(9,))))
