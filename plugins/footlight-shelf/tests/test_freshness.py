"""What is new comes further up, as far as the options say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from footlight_shelf import register_parts
from footlight_shelf.freshness import DAY, Freshness, FreshnessOptions

from footlight_plugins import Shortlist
from footlight_plugins.testing import ReRankerSuite
from footlight_plugins.testing.fixtures import PluginRegistry

NOW = 1_790_000_000_000_000
"""In September 2026."""


class TestFreshness(ReRankerSuite):
    spec = register_parts()[0]


class TestFreshnessByYear(ReRankerSuite):
    spec = register_parts()[0]
    options = {"year_attribute": "year", "half_life_days": 365.0}  # noqa: RUF012


def order(days: list[float], years: list[float] | None = None, **options: Any) -> list[int]:
    """The order of items with scores 4, 3, 2 ... that are so many days old."""
    created = np.array([NOW - day * DAY for day in days], np.int64)
    scores = np.arange(len(days) + 1, 1, -1, dtype=np.float64)
    items = np.arange(len(days), dtype=np.int32)
    attributes = {"year": np.array(years)} if years is not None else {}
    shortlist = Shortlist(items, scores, len(days), time=NOW, created=created, attributes=attributes)
    return Freshness(FreshnessOptions(**options)).order(shortlist).tolist()


@pytest.mark.parametrize(
    ("days", "options", "expected"),
    [
        ([3.0, 2.0, 1.0], {"weight": 0.0}, [0, 1, 2]),
        ([3.0, 2.0, 1.0], {"weight": 1.0}, [2, 1, 0]),
        ([500.0, 100.0, 0.0], {"weight": 0.6, "half_life_days": 10.0}, [2, 0, 1]),  # 0.4 + 0, 0.2 + 0, 0 + 0.6
        ([60.0, 30.0, 3.0], {"weight": 0.4, "half_life_days": 1.0}, [0, 1, 2]),  # 0.6 + 0, 0.3 + 0, 0 + 0.05
    ],
)
def test_the_weight_and_the_half_life_say_how_much_it_counts_to_be_new(
    days: list[float], options: dict[str, float], expected: list[int]
) -> None:
    assert order(days, **options) == expected


def test_an_item_without_a_year_counts_as_old() -> None:
    assert order([0.0] * 3, [np.nan, 1950.0, 2026.0], weight=1.0, year_attribute="year") == [2, 1, 0]


def test_what_is_yet_to_come_is_as_new_as_what_came_now() -> None:
    assert order([0.0, -40.0], weight=1.0) == [0, 1]


def test_the_plugin_loads() -> None:
    registry = PluginRegistry()
    registry.add("footlight_shelf", name="shelf")
    assert [part.name for part in registry.load(strict=True).parts] == ["freshness", "trending-now"]
