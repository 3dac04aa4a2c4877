"""Pearson's correlations of items, from whole sums over the people who rated both."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import Interactions


@part(error_model="numpy")
def correlation(n: int, sums: tuple[int, int], squares: tuple[int, int], product: int) -> float:
    """Pearson's r = (n c - s s') / sqrt((n q - s^2) (n q' - s'^2)) of whole numbers; 0 where one side does not vary."""
    spread = float(n * squares[0] - sums[0] * sums[0]) * float(n * squares[1] - sums[1] * sums[1])
    return float(n * product - sums[0] * sums[1]) / sqrt(spread) if spread > 0.0 else 0.0


@kernel()
def correlate_rows(
    x: Interactions, items: NDArray[np.int32], sums: NDArray[np.int64], shrinkage: float, row: NDArray[np.float64]
) -> None:
    """Correlate each of n items with all others over the people u who rated both, r n / (n + shrinkage).

    r_ij = (n sum w_ui w_uj - sum w_ui sum w_uj) / sqrt((n sum w_ui^2 - (sum w_ui)^2) (n sum w_uj^2 - (sum w_uj)^2)),
    Sarwar et al. (2001); damped as Bell & Koren (2007) damp it. The sums are whole numbers: r_ij and r_ji are the same bits.

    Parameters
    ----------
    sums
        Shape (I, 6), 0 before and after.
    row
        Shape (n, I): the correlations; 0 of an item with itself, and where nobody rated both.
    """
    for n in range(len(items)):
        item = items[n]
        start = x.item_start[item]
        for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
            own, user = int(x.posted[p]), x.person[p]
            first = x.person_start[user]
            for r in range(np.uint64(first), np.uint64(first + x.person_length[user])):
                theirs = int(x.weight[r])
                if theirs != 0:
                    met = sums[np.uint32(x.item[r])]
                    met[0] += 1
                    met[1] += own
                    met[2] += theirs
                    met[3] += own * own
                    met[4] += theirs * theirs
                    met[5] += own * theirs
        for other in range(len(sums)):
            both = sums[other, 0]
            row[n, other] = 0.0
            if both > 1 and other != item:
                met = sums[other]
                likeness = correlation(both, (met[1], met[2]), (met[3], met[4]), met[5])
                row[n, other] = likeness * both / (both + shrinkage)
            if both > 0:
                sums[other] = 0


@kernel()
def sum_ratings(x: Interactions, items: NDArray[np.int32], total: NDArray[np.int64]) -> None:
    """Set the sums of the weights of the given items; ``total`` has shape (I,)."""
    for item in items:
        start = x.item_start[item]
        total[item] = 0
        for p in range(start, start + x.item_length[item]):
            total[item] += x.posted[p]
