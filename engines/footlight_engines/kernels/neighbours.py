"""Item-to-item cosine neighbours: computed from the preferences, followed event by event, and proven exact when read.

For items i and j with overlap c_ij = sum_u w_ui w_uj and norm n_i = sum_u w_ui^2 the similarity is

    s_ij = c_ij / (sqrt(n_i n_j) + shrinkage)

(Sarwar et al. 2001 for the cosine, Bell & Koren 2007 for the shrinkage.) Overlaps and norms are whole numbers. Every row
keeps its best B candidates with their overlaps and a bound on the similarity of all other items:

* complete row: all items with an overlap other than 0 are listed, so the others have similarity 0;
* otherwise an item that is not listed has at most ``bound * slack[now] / slack[when the bound was set]``.

An event changes overlaps only between its item and the rest of the person's history. Listed ones are kept exact; another
one is listed with an upper bound of its overlap, and the weakest candidate makes way and goes into the bound. A growing
norm lowers similarities, so bounds stay valid; a falling one raises them by at most sqrt(n_old / n_new), which goes into
the rows concerned or, for a popular item, into the slack of all rows. When a row is read, its candidates are evaluated
anew and upper bounds that reach the first k are resolved; if then the k-th does not beat the bound the row is rebuilt.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.interactions import ITEMS, PEOPLE, Interactions, find, holds
from footlight_engines.kernels.selection import offer, sort_heap, worse

RARE = 64
"""An item with at most so many people has its falling norm carried to the rows concerned, not into the slack of all."""
UP = 1.0 + 1e-15
"""Rounds the result of a few float operations up, never down."""
BUCKETS = 1 << 13
"""How many values the leading 14 bits of a float that is not negative can take."""
MARGIN = 1.0 + 1e-9
"""A similarity must beat a bound that was computed with rounding by this factor."""


class Table(NamedTuple):
    """The candidates of I items (a capacity), B for each."""

    neighbour: NDArray[np.int32]  # (I, B)
    overlap: NDArray[np.int64]  # (I, B) not below the true one, see `exact`
    exact: NDArray[np.bool_]  # (I, B) whether the overlap is the true one
    similarity: NDArray[np.float64]  # (I, B) of the overlap, as of read_at, best first
    length: NDArray[np.int32]  # (I,) candidates of the row
    eligible: NDArray[np.int32]  # (I,) how many of them, from the first on, are its neighbours as of read_at
    complete: NDArray[np.bool_]  # (I,)
    bound: NDArray[np.float64]  # (I,)
    last: NDArray[
        np.int32
    ]  # (I,) items not listed with similarity equal to the bound have a larger ordinal; -1: unknown
    slack_then: NDArray[np.float64]  # (I,) the slack when the bound was set
    slack_read: NDArray[np.float64]  # (I,) the slack as of read_at
    read_at: NDArray[np.int64]  # (I,) tick of the last reading, 0 where the row itself has changed since
    changed_at: NDArray[np.int64]  # (I,) tick of the last change of the item's norm
    root: NDArray[np.float64]  # (I,) sqrt(n_i)
    slack: NDArray[np.float64]  # (1,)
    tick: NDArray[np.int64]  # (1,) counts events; from 1 on


class Rule(NamedTuple):
    """Who counts as a neighbour: the k most similar, of at least a similarity."""

    k: int
    minimum: float
    shrinkage: float


class Scratch(NamedTuple):
    """Working space for I items, one for every thread."""

    cell: NDArray[np.int64]  # (I, 2) the tick at which the item was met, and its sum: side by side in one cache line
    touched: NDArray[np.int32]  # (I,)
    place: NDArray[np.int32]  # (I,)
    score: NDArray[np.float64]  # (I,)
    single: NDArray[np.float32]  # (I,) scores rounded
    bits: NDArray[np.int32]  # (I,) the same memory as `single`: positive floats are ordered as their bits are
    frequency: NDArray[np.int32]  # (BUCKETS,) how many scores have these leading bits
    best_score: NDArray[np.float64]  # (B,)
    best_item: NDArray[np.int32]  # (B,)
    tick: NDArray[np.int64]  # (1,)


@njit(cache=True, nogil=True, error_model="numpy")
def cosine(overlap: int, root: float, other_root: float, shrinkage: float) -> float:
    """s = c / (r r' + shrinkage); 0 where c is 0."""
    return float(overlap / (root * other_root + shrinkage)) if overlap != 0 else 0.0


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True)
def _bucket(bits: int) -> int:
    """The leading bits of a score of at least 0: its power of two and 32 steps within. 0 for a score below."""
    return max(bits, 0) >> 18


