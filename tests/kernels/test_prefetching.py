"""Asking for memory changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from footlight_engines.kernels.prefetching import prefetch


@njit
def _ask_and_sum(numbers: Any) -> Any:
    total = 0
    for n in range(len(numbers)):
        prefetch(numbers, np.uint64(n + 100_000))
        total += numbers[n]
    return total


def test_what_lies_beyond_the_end_may_be_asked_for() -> None:
    assert _ask_and_sum(np.arange(5, dtype=np.int16)) == 10
