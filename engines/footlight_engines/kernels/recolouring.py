"""How much of a picture's colours no affine map of another picture's colours explains."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

RIDGE = 1e-6
"""Added to the variances, times the number of pixels: a grey picture has one colour, not three."""


@njit(cache=True, nogil=True)
def unexplained(
    values: NDArray[np.float32], seen: NDArray[np.bool_], others: NDArray[np.uint8], which: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The sums of squares that are left over of each channel's values by the least squares of a constant and three colours.

    Parameters
    ----------
    values
        Shape (P, 3), in [0, 1].
    seen
        Shape (P, 3): which of the values count.
    others
        Shape (n, 4 P): pictures as bytes of RGBA.
    which
        Shape (m,): those of them that are compared.

    Returns
    -------
    Shape (m,): the sums over the channels.
    """
    left = np.zeros(len(which))
    for place in range(len(which)):
        other = others[which[place]]
        for channel in range(3):
            left[place] += _of_channel(values[:, channel], seen[:, channel], other)
    return left


@njit(cache=True, nogil=True)
def _of_channel(values: NDArray[np.float32], seen: NDArray[np.bool_], other: NDArray[np.uint8]) -> float:
    count = total = square = 0.0
    r = g = b = rr = gg = bb = rg = rb = gb = rv = gv = bv = 0.0
    for p in range(len(values)):
        if not seen[p]:
            continue
        v, x, y, z = float(values[p]), other[4 * p] / 255.0, other[4 * p + 1] / 255.0, other[4 * p + 2] / 255.0
        count += 1
        total, square = total + v, square + v * v
        r, g, b = r + x, g + y, b + z
        rr, gg, bb = rr + x * x, gg + y * y, bb + z * z
        rg, rb, gb = rg + x * y, rb + x * z, gb + y * z
        rv, gv, bv = rv + x * v, gv + y * v, bv + z * v
    if count == 0:
        return 0.0
    mean = total / count
    ridge = RIDGE * count
    # the products of what is centred; then its Cholesky factor, column by column
    a = np.sqrt(max(rr - r * r / count, 0.0) + ridge)
    ba, ca = (rg - r * g / count) / a, (rb - r * b / count) / a
    bb_, cb = np.sqrt(max(gg - g * g / count - ba * ba, 0.0) + ridge), 0.0
    cb = (gb - g * b / count - ca * ba) / bb_
    cc = np.sqrt(max(bb - b * b / count - ca * ca - cb * cb, 0.0) + ridge)
    first = (rv - r * mean) / a
    second = (gv - g * mean - ba * first) / bb_
    third = (bv - b * mean - ca * first - cb * second) / cc
    return float(max(square - total * mean - first * first - second * second - third * third, 0.0))