@njit(cache=True, nogil=True)
def _select(scratch: Scratch, met: int, size: int) -> None:
    """Put the best of the items met into ``best_score`` and ``best_item``, best first; ``size`` scores are above 0.

    A histogram of the leading bits tells the bucket in which the last one lies: better buckets are taken whole, in the
    order of the buckets, and of that bucket the best by a heap.
    """
    count, best_score, best_item = scratch.frequency, scratch.best_score, scratch.best_item
    count[:] = 0
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


@njit(cache=True, nogil=True)
def build_row(x: Interactions, table: Table, scratch: Scratch, item: int, shrinkage: float) -> None:
    """Compute a row from the preferences: its best B candidates, best first, and the bound on all others."""
    met = gather_overlaps(x, scratch, item)
    scratch.cell[item, 1] = 0  # an item is no neighbour of itself
    positive, others = _score_met(table, scratch, item, met, shrinkage)
    limit = table.neighbour.shape[1]
    size = min(positive, limit)
    if size > 0:
        _select(scratch, met, size)
    for n in range(size):
        table.neighbour[item, n] = scratch.best_item[n]
        table.overlap[item, n] = scratch.cell[scratch.best_item[n], 1]
        table.exact[item, n] = True
        table.similarity[item, n] = scratch.best_score[n]
    table.length[item] = size
    table.complete[item] = others == size
    table.bound[item] = scratch.best_score[size - 1] if size == limit else 0.0
    table.last[item] = scratch.best_item[size - 1] if size == limit else -1
    table.slack_then[item] = table.slack[0]


@njit(cache=True, nogil=True)
def build_rows(x: Interactions, table: Table, scratch: Scratch, rows: NDArray[np.int32], shrinkage: float) -> None:
    """Build many rows; several threads may do so at once, each with rows and a scratch of its own."""
    for item in rows:
        build_row(x, table, scratch, item, shrinkage)
        table.read_at[item] = 0


@njit(cache=True, nogil=True)
def row_costs(x: Interactions) -> NDArray[np.int64]:
    """How many products `build_row` adds for each item in use; shape (items,)."""
    costs = np.zeros(x.used[ITEMS], np.int64)
    for user in range(x.used[PEOPLE]):
        length = x.person_length[user]
        for r in range(x.person_start[user], x.person_start[user] + length):
            costs[x.item[r]] += length
    return costs


@njit(cache=True, nogil=True)
def restore_rows(
    table: Table, first: NDArray[np.int64], neighbour: NDArray[np.int32], overlap: NDArray[np.int64]
) -> None:
    """Fill the rows of a table from packed ones; row i takes the entries from ``first[i]`` to ``first[i + 1] - 1``."""
    for item in range(len(first) - 1):
        for n in range(first[item + 1] - first[item]):
            table.neighbour[item, n] = neighbour[first[item] + n]
            table.overlap[item, n] = overlap[first[item] + n]
            table.exact[item, n] = True
        table.length[item] = first[item + 1] - first[item]


