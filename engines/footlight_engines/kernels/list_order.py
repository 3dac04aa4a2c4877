"""Puts lists of some dozens of entries in order, by score descending, then ordinal ascending.

The place of an entry is how many come before it. To count them takes a comparison for each pair, but the processor makes
many at once and guesses none: of a hundred entries that is several times as fast as a sort that compares few pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import part
from footlight_engines.kernels.selection import heapify, offer, sort_heap, worse

MOST = 256
"""Longer lists are sorted by a heap."""


class Space(NamedTuple):
    """Working space for lists of at most n entries."""

    place: NDArray[np.int32]  # (n,)
    taken: NDArray[np.int32]  # (n,)
    score: NDArray[np.float64]  # (n,)
    ordinal: NDArray[np.int32]  # (n,)


@part()
def space_for(size: int) -> Space:
    """Working space for lists of at most so many entries."""
    return Space(np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size), np.empty(size, np.int32))


@part()
def _order_equals(scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int) -> None:
    """Let equal scores, which stand side by side, come by ordinal."""
    for n in range(1, size):
        score, ordinal, hole = scores[n], ordinals[n], n
        while hole > 0 and scores[hole - 1] == score and ordinals[hole - 1] > ordinal:
            ordinals[hole] = ordinals[hole - 1]
            hole -= 1
        ordinals[hole] = ordinal


@part()
def sort_list(scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int, space: Space) -> None:
    """Turn the first ``size`` entries, in any order and no ordinal twice, into a list, best first."""
    if size > MOST:
        heapify(scores, ordinals, size)
        sort_heap(scores, ordinals, size)
        return
    place, taken, score, ordinal = space.place, space.taken, space.score, space.ordinal
    for n in range(np.uint64(size)):
        own, before = scores[n], np.int64(0)
        for m in range(np.uint64(size)):
            before += np.int64(scores[m] > own)
        place[n], taken[n] = before, 0
    for n in range(np.uint64(size)):
        first = np.uint64(np.uint32(place[n]))
        at = first + np.uint64(np.uint32(taken[first]))
        score[at], ordinal[at] = scores[n], ordinals[n]
        taken[first] += 1
    _order_equals(score, ordinal, size)
    for n in range(np.uint64(size)):
        scores[n], ordinals[n] = score[n], ordinal[n]


@part()
def best_first(scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int, limit: int, space: Space) -> int:
    """Put the best ``limit`` of the first ``size`` entries at the beginning, best first; return how many these are."""
    if size > MOST and size > limit:
        heapify(scores, ordinals, limit)
        for n in range(limit, size):
            if worse(scores[0], ordinals[0], scores[n], ordinals[n]):
                offer(scores, ordinals, limit, limit, scores[n], ordinals[n])
        size = limit
    sort_list(scores, ordinals, size, space)
    return min(size, limit)
