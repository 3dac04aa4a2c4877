"""The nearest row, against comparing all with all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from footlight_engines.kernels.nearest import nearest_row, products, squares


def blocks(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    means = np.zeros((len(rows), 16), np.float32)
    means[:, :4] = rows.reshape(len(rows), 4, -1).mean(2) * np.sqrt(rows.shape[1] // 4)
    return means


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([-1.0, 30.0, 60.0, 1e9]), st.sampled_from([0.0, 40.0, 1e9]))
def test_it_is_what_comparing_all_with_all_finds(seed: int, beyond: float, within: float) -> None:
    rng = np.random.default_rng(seed)
    asked, known = (rng.normal(size=(n, 32)).astype(np.float32) for n in (3, 20))
    known[5] = asked[1]
    sums = ((asked[:, None].astype(float) - known[None]) ** 2).sum(2)
    means = blocks(known), squares(blocks(known))
    row, which, total = nearest_row(asked, blocks(asked), known, means, beyond, within, 3)
    further = np.where(sums > beyond, sums, np.inf)
    if np.isinf(further.min()):
        assert (row, which, total) == (-1, -1, np.inf)
    elif further.min() <= within * (1 - 1e-4):
        assert total == pytest.approx(further.min(), rel=1e-4)
        assert row * len(known) + which == further.argmin()
    else:
        assert total == pytest.approx(sums[row, which], rel=1e-4) and total >= within * (1 - 1e-4)


def test_products_in_parts_are_the_products() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(28, 64)).astype(np.float32), rng.normal(size=(1000, 64)).astype(np.float32)
    assert np.allclose(products(few, many), few @ many.T, atol=1e-4)