@njit(cache=True, nogil=True)
def restore_bounds(table: Table, items: int, shrinkage: float) -> None:
    """Set the bounds of rows as `build_row` left them: full rows are bounded by their last candidate."""
    limit = table.neighbour.shape[1]
    for item in range(items):
        table.bound[item], table.last[item], table.slack_then[item] = 0.0, -1, table.slack[0]
        if table.length[item] == limit:
            other = table.neighbour[item, limit - 1]
            table.last[item] = other
            table.bound[item] = cosine(table.overlap[item, limit - 1], table.root[item], table.root[other], shrinkage)


@njit(cache=True, nogil=True)
def current_bound(table: Table, item: int) -> float:
    """What no item that is not listed exceeds; may be wrong by rounding once the slack has grown."""
    return float(table.bound[item] * (table.slack[0] / table.slack_then[item]))


@njit(cache=True, nogil=True)
def bound_is_sharp(table: Table, item: int) -> bool:
    """Whether all items that are not listed come after (``bound``, ``last``) in the order of a ranking, without rounding."""
    return bool(table.last[item] >= 0 and table.slack_then[item] == table.slack[0])


@njit(cache=True, nogil=True)
def _proven(table: Table, item: int, eligible: int, rule: Rule) -> bool:
    """Whether the first candidates are the row's k best of all items."""
    bound = current_bound(table, item)
    if table.complete[item] or bound <= 0.0 or bound * MARGIN < rule.minimum:
        return True
    if eligible < rule.k:
        return False
    score = table.similarity[item, rule.k - 1]
    if bound_is_sharp(table, item):
        return not worse(score, table.neighbour[item, rule.k - 1], bound, table.last[item])
    return bool(score > bound * MARGIN)


@njit(cache=True, nogil=True)
def _place(table: Table, item: int, hole: int, candidate: tuple[float, int, int, bool]) -> None:
    """Put a candidate (similarity, neighbour, overlap, exact) into a row."""
    table.similarity[item, hole] = candidate[0]
    table.neighbour[item, hole] = candidate[1]
    table.overlap[item, hole] = candidate[2]
    table.exact[item, hole] = candidate[3]


@njit(cache=True, nogil=True)
def _shift(table: Table, item: int, source: int, target: int) -> None:
    table.similarity[item, target] = table.similarity[item, source]
    table.neighbour[item, target] = table.neighbour[item, source]
    table.overlap[item, target] = table.overlap[item, source]
    table.exact[item, target] = table.exact[item, source]


@njit(cache=True, nogil=True)
def _changed_since(changed_at: NDArray[np.int64], neighbour: NDArray[np.int32], length: int, tick: int) -> bool:
    """Whether the norm of one of a row's candidates has changed after a tick."""
    changes = 0
    for n in range(length):
        changes += changed_at[np.uint32(neighbour[n])] > tick
    return changes > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(table: Table, item: int, rule: Rule) -> int:
    """Compute the similarities of a row's candidates and sort them; they are nearly sorted.

    Returns
    -------
    How many of the first k are neighbours, or -1 where an upper bound is among these.
    """
    similarity, neighbour = table.similarity[item], table.neighbour[item]
    overlap, exact, roots = table.overlap[item], table.exact[item], table.root
    root, length = roots[item], table.length[item]
    for n in range(length):
        other, sum_of_products, true = neighbour[n], overlap[n], exact[n]
        other_root = roots[np.uint32(other)]
        if root == 0.0 or other_root == 0.0:  # nobody has one of them
            sum_of_products, true = 0, True
        score = cosine(sum_of_products, root, other_root, rule.shrinkage)
        hole = n
        while hole > 0 and worse(similarity[hole - 1], neighbour[hole - 1], score, other):
            similarity[hole], neighbour[hole] = similarity[hole - 1], neighbour[hole - 1]
            overlap[hole], exact[hole] = overlap[hole - 1], exact[hole - 1]
            hole -= 1
        similarity[hole], neighbour[hole], overlap[hole], exact[hole] = score, other, sum_of_products, true
    eligible = 0
    while eligible < min(rule.k, length) and similarity[eligible] > 0.0 and similarity[eligible] >= rule.minimum:
        if not exact[eligible]:
            return -1
        eligible += 1
    return eligible


