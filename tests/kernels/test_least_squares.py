"""Conjugate gradients against numpy's solver."""

from __future__ import annotations

import numpy as np

from footlight_engines.kernels.least_squares import solve_rows, squared_error

POINTERS, COLUMNS = np.array([0, 2, 2, 5], np.int64), np.array([1, 4, 0, 2, 3], np.int32)


def test_as_many_steps_as_factors_solve_each_row() -> None:
    rng = np.random.default_rng(0)
    other, reg, factors = rng.normal(size=(5, 4)), np.array([0.3, 0.2, 0.1]), rng.normal(size=(3, 4))
    gram = 0.1 * other.T @ other
    solve_rows(0, 3, POINTERS, COLUMNS, other, gram, reg, 6, factors)
    for row in range(3):
        h = other[COLUMNS[POINTERS[row] : POINTERS[row + 1]]]
        expected = np.linalg.solve(h.T @ h + gram + reg[row] * np.eye(4), h.sum(axis=0))
        assert np.allclose(factors[row], expected)


def test_the_error_is_summed_over_what_is_observed() -> None:
    rng = np.random.default_rng(1)
    rows, other = rng.normal(size=(3, 2)), rng.normal(size=(5, 2))
    pairs = [(0, 1), (0, 4), (2, 0), (2, 2), (2, 3)]
    expected = sum((rows[r] @ other[c] - 1) ** 2 for r, c in pairs)
    assert np.isclose(squared_error(POINTERS, COLUMNS, rows, other), expected)
