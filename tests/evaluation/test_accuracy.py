"""The figures of single rankings, by hand and against the formulas written out in loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight_plugins.evaluation.accuracy import NAMES, accuracy, find_hits
from footlight_plugins.evaluation.lists import Lists

HITS = np.array([[True, False, True, False]])  # of 3 items held back, ranks 1 and 3 have one


def by_loops(hits: list[bool], relevant: int, k: int, map_by_all: bool) -> dict[str, float]:
    """The definitions as they stand in the module's docstring."""
    ranks = [rank for rank, hit in enumerate(hits[:k], 1) if hit]
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(relevant, k) + 1))
    exactness = sum((number + 1) / rank for number, rank in enumerate(ranks))
    return {
        "ndcg": sum(1 / math.log2(rank + 1) for rank in ranks) / ideal,
        "recall": len(ranks) / relevant,
        "precision": len(ranks) / k,
        "map": exactness / (relevant if map_by_all else min(relevant, k)),
        "mrr": 1 / ranks[0] if ranks else 0.0,
        "hit": float(bool(ranks)),
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ndcg@2", 1 / (1 + 1 / math.log2(3))),
        ("ndcg@4", 1.5 / (1 + 1 / math.log2(3) + 0.5)),
        ("recall@2", 1 / 3),
        ("recall@4", 2 / 3),
        ("precision@4", 2 / 4),
        ("map@2", 1 / 2),
        ("map@4", (1 + 2 / 3) / 3),
        ("mrr@4", 1.0),
        ("hit@4", 1.0),
    ],
)
def test_a_ranking_worked_out_by_hand(name: str, expected: float) -> None:
    figures = accuracy(HITS, np.array([3]), (2, 4))
    assert figures[name][0] == pytest.approx(expected)


def test_map_divides_by_everything_held_back_where_the_protocol_says_so() -> None:
    figures = accuracy(HITS, np.array([3]), (2,), map_by_all=True)
    assert figures["map@2"][0] == pytest.approx(1 / 3)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 20), st.data(), st.booleans())
def test_figures_are_those_of_the_formulas(hits: list[bool], more: int, data: st.DataObject, by_all: bool) -> None:
    relevant, k = max(1, sum(hits) + more), data.draw(st.integers(1, len(hits)))
    figures = accuracy(np.array([hits]), np.array([relevant]), (k,), by_all)
    expected = by_loops(hits, relevant, k, by_all)
    assert {name: figures[f"{name}@{k}"][0] for name in NAMES} == pytest.approx(expected)


@given(st.lists(st.booleans(), min_size=2, max_size=12), st.data())
def test_a_hit_that_moves_up_never_makes_a_figure_worse(hits: list[bool], data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(hits) - 1))
    better = [*hits[: place - 1], hits[place] or hits[place - 1], hits[place] and hits[place - 1], *hits[place + 1 :]]
    figures = accuracy(np.array([hits, better]), np.full(2, 12), tuple(range(1, len(hits) + 1)))
    assert all(second >= first - 1e-12 for first, second in figures.values())


def test_a_perfect_ranking_has_an_ndcg_of_one_at_every_cutoff() -> None:
    figures = accuracy(np.array([[True, True, False, False]]), np.array([2]), (1, 2, 3, 4))
    assert all(figures[f"ndcg@{k}"][0] == 1.0 for k in (1, 2, 3, 4))


def test_hits_are_found_by_person_and_the_end_of_a_list_is_none() -> None:
    lists = Lists(np.array([0, 2], np.int32), np.array([[1, 0, -1], [1, 4, 0]], np.int32))
    keys = np.array([0 * 5 + 0, 1 * 5 + 1, 2 * 5 + 4])
    assert find_hits(lists, keys, 5).tolist() == [[False, True, False], [False, True, False]]
