"""The best few of many, by score descending, then ordinal ascending.

A heap holds its worst entry at place 0 (Williams 1964). The order is total, so the outcome does not depend on the order
of offering.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import part


@part()
def worse(score: float, ordinal: int, other_score: float, other_ordinal: int) -> bool:
    """Whether the first comes after the second."""
    return bool(score < other_score or (score == other_score and ordinal > other_ordinal))


@part()
def _sift_down(
    scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int, hole: int, score: float, ordinal: int
) -> None:
    """Put an entry in at a free place of a heap, or below it."""
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        right = child + 1
        if right < size and worse(scores[right], ordinals[right], scores[child], ordinals[child]):
            child = right
        if not worse(scores[child], ordinals[child], score, ordinal):
            break
        scores[hole], ordinals[hole] = scores[child], ordinals[child]
        hole = child
    scores[hole], ordinals[hole] = score, ordinal


@part()
def _sift_up(scores: NDArray[np.float64], ordinals: NDArray[np.int32], hole: int, score: float, ordinal: int) -> None:
    while hole > 0:
        parent = (hole - 1) >> 1
        if not worse(score, ordinal, scores[parent], ordinals[parent]):
            break
        scores[hole], ordinals[hole] = scores[parent], ordinals[parent]
        hole = parent
    scores[hole], ordinals[hole] = score, ordinal


@part()
def offer(
    scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int, limit: int, score: float, ordinal: int
) -> int:
    """Offer an entry to a heap of at most ``limit`` (at least 1) entries.

    Returns
    -------
    The new size.
    """
    if size < limit:
        _sift_up(scores, ordinals, size, score, ordinal)
        return size + 1
    if worse(scores[0], ordinals[0], score, ordinal):
        _sift_down(scores, ordinals, size, 0, score, ordinal)
    return size


@part()
def heapify(scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int) -> None:
    """Turn entries in any order into a heap (Floyd 1964)."""
    for hole in range((size >> 1) - 1, -1, -1):
        _sift_down(scores, ordinals, size, hole, scores[hole], ordinals[hole])


@part()
def sort_heap(scores: NDArray[np.float64], ordinals: NDArray[np.int32], size: int) -> None:
    """Turn a heap into a list, best first."""
    for last in range(size - 1, 0, -1):
        score, ordinal = scores[last], ordinals[last]
        scores[last], ordinals[last] = scores[0], ordinals[0]
        _sift_down(scores, ordinals, last, 0, score, ordinal)