@njit(cache=True, nogil=True)
def common(x: Interactions, item: int, other: int) -> int:
    """The overlap of two items, by way of the people of the less popular one."""
    if x.item_length[item] > x.item_length[other]:
        item, other = other, item
    start, overlap = x.item_start[item], 0
    for p in range(start, start + x.item_length[item]):
        at = find(x, x.person[p], other)
        if holds(x, x.person[p], other, at):
            overlap += int(x.posted[p]) * int(x.weight[at])
    return overlap


@njit(cache=True, nogil=True)
def _resolve(x: Interactions, table: Table, item: int, rule: Rule) -> int:
    """Make the overlaps of the first k candidates exact; return how many of these are neighbours.

    With its true overlap a candidate can only move down. Those after the k-th come after it whatever theirs are.
    """
    n, size = 0, table.length[item]
    similarity, neighbour = table.similarity, table.neighbour
    while n < min(rule.k, size) and similarity[item, n] > 0.0 and similarity[item, n] >= rule.minimum:
        if table.exact[item, n]:
            n += 1
            continue
        other = neighbour[item, n]
        overlap = common(x, item, other)
        score = cosine(overlap, table.root[item], table.root[other], rule.shrinkage)
        hole = n
        while hole + 1 < size and worse(score, other, similarity[item, hole + 1], neighbour[item, hole + 1]):
            _shift(table, item, hole + 1, hole)
            hole += 1
        _place(table, item, hole, (score, other, overlap, True))
    return n


@njit(cache=True, nogil=True)
def revalue_row(table: Table, item: int, rule: Rule) -> bool:
    """Bring a row up to date if that takes no look at the preferences; return whether it is proven now."""
    read_at, tick, slack = table.read_at[item], table.tick[0], table.slack[0]
    if (
        read_at == 0
        or table.slack_read[item] != slack
        or _changed_since(table.changed_at, table.neighbour[item], table.length[item], read_at)
    ):
        eligible = _evaluate(table, item, rule)
        if eligible < 0 or not _proven(table, item, eligible, rule):
            return False
        table.eligible[item] = eligible
        table.slack_read[item] = slack
    table.read_at[item] = tick
    return True


@njit(cache=True, nogil=True)
def settle_row(x: Interactions, table: Table, scratch: Scratch, item: int, rule: Rule) -> None:
    """Prove a row by resolving its upper bounds, or rebuild it."""
    eligible = _resolve(x, table, item, rule)
    if not _proven(table, item, eligible, rule):
        build_row(x, table, scratch, item, rule.shrinkage)
        eligible = _resolve(x, table, item, rule)
    table.eligible[item] = eligible
    table.slack_read[item] = table.slack[0]
    table.read_at[item] = table.tick[0]


@njit(cache=True, nogil=True)
def read_row(x: Interactions, table: Table, scratch: Scratch, item: int, rule: Rule) -> int:
    """Bring a row up to date and prove it, or rebuild it.

    Returns
    -------
    How many neighbours it has: the first entries of its row in ``neighbour`` and ``similarity``.
    """
    if not revalue_row(table, item, rule):
        settle_row(x, table, scratch, item, rule)
    return int(table.eligible[item])


@njit(cache=True, nogil=True)
def read_history(x: Interactions, table: Table, scratch: Scratch, user: int, rule: Rule) -> None:
    """Bring the rows of all items of a person up to date.

    A call with a record of arrays costs more than a look, so rows that were read since the last event are passed over here.
    """
    items, weights, read_at, tick = x.item, x.weight, table.read_at, table.tick[0]
    first = x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        item = items[r]
        if weights[r] != 0 and read_at[item] != tick and not revalue_row(table, item, rule):
            settle_row(x, table, scratch, item, rule)
