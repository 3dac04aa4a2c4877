"""Arrays that a kernel takes by address are those very arrays."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.addresses import addresses, matrix, vector


@njit(cache=False)
def _double_both(table: NDArray[np.int64]) -> None:
    row, grid = vector(table, 0, np.int32), matrix(table, 1, np.float64)
    row *= 2
    grid *= 2.0


def test_kernel_works_on_the_memory_of_the_arrays() -> None:
    row, grid = np.arange(4, dtype=np.int32), np.arange(6.0).reshape(2, 3)
    _double_both(addresses((row, grid)))
    assert row.tolist() == [0, 2, 4, 6]
    assert grid.tolist() == [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]


def test_without_compiling_the_arrays_are_the_same() -> None:
    grid = np.arange(6.0).reshape(2, 3)
    seen = matrix(addresses((grid,)), 0, np.float64)
    grid[1, 1] = 7.0
    assert seen.tolist() == grid.tolist()


@pytest.mark.parametrize("array", [np.zeros((4, 4))[:, ::2], np.zeros((2, 2, 2)), np.array(1.0)])
def test_array_that_is_not_one_block_of_one_or_two_axes_is_refused(array: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="contiguous"):
        addresses((array,))
