"""Lists are put in order whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest

from footlight_engines.kernels import list_order
from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.list_order import MOST

best_first, space_for = kernel()(list_order.best_first), kernel()(list_order.space_for)


@pytest.mark.parametrize(("size", "limit"), [(0, 9), (1, 9), (9, 9), (40, 9), (MOST + 1, 9), (MOST + 1, MOST + 1)])
def test_the_best_come_first_and_among_equals_the_smaller_ordinal(size: int, limit: int) -> None:
    rng = np.random.default_rng(size)
    scores, ordinals = rng.choice([0.25, 0.5, 0.75], size), rng.permutation(size).astype(np.int32)
    expected = sorted(zip(scores.tolist(), ordinals.tolist(), strict=True), key=lambda entry: (-entry[0], entry[1]))
    kept = best_first(scores, ordinals, size, limit, space_for(MOST + 1))
    assert list(zip(scores[:kept].tolist(), ordinals[:kept].tolist(), strict=True)) == expected[:limit]
