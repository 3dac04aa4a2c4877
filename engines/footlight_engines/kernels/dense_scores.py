"""Scores of the whole catalogue as one array: the best of them, and sums of rows of a matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.selection import offer, sort_heap


@kernel()
def best_items(
    scores: NDArray[np.float64], servable: NDArray[np.bool_], items: NDArray[np.int32], best: NDArray[np.float64]
) -> int:
    """Put the best servable items into ``items`` and ``best``, both of shape (count,), by score, then ordinal.

    Parameters
    ----------
    scores
        Shape (items,); -inf where an item may not be answered.
    servable
        Shape (any,); items beyond its end may not be answered.

    Returns
    -------
    How many there are.
    """
    size, limit = 0, len(items)
    for item in range(min(len(scores), len(servable))):
        score = scores[item]
        if score == -np.inf or not servable[item] or (size == limit and score < best[0]):
            continue
        size = offer(best, items, size, limit, score, item)
    sort_heap(best, items, size)
    return size


@kernel()
def sum_of_rows(matrix: NDArray[np.float64], rows: NDArray[np.int32], total: NDArray[np.float64]) -> None:
    """Add the given rows of a matrix of shape (any, n or more) to ``total``, shape (n,)."""
    for r in rows:
        row = matrix[r]
        for n in range(len(total)):
            total[n] += row[n]


@kernel()
def put_on_scale(
    scores: NDArray[np.float64], met: NDArray[np.bool_], highest: NDArray[np.float64], filled: NDArray[np.float64]
) -> None:
    """Divide scores by the mean of the T highest among the items that were not met.

    Parameters
    ----------
    scores
        Shape (n,); what is not finite, or beyond its end, counts as 0.
    met
        Shape (I,), I at least n.
    highest
        Shape (T,), T at least 1: working space.
    filled
        Shape (I,): the outcome; all 0 where the mean is not above 0. Where fewer items were not met, the mean is the sum
        of those divided by T.
    """
    size, last = 0, len(highest) - 1
    for item in range(len(filled)):
        score = scores[item] if item < len(scores) and np.isfinite(scores[item]) else 0.0
        filled[item] = score
        if met[item] or (size > last and score <= highest[last]):
            continue
        place = min(size, last)
        while place > 0 and highest[place - 1] < score:
            highest[place] = highest[place - 1]
            place -= 1
        highest[place] = score
        size = min(size + 1, last + 1)
    mean = highest[:size].sum() / len(highest)
    if mean > 0.0:
        filled /= mean
    else:
        filled[:] = 0.0
