"""The best items of a person, and the reasons for them, against dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.kernels.item_scores import explain_by_items, score_by_items, score_many_by_items
from footlight_engines.kernels.neighbours import Rule
from footlight_engines.kernels.own_neighbours import explain_by_own_neighbours, score_by_own_neighbours
from footlight_engines.recommend.neighbour_table import NeighbourTable
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Events

_PEOPLE, _ITEMS, _COUNT = 12, 70, 6
_SERVABLE = np.arange(_ITEMS) % 5 != 0
_EXCLUDE = np.array([3, 8, 900], np.int32)


@pytest.fixture(scope="module")
def values() -> NDArray[np.float64]:
    """What people prefer, shape (people, items): stars, most of them 0."""
    rng = np.random.default_rng(4)
    return np.where(rng.random((_PEOPLE, _ITEMS)) < 0.2, rng.integers(1, 6, (_PEOPLE, _ITEMS)).astype(np.float64), 0.0)


@pytest.fixture(scope="module")
def table(values: NDArray[np.float64]) -> NeighbourTable:
    """Seven neighbours an item, all of them up to date."""
    preferences, (user, item) = Preferences(), np.nonzero(values)
    preferences.replace(Events.of(user, item, values[user, item]))
    made = NeighbourTable(Rule(7, 0.0, 0.0), preferences, 2)
    made.rebuild()
    made.read_rows(np.arange(_ITEMS, dtype=np.int32))
    return made


@pytest.fixture(scope="module")
def similar(table: NeighbourTable) -> NDArray[np.float64]:
    """Row i holds the similarities of the neighbours of item i, shape (items, items)."""
    dense = np.zeros((_ITEMS, _ITEMS))
    for item in range(_ITEMS):
        others, similarity = table.neighbours(item)
        dense[item, others] = similarity
    return dense


def _best(scores: NDArray[np.float64], allowed: NDArray[np.bool_], count: int) -> list[tuple[int, Any]]:
    order = [item for item in np.lexsort((np.arange(_ITEMS), -scores)).tolist() if allowed[item] and scores[item] > 0]
    return [(item, pytest.approx(scores[item], rel=1e-14)) for item in order[:count]]


def _allowed(values: NDArray[np.float64], user: int) -> NDArray[np.bool_]:
    allowed: NDArray[np.bool_] = _SERVABLE & (values[user] == 0)
    allowed[_EXCLUDE[:2]] = False
    return allowed


def _answer(size: int, items: NDArray[np.int32], scores: NDArray[np.float64]) -> list[tuple[int, float]]:
    return list(zip(items[:size].tolist(), scores[:size].tolist(), strict=True))


def test_the_neighbours_of_the_history_vote(
    table: NeighbourTable, similar: NDArray[np.float64], values: NDArray[np.float64]
) -> None:
    shelf = table.shelf(_SERVABLE, _EXCLUDE)
    for user in range(_PEOPLE):
        items, scores = np.empty(_COUNT, np.int32), np.empty(_COUNT)
        size = score_by_items(shelf, user, False, items, scores)
        assert _answer(size, items, scores) == _best(values[user] @ similar, _allowed(values, user), _COUNT)


def test_many_people_get_what_each_of_them_gets(table: NeighbourTable) -> None:
    shelf, users = table.shelf(_SERVABLE, _EXCLUDE), np.arange(_PEOPLE, dtype=np.int32)
    items, scores = np.empty((_PEOPLE, _COUNT), np.int32), np.empty((_PEOPLE, _COUNT))
    sizes = np.empty(_PEOPLE, np.int64)
    score_many_by_items(shelf, users, True, items, scores, sizes)
    for user in range(_PEOPLE):
        alone, own = np.empty(_COUNT, np.int32), np.empty(_COUNT)
        size = score_by_items(shelf, user, True, alone, own)
        assert _answer(int(sizes[user]), items[user], scores[user]) == _answer(size, alone, own)


def test_items_of_a_short_list_are_ranked_by_their_own_neighbours(
    table: NeighbourTable, similar: NDArray[np.float64], values: NDArray[np.float64]
) -> None:
    shelf = table.shelf(_SERVABLE, _EXCLUDE)
    for user in range(_PEOPLE):
        items, scores = np.empty(_COUNT, np.int32), np.empty(_COUNT)
        size = score_by_own_neighbours(shelf, user, False, 15, items, scores)
        short = [item for item, _ in _best(values[user] @ similar, _allowed(values, user), 15)]
        listed = np.isin(np.arange(_ITEMS), short)
        assert _answer(size, items, scores) == _best(similar @ values[user], listed, _COUNT)


@pytest.mark.parametrize("own", [False, True])
def test_reasons_are_the_parts_of_a_score(
    table: NeighbourTable, similar: NDArray[np.float64], values: NDArray[np.float64], own: bool
) -> None:
    shelf, items = table.shelf(_SERVABLE, _EXCLUDE), np.empty(_COUNT, np.int32)
    if own:
        size = score_by_own_neighbours(shelf, 2, False, 15, items, np.empty(_COUNT))
    else:
        size = score_by_items(shelf, 2, False, items, np.empty(_COUNT))
    because, shares = np.empty((size, 2), np.int32), np.empty((size, 2))
    (explain_by_own_neighbours if own else explain_by_items)(shelf, 2, items[:size], because, shares)
    for rank, item in enumerate(items[:size]):
        parts = (similar[item] if own else similar[:, item]) * values[2]
        best = np.argsort(-parts, kind="stable")[:2]
        assert because[rank].tolist() == np.where(parts[best] > 0, best, -1).tolist()
        np.testing.assert_allclose(shares[rank], parts[best] / parts.sum(), rtol=1e-12)
