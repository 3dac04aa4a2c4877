"""The heap keeps the best, whatever the order of offering."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from footlight_engines.kernels import selection
from footlight_engines.kernels.compiling import kernel

offer, sort_heap, worse = kernel()(selection.offer), kernel()(selection.sort_heap), kernel()(selection.worse)
_SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]), max_size=40)


def _best(scores: list[float], limit: int) -> list[tuple[float, int]]:
    heap_score, heap_item, size = np.empty(limit), np.empty(limit, np.int32), 0
    for ordinal in np.random.default_rng(0).permutation(len(scores)).tolist():
        size = offer(heap_score, heap_item, size, limit, scores[ordinal], ordinal)
    sort_heap(heap_score, heap_item, size)
    return list(zip(heap_score[:size].tolist(), heap_item[:size].tolist(), strict=True))


@given(scores=_SCORES, limit=st.integers(1, 12))
def test_the_best_come_sorted_by_score_then_ordinal(scores: list[float], limit: int) -> None:
    expected = sorted(((score, n) for n, score in enumerate(scores)), key=lambda entry: (-entry[0], entry[1]))
    assert _best(scores, limit) == expected[:limit]


def test_among_equals_the_larger_ordinal_is_worse() -> None:
    assert worse(1.0, 3, 1.0, 2) and not worse(1.0, 2, 1.0, 3) and not worse(1.0, 2, 1.0, 2)


def test_a_smaller_score_is_worse_whatever_the_ordinal() -> None:
    assert worse(0.5, 0, 1.0, 9) and not worse(1.0, 9, 0.5, 0)
