"""Finding titles in a text: shared pairs of characters first, then the edit distance of the few that are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel


@kernel()
def count_shared(
    starts: NDArray[np.int64], titles: NDArray[np.int32], pairs: NDArray[np.int64], count: int
) -> NDArray[np.int32]:
    """How many of a text's pairs of characters each title has.

    Parameters
    ----------
    starts : int64, shape (pairs of the index + 1,)
        Where the titles of each pair begin in ``titles``.
    titles : int32
        The titles that have the pair, each once a pair.
    pairs : int64, shape (p,)
        The pairs of the text by their numbers in the index, each once.
    count : int
        How many titles there are.

    Returns
    -------
    int32, shape (count,)
    """
    shared = np.zeros(count, np.int32)
    for pair in pairs:
        for i in range(starts[pair], starts[pair + 1]):
            shared[titles[i]] += 1
    return shared


@kernel()
def distances(
    text: NDArray[np.int32],
    letters: NDArray[np.int32],
    bounds: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The place in a text that each of some titles is closest to (Sellers 1980, semi-global edit distance).

    Parameters
    ----------
    text : int32, shape (t,)
        Code points.
    letters : int32
        The code points of all titles, one after the other.
    bounds : int64, shape (titles + 1,)
        Title i is ``letters[bounds[i] : bounds[i + 1]]``.
    chosen : int64, shape (m,)
        The titles to look for.

    Returns
    -------
    (distance, start, end), each int32 of shape (m,)
        Insertions, deletions and substitutions that turn ``text[start:end]`` into the title; the place that ends first,
        of those with the lowest distance.
    """
    n = len(chosen)
    best, begin, end = np.empty(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    for k in range(n):
        first, last = bounds[chosen[k]], bounds[chosen[k] + 1]
        length = last - first
        cost = np.arange(length + 1).astype(np.int32)  # of the title's first i letters against what ends here
        origin = np.zeros(length + 1, np.int32)  # where in the text that began
        best[k] = cost[length]
        for j in range(len(text)):
            diagonal, diagonal_origin = cost[0], origin[0]
            cost[0], origin[0] = 0, j + 1
            for i in range(1, length + 1):
                up, up_origin = cost[i], origin[i]
                value = diagonal + (0 if letters[first + i - 1] == text[j] else 1)
                source = diagonal_origin
                if up + 1 < value:
                    value, source = up + 1, up_origin
                if cost[i - 1] + 1 < value:
                    value, source = cost[i - 1] + 1, origin[i - 1]
                diagonal, diagonal_origin = up, up_origin
                cost[i], origin[i] = value, source
            if cost[length] < best[k]:
                best[k], begin[k], end[k] = cost[length], origin[length], j + 1
    return best, begin, end
