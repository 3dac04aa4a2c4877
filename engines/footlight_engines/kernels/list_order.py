"""Puts lists of some dozens of entries in order, by score descending, then ordinal ascending.

The place of an entry is how many come before it. To count them takes a comparison for each pair, but the processor makes
many at once and guesses none: of a hundred entries that is several times as fast as a sort that compares few pairs.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.selection import heapify, sort_heap

MOST = 256
"""Longer lists are sorted by a heap."""

Space = tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]
"""Working space for places, scores and ordinals, each of shape (at least the size of a list,)."""


@njit(cache=True, nogil=True)
def sort_list(scores: NDArray[np.float64], ordinals: NDArray[np.int32], space: Space) -> None:
    """Turn entries in any order, no ordinal twice, into a list, best first; both arrays of shape (n,)."""
    size, (place, score, ordinal) = len(scores), space
    if size > MOST:
        heapify(scores, ordinals, size)
        sort_heap(scores, ordinals, size)
        return
    for n in range(np.uint64(size)):
        own, name, before = scores[n], ordinals[n], np.int32(0)
        for m in range(np.uint64(size)):
            before += np.int32((scores[m] > own) | ((scores[m] == own) & (ordinals[m] < name)))
        place[n], score[n], ordinal[n] = before, own, name
    for n in range(np.uint64(size)):
        at = np.uint64(np.uint32(place[n]))
        scores[at], ordinals[at] = score[n], ordinal[n]
