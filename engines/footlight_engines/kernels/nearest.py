"""The nearest of many rows: exact near by, by a bound that is cheap."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def nearest_row(
    asked: NDArray[np.float32],
    asked_means: NDArray[np.float32],
    known: NDArray[np.float32],
    known_means: NDArray[np.float32],
    beyond: float,
    within: float,
    leading: int,
) -> tuple[int, int, float]:
    """The pair of rows with the smallest sum of squared differences above ``beyond``.

    It is exact up to ``within``. Where no pair is so near, it is the pair of the ``leading`` first of ``asked`` whose means
    are nearest, with its own sum: no sum is smaller than ``within`` then.

    Parameters
    ----------
    asked
        Shape (k, d).
    asked_means
        Shape (k, b), b a multiple of 16: rows whose squared differences sum up to at most those of ``asked`` and ``known``,
        such as the means over blocks times the root of a block's length. The first is looked at first: the one that tells
        most.
    known
        Shape (n, d).
    known_means
        Shape (n, b).
    beyond
        Sums up to this one are passed over; -1 passes over none.
    within
        How far the answer is exact.
    leading
        How many of ``asked`` are answered where nothing is near; at least 1.

    Returns
    -------
    (which of ``asked``, which of ``known``, the sum); (-1, -1, inf) where there is none.
    """
    best, row, which = np.float32(within), -1, -1
    near, near_row, near_which, near_total = np.float32(np.inf), -1, -1, np.float32(np.inf)
    for i in range(asked.shape[0]):
        for j in range(known.shape[0]):
            most = max(best, near) if i < leading else best
            most *= np.float32(1.0001)  # single precision rounds
            first = asked_means[i, 0] - known_means[j, 0]
            if first * first > most:
                continue
            bound = np.float32(0)
            for start in range(0, asked_means.shape[1], 16):
                part = np.float32(0)
                for b in range(16):
                    difference = asked_means[i, start + b] - known_means[j, start + b]
                    part += difference * difference
                bound += part
                if bound > most:
                    break
            if bound > most:
                continue
            total = np.float32(0)
            for start in range(0, asked.shape[1], 256):
                part = np.float32(0)
                for d in range(start, min(start + 256, asked.shape[1])):
                    difference = asked[i, d] - known[j, d]
                    part += difference * difference
                total += part
                if total > most and i >= leading:
                    break
            if total > most and i >= leading:
                continue
            if total <= beyond:
                continue
            if total < best or (row < 0 and total <= best):
                best, row, which = total, i, j
            if i < leading and bound < near:
                near, near_row, near_which, near_total = bound, i, j, total
    if row < 0:
        return near_row, near_which, float(near_total)
    return row, which, float(best)
