"""Computes rows of the neighbour table from the preferences: overlaps, similarities, and the best of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.neighbours import Scratch, Table, cosine
from footlight_engines.kernels.popular_overlaps import meet_popular
from footlight_engines.kernels.selection import offer, sort_heap, worse

BUCKETS = 1 << 12
"""One more than the largest value of the leading 14 bits of a float from 0 to a little over 1, as similarities are."""


@part()
def gather_overlaps(x: Interactions, scratch: Scratch, item: int) -> int:
    """Sum c_ij for every item j that somebody has along with item i (Gustavson 1978, one row of the product X^T X).

    Returns
    -------
    How many items were met; they stand in ``scratch.touched``, their sums in ``scratch.cell``.
    """
    scratch.tick[0] += 1
    tick, met = scratch.tick[0], np.uint64(0)  # unsigned indices need no test for counting from the end
    start = x.item_start[item]
    for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
        user, weight = x.person[p], int(x.posted[p])
        first = x.person_start[user]
        for r in range(np.uint64(first), np.uint64(first + x.person_length[user])):
            other, product = np.uint32(x.item[r]), weight * int(x.weight[r])
            if scratch.cell[other, 0] == tick:
                scratch.cell[other, 1] += product
            else:
                scratch.cell[other, 0] = tick
                scratch.cell[other, 1] = product
                scratch.touched[met] = other
                met += np.uint64(1)
    return int(met)


@part(error_model="numpy")
def _score_met(table: Table, scratch: Scratch, item: int, met: int, shrinkage: float) -> tuple[int, int]:
    """Compute the similarities of the items met; return how many overlaps are above 0, and how many are not 0."""
    root, positive, others = table.root[item], 0, 0
    for n in range(met):
        other = np.uint32(scratch.touched[n])
        overlap = scratch.cell[other, 1]
        score = cosine(overlap, root, table.root[other], shrinkage)
        scratch.score[n] = score
        scratch.single[n] = score
        positive += overlap > 0
        others += overlap != 0
    return positive, others


@part()
def _bucket(bits: int) -> int:
    """The leading bits of a score of at least 0: its power of two and 32 steps within. 0 for a score below."""
    return max(bits, 0) >> 18


@part()
def _select(scratch: Scratch, met: int, size: int) -> None:
    """Put the best of the items met into ``best_score`` and ``best_item``, best first; ``size`` scores are above 0.

    A histogram of the leading bits tells the bucket in which the last one lies: better buckets are taken whole, in the
    order of the buckets, and of that bucket the best by a heap.
    """
    count, best_score, best_item = scratch.frequency, scratch.best_score, scratch.best_item
    for bucket in range(len(count)):
        count[bucket] = 0
    for n in range(met):
        count[_bucket(scratch.bits[n])] += 1
    border, taken = BUCKETS - 1, 0
    while taken + count[border] < size:
        taken, count[border] = taken + count[border], taken
        border -= 1
    last_score, last_item, kept, limit = best_score[taken:], best_item[taken:], 0, size - taken
    for n in range(met):
        bucket = _bucket(scratch.bits[n])
        if bucket > border:
            best_score[count[bucket]], best_item[count[bucket]] = scratch.score[n], scratch.touched[n]
            count[bucket] += 1
        elif bucket == border:
            score, ordinal = scratch.score[n], scratch.touched[n]
            if kept < limit or score >= last_score[0]:
                kept = offer(last_score, last_item, kept, limit, score, ordinal)
    sort_heap(last_score, last_item, kept)
    for n in range(1, taken):
        score, ordinal, hole = best_score[n], best_item[n], n
        while hole > 0 and worse(best_score[hole - 1], best_item[hole - 1], score, ordinal):
            best_score[hole], best_item[hole] = best_score[hole - 1], best_item[hole - 1]
            hole -= 1
        best_score[hole], best_item[hole] = score, ordinal


@part()
def meet_overlaps(x: Interactions, table: Table, scratch: Scratch, item: int) -> int:
    """`gather_overlaps`, or what is kept of a popular item."""
    return meet_popular(table, scratch, item) if table.popular[item] >= 0 else gather_overlaps(x, scratch, item)


@part()
def build_row(x: Interactions, table: Table, scratch: Scratch, item: int, shrinkage: float) -> None:
    """Compute a row from the preferences: its best B candidates, best first, and the bound on all others."""
    fill_row(table, scratch, item, meet_overlaps(x, table, scratch, item), shrinkage)


@part()
def fill_row(table: Table, scratch: Scratch, item: int, met: int, shrinkage: float) -> None:
    """`build_row` from overlaps that were gathered."""
    scratch.cell[item, 1] = 0  # an item is no neighbour of itself
    positive, others = _score_met(table, scratch, item, met, shrinkage)
    limit = table.neighbour.shape[1]
    size = min(positive, limit)
    if size > 0:
        _select(scratch, met, size)
    for n in range(size):
        table.neighbour[item, n] = scratch.best_item[n]
        table.overlap[item, n] = scratch.cell[scratch.best_item[n], 1]
        table.similarity[item, n] = scratch.best_score[n]
    table.length[item] = size
    table.complete[item] = others == size
    table.bound[item] = scratch.best_score[size - 1] if size == limit else 0.0
    table.last[item] = scratch.best_item[size - 1] if size == limit else -1
    table.slack_then[item], table.gains[item] = table.slack[0], 0


@kernel(error_model="numpy", allocates=False)
def finish_rows(table: Table, items: tuple[int, int], signed: bool, shrinkage: float) -> None:
    """Complete rows of which neighbours, similarities and lengths are there: overlaps and bounds.

    A similarity times its denominator is within a few rounding errors of the overlap, which is a whole number.
    ``signed`` says that there are weights below 0: then overlaps of 0 or less may be missing in a row with room left.
    """
    limit = table.neighbour.shape[1]
    for item in range(items[0], items[1]):
        length, root = table.length[item], table.root[item]
        for n in range(length):
            denominator = root * table.root[table.neighbour[item, n]] + shrinkage
            table.overlap[item, n] = np.rint(table.similarity[item, n] * denominator)
        full = length == limit
        table.complete[item] = not full and not signed
        table.bound[item] = table.similarity[item, limit - 1] if full else 0.0
        table.last[item] = table.neighbour[item, limit - 1] if full else -1
        table.slack_then[item], table.read_at[item], table.gains[item] = table.slack[0], 0, 0


@kernel(allocates=False)
def restore_rows(
    table: Table, first: NDArray[np.int64], neighbour: NDArray[np.int32], overlap: NDArray[np.int64]
) -> None:
    """Fill the rows of a table from packed ones; row i takes the entries from ``first[i]`` to ``first[i + 1] - 1``."""
    for item in range(len(first) - 1):
        for n in range(first[item + 1] - first[item]):
            table.neighbour[item, n] = neighbour[first[item] + n]
            table.overlap[item, n] = overlap[first[item] + n]
        table.length[item] = first[item + 1] - first[item]


@kernel(allocates=False)
def restore_bounds(table: Table, items: int, shrinkage: float) -> None:
    """Set similarities and bounds as `build_row` left them: full rows are bounded by their last candidate."""
    limit = table.neighbour.shape[1]
    for item in range(items):
        root, length = table.root[item], table.length[item]
        for n in range(length):
            other_root = table.root[table.neighbour[item, n]]
            table.similarity[item, n] = cosine(table.overlap[item, n], root, other_root, shrinkage)
        table.bound[item], table.last[item], table.slack_then[item] = 0.0, -1, table.slack[0]
        if length == limit:
            table.last[item], table.bound[item] = table.neighbour[item, limit - 1], table.similarity[item, limit - 1]
