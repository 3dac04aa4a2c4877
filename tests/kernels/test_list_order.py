"""Lists are put in order whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest

from footlight_engines.kernels.list_order import MOST, sort_list


@pytest.mark.parametrize("size", [0, 1, 9, MOST, MOST + 1])
def test_the_best_come_first_and_among_equals_the_smaller_ordinal(size: int) -> None:
    rng = np.random.default_rng(size)
    scores, ordinals = rng.choice([0.25, 0.5, 0.75], size), rng.permutation(size).astype(np.int32)
    expected = sorted(zip(scores.tolist(), ordinals.tolist(), strict=True), key=lambda entry: (-entry[0], entry[1]))
    sort_list(scores, ordinals, (np.empty(size, np.int32), np.empty(size), np.empty(size, np.int32)))
    assert list(zip(scores.tolist(), ordinals.tolist(), strict=True)) == expected
