"""How much of a picture's colours no affine map of another picture's colours explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part

RIDGE = 1e-6
"""Added to the variances, times the number of pixels: a grey picture has one colour, not three."""


@kernel()
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
    weight, value = seen.T.astype(np.float64), np.empty((3, len(values)))
    for channel in range(3):
        value[channel] = np.where(seen[:, channel], values[:, channel], np.float32(0))
    left = np.zeros(len(which))
    colours = np.empty((3, len(values)))
    for place in range(len(which)):
        other = others[which[place]]
        for colour in range(3):
            for p in range(len(values)):  # contiguous, so that the sums below take several pixels at once
                colours[colour, p] = other[4 * p + colour] * (1 / 255)
        for channel in range(3):
            left[place] += _of_channel(value[channel], weight[channel], colours)
    return left


@part(fastmath={"reassoc", "contract"})
def _of_channel(values: NDArray[np.float64], weights: NDArray[np.float64], colours: NDArray[np.float64]) -> float:
    """What is left over of one channel: values (P,), 0 where the weight (P,) of 0 or 1 is 0, by colours (3, P)."""
    count = total = square = 0.0
    r = g = b = rr = gg = bb = rg = rb = gb = rv = gv = bv = 0.0
    for p in range(len(values)):
        w, v = weights[p], values[p]
        x, y, z = w * colours[0, p], w * colours[1, p], w * colours[2, p]
        count += w
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


@kernel()
def spread(values: NDArray[np.float32], seen: NDArray[np.bool_]) -> float:
    """The sum of the squares of what counts, each channel around its mean: values and ``seen`` (P, 3)."""
    total = 0.0
    for channel in range(3):
        count, first, mean = 0, 0.0, 0.0
        for p in range(len(values)):
            if seen[p, channel]:
                count += 1
                first += values[p, channel]
        if count:
            mean = first / count
        for p in range(len(values)):
            if seen[p, channel]:
                total += (values[p, channel] - mean) ** 2
    return total
