"""What an affine map of colours leaves over, against numpy's least squares."""

from __future__ import annotations

import numpy as np
import pytest

from footlight_engines.kernels.recolouring import spread, unexplained


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_least_squares_leaves_over(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, seen = rng.random((60, 3)).astype(np.float32), rng.random((60, 3)) < 0.7
    others = rng.integers(0, 256, (4, 240)).astype(np.uint8)
    expected = []
    for other in others[[2, 0]]:
        colours = np.concatenate([other.reshape(60, 4)[:, :3] / 255, np.ones((60, 1))], axis=1)
        fits = [np.linalg.lstsq(colours[at], v[at].astype(float)) for v, at in zip(values.T, seen.T, strict=True)]
        expected.append(sum(float(fit[1][0]) for fit in fits))
    assert unexplained(values, seen, others, np.array([2, 0])) == pytest.approx(expected, rel=1e-4)


def test_a_picture_of_one_colour_explains_nothing_and_divides_by_nothing() -> None:
    values = np.linspace(0, 1, 30, dtype=np.float32).repeat(3).reshape(30, 3)
    left = unexplained(values, np.ones((30, 3), np.bool_), np.full((1, 120), 9, np.uint8), np.array([0]))
    assert left[0] == pytest.approx(3 * ((values[:, 0] - 0.5) ** 2).sum(), rel=1e-4)


def test_the_spread_is_the_variance_of_what_counts() -> None:
    rng = np.random.default_rng(0)
    values, seen = rng.random((60, 3)).astype(np.float32), rng.random((60, 3)) < 0.7
    expected = sum(float(v[at].var() * at.sum()) for v, at in zip(values.T, seen.T, strict=True))
    assert spread(values, seen) == pytest.approx(expected, rel=1e-4)
    assert spread(values, np.zeros((60, 3), np.bool_)) == 0
