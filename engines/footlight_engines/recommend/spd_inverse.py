"""The inverse of a symmetric positive definite matrix, at the speed of matrix products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.grams import mirror

_LEAF = 192
_STRIPS = 4
"""A product whose outcome is symmetric is computed in so many strips, each only up to the diagonal."""
_LEAST_STRIP = 256


def invert(matrix: NDArray[np.float64]) -> None:
    """Put the inverse of a symmetric positive definite matrix, shape (n, n), in its place.

    With the blocks A = [[a, b^T], [b, c]], w = b a^-1 and the Schur complement s = c - w b^T it is

        A^-1 = [[a^-1 + w^T s^-1 w, -w^T s^-1], [-s^-1 w, s^-1]]

    and so on for a and s. That is about n^3 operations, as many as LAPACK's potrf and potri take and three eighths of
    what `numpy.linalg.inv` takes, nearly all of them in products of large matrices. It is as stable as Cholesky's
    factorisation by blocks (Higham 2002, section 13.3), and needs n^2 / 4 further numbers.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is not positive definite.
    """
    n = len(matrix)
    if n <= _LEAF:
        factor = np.linalg.inv(np.linalg.cholesky(matrix))
        np.matmul(factor.T, factor, out=matrix)
        return
    half = n // 2
    a, b, c = matrix[:half, :half], matrix[half:, :half], matrix[half:, half:]
    invert(a)
    w = b @ a
    _subtract_symmetric(c, w, b.T)
    invert(c)
    np.negative(c @ w, out=b)
    _subtract_symmetric(a, w.T, b)
    matrix[:half, half:] = b.T


def _subtract_symmetric(target: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
    """target -= left @ right, where that is symmetric."""
    n = len(target)
    strip = max(_LEAST_STRIP, -(-n // _STRIPS))
    for first in range(0, n, strip):
        last = min(first + strip, n)
        target[first:last, :last] -= left[first:last] @ right[:, :last]
    mirror(target, 0, n)
