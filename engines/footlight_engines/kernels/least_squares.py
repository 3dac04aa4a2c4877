"""One half of alternating least squares: the factors of some rows, each by a few steps of conjugate gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part

_REORDER = {"reassoc", "contract"}
"""Lets sums be taken in the order that suits the machine; there is no NaN and no infinity here."""


@part(fastmath=_REORDER)
def _apply(
    gram: NDArray[np.float64],
    other: NDArray[np.float64],
    columns: NDArray[np.int32],
    reg: float,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    """y = (gram + sum over the columns of h h^T + reg I) x."""
    f = len(x)
    for a in range(f):
        total = reg * x[a]
        for b in range(f):
            total += gram[a, b] * x[b]
        y[a] = total
    for c in columns:
        h, dot = other[c], 0.0
        for a in range(f):
            dot += h[a] * x[a]
        for a in range(f):
            y[a] += dot * h[a]


@kernel(fastmath=_REORDER)
def solve_rows(
    first: int,
    last: int,
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    other: NDArray[np.float64],
    gram: NDArray[np.float64],
    reg: NDArray[np.float64],
    steps: int,
    factors: NDArray[np.float64],
) -> None:
    """Improve the factors of rows ``first`` to ``last - 1``, beginning with what they are.

    Each is the x that minimises sum_c (h_c x - 1)^2 + x^T gram x + reg x^T x over the row's columns c, by conjugate
    gradients (Hestenes & Stiefel 1952; Takács et al. 2011 for its use here).

    Parameters
    ----------
    pointers, columns
        Shapes (rows + 1,) and (entries,): the columns of each row.
    other
        Shape (columns, f): the factors h of the other side.
    gram
        Shape (f, f): the weight of what is not observed times other^T other.
    reg
        Shape (rows,).
    factors
        Shape (rows, f).
    """
    f = factors.shape[1]
    r, p, ap = np.empty(f), np.empty(f), np.empty(f)
    for row in range(first, last):
        x, mine = factors[row], columns[pointers[row] : pointers[row + 1]]
        if len(mine) == 0:
            x[:] = 0.0
            continue
        _apply(gram, other, mine, reg[row], x, ap)
        r[:] = -ap
        for c in mine:
            r += other[c]
        p[:] = r
        old = (r * r).sum()
        for _ in range(steps):
            if old < 1e-20:
                break
            _apply(gram, other, mine, reg[row], p, ap)
            alpha = old / (p * ap).sum()
            x += alpha * p
            r -= alpha * ap
            new = (r * r).sum()
            p[:] = r + (new / old) * p
            old = new


@kernel(fastmath=_REORDER)
def squared_error(
    pointers: NDArray[np.int64],
    columns: NDArray[np.int32],
    rows: NDArray[np.float64],
    other: NDArray[np.float64],
) -> float:
    """The sum of (w_r h_c - 1)^2 over all entries."""
    total = 0.0
    for row in range(len(pointers) - 1):
        for c in columns[pointers[row] : pointers[row + 1]]:
            total += ((rows[row] * other[c]).sum() - 1.0) ** 2
    return total
