"""G = X^T X of who likes what, and its products with a vector, without making X."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.interactions import Interactions


@kernel()
def add_gram_rows(
    x: Interactions,
    items: NDArray[np.int32],
    column: NDArray[np.int32],
    first: int,
    last: int,
    gram: NDArray[np.float64],
) -> None:
    """Add to G_ab the number of people who like both a and b, for rows ``first`` to ``last - 1`` and columns b <= a.

    Parameters
    ----------
    items
        Shape (n,): the item of each column.
    column
        Shape (I,): the column of each item, -1 where it has none.
    gram
        Shape (n, n).
    """
    for a in range(first, last):
        row, item = gram[a], items[a]
        start = x.item_start[item]
        for p in range(start, start + x.item_length[item]):
            if x.posted[p] <= 0:
                continue
            begin = x.person_start[x.person[p]]
            for r in range(begin, begin + x.person_length[x.person[p]]):
                b = column[x.item[r]]
                if x.weight[r] > 0 and 0 <= b <= a:
                    row[b] += 1.0


@kernel()
def gram_times(
    x: Interactions, column: NDArray[np.int32], people: int, vector: NDArray[np.float64], product: NDArray[np.float64]
) -> None:
    """Add X^T X v to the product, both of shape (n,), in time proportional to the number of likes."""
    for user in range(people):
        first = x.person_start[user]
        last = first + x.person_length[user]
        total = 0.0
        for r in range(first, last):
            if x.weight[r] > 0 and column[x.item[r]] >= 0:
                total += vector[column[x.item[r]]]
        for r in range(first, last):
            if x.weight[r] > 0 and column[x.item[r]] >= 0:
                product[column[x.item[r]]] += total


@kernel()
def mirror(matrix: NDArray[np.float64], first: int, last: int) -> None:
    """Copy what is below the diagonal of a square matrix to above it, for columns ``first`` to ``last - 1``.

    It goes in blocks of 32 by 32, whose lines stay in the first cache.
    """
    for left in range(first, last, 32):
        for top in range(left, len(matrix), 32):
            for j in range(left, min(left + 32, last)):
                for i in range(max(top, j + 1), min(top + 32, len(matrix))):
                    matrix[j, i] = matrix[i, j]
