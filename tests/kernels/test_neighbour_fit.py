"""All rows at once against the dense cosine, in every way of counting."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.kernels.neighbour_fit import count_ones
from footlight_engines.kernels.neighbours import Rule
from footlight_engines.recommend import neighbour_table, neighbour_training
from footlight_engines.recommend.neighbour_table import NeighbourTable
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Events

_VALUES = {
    "plays": (1.0,),
    "stars": (1.0, 2.0, 5.0),
    "half stars": (0.5, 3.5),
    "signed": (-3.0, 0.5, 4.0),
    "large": (1_000.0, 999.0625),
}


def _weights(values: tuple[float, ...], people: int = 40, items: int = 70) -> NDArray[np.int64]:
    """Whole weights, shape (people, items); a few items are far more popular than the others, and one nobody has."""
    rng = np.random.default_rng(7)
    liked = rng.random((people, items)) < np.geomspace(0.7, 0.02, items)
    liked[:, 3] = False
    whole: NDArray[np.int64] = np.rint(rng.choice(values, size=liked.shape) * liked * 16).astype(np.int64)
    return whole


def _expected(weights: NDArray[np.int64], item: int, size: int) -> list[tuple[int, int]]:
    """The best by the dense cosine, ties by ordinal, with their overlaps."""
    overlap = weights.T @ weights
    root = np.sqrt(np.diag(overlap))
    score = overlap[item] / np.maximum(root[item] * root, 1e-300)
    score[item] = 0.0
    best = np.lexsort((np.arange(len(score)), -score))[:size]
    return [(int(j), int(overlap[item, j])) for j in best if score[j] > 0.0]


@pytest.mark.parametrize("values", list(_VALUES))
@pytest.mark.parametrize("spare", [2, 100])
@pytest.mark.parametrize(("head", "sparse"), [(0, 0), (5, 0), (2_048, 0), (0, 10**9)])
def test_every_row_holds_the_best_of_the_dense_cosine(
    monkeypatch: pytest.MonkeyPatch, values: str, spare: int, head: int, sparse: int
) -> None:
    monkeypatch.setattr(neighbour_training, "_HEAD", head)
    monkeypatch.setattr(neighbour_training, "_SPARSE", sparse)
    weights, preferences = _weights(_VALUES[values]), Preferences()
    user, item = np.nonzero(weights)
    preferences.replace(Events.of(user, item, weights[user, item] / 16))
    table = NeighbourTable(Rule(3, 0.0, 0.0), preferences, spare)
    table.rebuild()
    _, rows, _ = table.parts()
    for i in range(len(rows.length)):
        size = rows.length[i]
        found = list(zip(rows.neighbour[i, :size].tolist(), rows.overlap[i, :size].tolist(), strict=True))
        assert found == _expected(weights, i, 3 + spare)


@pytest.mark.parametrize("values", list(_VALUES))
@pytest.mark.parametrize(("head", "sparse"), [(0, 0), (2_048, 0), (0, 10**9)])
def test_the_overlaps_of_popular_items_are_kept(
    monkeypatch: pytest.MonkeyPatch, values: str, head: int, sparse: int
) -> None:
    monkeypatch.setattr(neighbour_training, "_HEAD", head)
    monkeypatch.setattr(neighbour_training, "_SPARSE", sparse)
    monkeypatch.setattr(neighbour_table, "_POPULAR", 0.1)
    weights, preferences = _weights(_VALUES[values]), Preferences()
    user, item = np.nonzero(weights)
    preferences.replace(Events.of(user, item, weights[user, item] / 16))
    table = NeighbourTable(Rule(3, 0.0, 0.0), preferences, 2)
    table.rebuild()
    popular, kept = (table.arrays()[name] for name in ("popular", "popular_overlap"))
    expected = weights.T @ weights
    np.fill_diagonal(expected, 0)
    assert len(popular) > 5 and (kept == expected[popular, : kept.shape[1]]).all()


def test_the_ones_of_a_word_are_counted() -> None:
    assert [count_ones(word) for word in (0, 1, 0b1011, 2**64 - 1)] == [0, 1, 3, 64]
