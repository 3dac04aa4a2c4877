"""Confidence intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from footlight_plugins.evaluation.intervals import over_people, over_seeds


def test_over_people_the_interval_is_the_normal_one() -> None:
    found = over_people(np.array([0.0, 1.0, 1.0, 0.0]))
    assert found.mean == 0.5 and found.high - 0.5 == pytest.approx(1.959964 * math.sqrt(1 / 3) / 2)


def test_over_two_seeds_the_interval_is_students() -> None:
    found = over_seeds([1.0, 3.0])
    assert found.mean == 2.0 and found.high - 2.0 == pytest.approx(12.7062 * math.sqrt(2) / math.sqrt(2))


def test_people_without_a_figure_do_not_count() -> None:
    assert over_people(np.array([np.nan, 2.0, 4.0])).mean == 3.0


def test_of_one_person_there_is_no_interval() -> None:
    assert over_people(np.array([2.0])).json() == {"mean": 2.0, "ci95": None}


def test_intervals_hold_the_truth_about_19_times_out_of_20() -> None:
    rng = np.random.default_rng(1)
    draws = (over_people((rng.random(400) < 0.3).astype(np.float64)) for _ in range(2_000))
    held = [one.low <= 0.3 <= one.high for one in draws]
    assert 0.93 < np.mean(held) < 0.97
