"""The nearest of many rows: exact near by, by a bound that is cheap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel

ROUNDING = np.float32(4e-6)
"""Of the bounds, as a share of what they are the difference of: single precision, over a few dozen products."""

_ALONE = 250_000
"""Products of so many multiplications OpenBLAS leaves to one thread. More threads would wait for each other, on a machine
that does other work for longer than one thread computes."""


def products(few: NDArray[np.float32], many: NDArray[np.float32]) -> NDArray[np.float32]:
    """The products of all rows, on one thread: (k, b) and (n, b) to (k, n)."""
    found = np.empty((len(few), len(many)), np.float32)
    step = max(1, _ALONE // max(few.size, 1))
    for start in range(0, len(many), step):
        found[:, start : start + step] = few @ many[start : start + step].T
    return found


def squares(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sums of the squares of rows: (n, b) to (n,)."""
    found: NDArray[np.float32] = np.einsum("ij,ij->i", rows, rows)
    return found


def nearest_row(
    asked: NDArray[np.float32],
    asked_means: NDArray[np.float32],
    known: NDArray[Any],
    known_means: tuple[NDArray[np.float32], NDArray[np.float32]],
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
        Shape (k, b): rows whose squared differences sum up to at most those of ``asked`` and ``known``, such as the means
        over blocks times the root of a block's length. They are compared first, all with all, in one matrix product.
    known
        Shape (n, d).
    known_means
        Shape (n, b), and their sums of squares (n,); see `squares`.
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
    means, their_squares = known_means
    first = squares(asked_means) * (1 - ROUNDING)
    bounds = products(asked_means * np.float32(-2), means)  # the squares of the asked ones are still to be added
    bounds += their_squares * (1 - ROUNDING)
    near = np.flatnonzero(bounds <= (np.float32(within) * np.float32(1.0001) - first)[:, None])
    rows, columns = np.divmod(near, len(known))
    row, which, total = _nearest_of(asked, known, rows, columns, beyond, within)
    if row < 0:
        return _by_bound(asked, known, bounds[:leading] + first[:leading, None], beyond)
    return int(row), int(which), float(total)


def _by_bound(
    asked: NDArray[np.float32], known: NDArray[np.float32], bounds: NDArray[np.float32], beyond: float
) -> tuple[int, int, float]:
    """The pair of the smallest bound whose sum is above ``beyond``."""
    while bounds.size:
        row, which = divmod(int(bounds.argmin()), bounds.shape[1])
        if np.isinf(bounds[row, which]):
            break
        total = float(np.square(asked[row] - known[which], dtype=np.float32).sum())
        if total > beyond:
            return row, which, total
        bounds[row, which] = np.inf
    return -1, -1, float("inf")


@kernel(fastmath={"reassoc", "contract"})
def _nearest_of(
    asked: NDArray[np.float32],
    known: NDArray[Any],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    beyond: float,
    within: float,
) -> tuple[int, int, float]:
    """Of some pairs of rows, the one with the smallest sum above ``beyond`` and up to ``within``; (-1, -1, inf) for none."""
    best, row, which = np.float32(within), -1, -1
    for pair in range(len(rows)):
        i, j = rows[pair], columns[pair]
        total = np.float32(0)
        for start in range(0, asked.shape[1], 256):
            part = np.float32(0)
            for d in range(start, min(start + 256, asked.shape[1])):
                difference = asked[i, d] - known[j, d]
                part += difference * difference
            total += part
            if total > best:
                break
        if total > beyond and (total < best or (row < 0 and total <= best)):
            best, row, which = total, i, j
    return row, which, float(best) if row >= 0 else np.inf
