"""An answer and what it is filled up with read as one."""

from __future__ import annotations

import numpy as np
import pytest

from footlight_plugins import Basis, Query, Ranking
from footlight_server.dispatch.filling import Found, chosen, joined, newest, open_places, reasoned


def ranking(items: list[int], scores: list[float], **more: object) -> Ranking:
    return Ranking(np.array(items, np.int32), np.array(scores), **more)  # type: ignore[arg-type]


def found(whole: Ranking) -> Found:
    return Found(whole, whole.items.tolist(), whole.scores.tolist())


BECAUSE = ranking(
    [3, 1],
    [0.9, 0.4],
    basis=Basis.BECAUSE_OF_ITEM,
    because=np.array([[7, 8], [9, -1]], np.int32),
    shares=np.array([[0.6, 0.4], [1.0, 0.0]]),
)
POPULAR = ranking([5, 6], [12.0, 7.0], basis=Basis.POPULAR, people=np.array([12, 7], np.int32))


def test_reasons_of_both_stay_with_their_lines() -> None:
    reasons = reasoned(joined(found(BECAUSE), POPULAR, 2).ranking, 2)
    assert reasons.because.tolist() == [[7, 8], [9, -1], [-1, -1], [-1, -1]]
    assert reasons.bases.tolist() == [[1, 1], [1, 0], [3, 0], [3, 0]]
    assert reasons.people.tolist() == [0, 0, 12, 7]


@pytest.mark.parametrize(("lowest", "expected"), [(0.4, 0.0), (-2.0, -2.0)])
def test_what_was_filled_up_does_not_outrank_what_was_scored(lowest: float, expected: float) -> None:
    whole = joined(found(ranking([3, 1], [0.9, lowest])), POPULAR, 0)
    assert (whole.items, whole.scores[2:]) == ([3, 1, 5, 6], [expected, expected])


def test_no_chance_played_a_part_in_what_was_filled_up() -> None:
    whole = joined(found(ranking([3], [0.9], propensity=np.array([0.25]))), POPULAR, 0).ranking
    assert whole.propensity is not None and whole.propensity[0] == 0.25 and np.isnan(whole.propensity[1:]).all()


def test_nothing_is_joined_where_nothing_was_found() -> None:
    only = found(BECAUSE)
    assert joined(only, Ranking.empty(), 2) is only


def test_chosen_lines_keep_their_reasons() -> None:
    some = chosen(found(BECAUSE), np.array([1]))
    assert (some.items, some.scores) == ([1], [0.4]) and reasoned(some.ranking, 1).because.tolist() == [[9]]


def test_the_newest_come_first_and_only_where_there_is_room() -> None:
    query = Query(0, 9, np.array([True, True, False, True, True]), np.array([0, 99], np.int32))
    mask = open_places(query, np.array([4], np.int32))
    assert newest(mask, 9).items.tolist() == [3, 1] and newest(mask, 1).items.tolist() == [3]
