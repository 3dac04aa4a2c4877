"""The largest piece of ground, against sets that are merged until nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.kernels.ground_pieces import largest_connected


def by_merging(cells: NDArray[np.bool_], down: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every cell begins as a piece of its own, and takes the lowest name of whoever it is connected with."""
    names: NDArray[np.int64] = np.where(cells, np.arange(cells.size).reshape(cells.shape), -1)
    while True:
        before = names.copy()
        for first, second, joined in ((names[:-1], names[1:], down), (names[:, :-1], names[:, 1:], right)):
            lower = np.where(joined, np.minimum(first, second), cells.size)
            np.minimum(first, lower, out=first)
            np.minimum(second, lower, out=second)
        if (names == before).all():
            break
    if not cells.any():
        return cells.copy()
    found, sizes = np.unique(names[cells], return_counts=True)
    largest: NDArray[np.bool_] = names == found[sizes.argmax()]
    return largest


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (12, 7), (20, 20)])
def test_it_is_the_largest_of_the_merged_pieces(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.random(shape) < 0.8
    down = cells[:-1] & cells[1:] & (rng.random((shape[0] - 1, shape[1])) < 0.6)
    right = cells[:, :-1] & cells[:, 1:] & (rng.random((shape[0], shape[1] - 1)) < 0.6)
    assert (largest_connected(cells, down, right) == by_merging(cells, down, right)).all()


def test_without_any_cells_there_is_no_piece() -> None:
    none = np.zeros((3, 4), np.bool_)
    assert not largest_connected(none, none[:-1], none[:, :-1].copy()).any()
