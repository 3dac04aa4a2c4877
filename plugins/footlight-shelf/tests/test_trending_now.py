"""What many people meet at present is proposed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from footlight_shelf import register_parts
from footlight_shelf.trending_now import DAY, HOUR, TrendingNow, TrendingNowOptions

from footlight_plugins import EventKind, Events, Query
from footlight_plugins.testing import CandidateSourceSuite

NOW = 1_790_000_000_000_000


class TestTrendingNow(CandidateSourceSuite):
    spec = register_parts()[1]


def proposed(
    user: list[int], item: list[int], hours: list[float], kind: Any = EventKind.VIEW, **options: Any
) -> list[int]:
    """What is proposed after some people met some items so many hours ago."""
    source = TrendingNow(TrendingNowOptions(**options))
    source.hear(Events.of(user, item, kind=kind, time=[int(NOW - ago * HOUR) for ago in hours]))
    return source.propose(Query(-1, 5, np.ones(9, np.bool_), time=NOW)).items.tolist()


def test_more_people_come_first() -> None:
    assert proposed([0, 1, 2, 0, 1], [4, 4, 4, 7, 7], [1.0] * 5) == [4, 7]


def test_what_was_met_later_counts_more() -> None:
    assert proposed([0, 1, 2, 0, 1], [4, 4, 4, 7, 7], [48.0] * 3 + [1.0] * 2) == [7, 4]  # 3/4 against nearly 2


@pytest.mark.parametrize(("least", "expected"), [(1, [4, 7]), (2, [4]), (3, [])])
def test_an_item_that_too_few_have_met_is_left_out(least: int, expected: list[int]) -> None:
    assert proposed([0, 1, 2], [4, 4, 7], [1.0] * 3, least_people=least) == expected


def test_one_person_counts_once() -> None:
    assert proposed([0] * 5 + [1, 2], [4] * 5 + [7, 7], [1.0] * 7, least_people=1) == [7, 4]


def test_whoever_takes_it_back_counts_no_more() -> None:
    kinds = [EventKind.LIKE, EventKind.LIKE, EventKind.RETRACTION]
    assert proposed([0, 1, 0], [4, 4, 4], [3.0, 3.0, 1.0], kinds) == []


def test_what_is_older_than_the_window_is_forgotten() -> None:
    assert proposed([0, 1], [4, 4], [24 * 8.0] * 2) == [] and DAY == 24 * HOUR
