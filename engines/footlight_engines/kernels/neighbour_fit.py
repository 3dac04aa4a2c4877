"""Computes all rows of a neighbour table at once: the upper triangle of X^T X, one row at a time, never stored.

Items are ranked by popularity, the least popular first, so that a pair is met once, from its less popular item, and the
popular head is met last. An item's row of overlaps is summed densely (Gustavson 1978, one row of the product). A look at 64
sums at once tells whether one of them can enter the list of either end; only those are computed in full. Where all weights
are alike the overlaps within the head are counted 64 people at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.list_order import MOST, sort_list, space_for
from footlight_engines.kernels.prefetching import prefetch
from footlight_engines.kernels.ranked_entries import Ranked
from footlight_engines.kernels.selection import heapify, offer, worse

BLOCK = 16
"""So many sums are looked at at once."""
_SHIFT = 4  # BLOCK is 1 << _SHIFT
DENSE = 8
"""A row with fewer products than a DENSE-th of the items notes the blocks that it meets; others look at all blocks."""
BELOW = 1.0 - 1e-6
"""Rounds a float32 bar down so far that no similarity is missed that reaches it in float64."""
NO_BAR = 1e-30
"""The bar of a list with room left: every overlap above 0 reaches it."""
TILE = 128
"""Words of 64 people in which the head is counted: `TOGETHER` rows of a tile and one more stay in the first-level cache."""
TOGETHER = 16
"""So many items of the head are counted in one pass over the later ones, which do not fit the second-level cache."""
AHEAD = 12
"""People's rows are asked for while so many others are still to be summed."""
_LINE = 64


class Measure(NamedTuple):
    """How the overlaps of R ranks become similarities: c / (r_i r_j + h), or for Jaccard c / (r_i + r_j - c + h)."""

    norm: NDArray[np.float64]  # (R + BLOCK,) by rank: the root of the item's norm, or how many people have it
    single: NDArray[np.float32]  # the same, rounded
    jaccard: bool
    shrinkage: float  # h, in units of overlaps
    unit: int  # the overlap of 1 in `Ranked` stands for


class Lists(NamedTuple):
    """The best B of each of I items that a thread has found so far: heaps once they are full, in any order before."""

    score: NDArray[np.float64]  # (I, B) by ordinal
    other: NDArray[np.int32]  # (I, B) by ordinal
    size: NDArray[np.int32]  # (I,) by ordinal
    bar: NDArray[np.float32]  # (R + BLOCK,) by rank: what enters is this similar at least; infinite beyond R


class Sums(NamedTuple):
    """Working space of one thread."""

    total: NDArray[Any]  # (R + BLOCK,) int32 or int64; 0 between rows
    met: NDArray[np.uint8]  # (R / BLOCK + 1,) not 0 where a block is to be looked at; 0 between rows
    peak: NDArray[np.float32]  # (R / BLOCK + 1,) the highest similarity of a block; 0 between rows
    score: NDArray[np.float64]  # (R,)
    other: NDArray[np.int32]  # (R,)


def count_ones(bits: int) -> int:
    """How many bits of a word of 64 are set."""
    return int(bits).bit_count()


def _as_ctpop(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_ctpop: Any = intrinsic(_as_ctpop)


@overload(count_ones, strict=False)
def _compiled_count_ones(bits: Any) -> Any:
    return lambda bits: _ctpop(np.uint64(bits))


@part()
def _count_common(bits: NDArray[np.uint64], first: int, last: int, common: NDArray[np.int32]) -> None:
    """Count for the head items from ``first`` to before ``last`` the people whom each shares with each later one.

    A tile of a later item stays in the first-level cache while all of these are compared with it. ``common`` (at least
    last - first, H) takes the counts.
    """
    heads, words, zeroth = np.uint64(len(bits)), np.uint64(bits.shape[1]), np.uint64(first)
    common[:] = 0
    for start in range(np.uint64(0), words, np.uint64(TILE)):
        stop = min(words, start + np.uint64(TILE))
        for g in range(np.uint64(first + 1), heads):
            before = g if g < np.uint64(last) else np.uint64(last)
            for h in range(zeroth, before):
                count = np.uint64(0)
                for word in range(start, stop):
                    count += count_ones(bits[h, word] & bits[g, word])
                common[h - zeroth, g] += np.int32(count)


@part()
def ask_for(row: NDArray[Any], start: int, more: int) -> None:
    """Ask for the first lines of the rest of a person's row; the processor guesses those that follow."""
    line = np.uint64(_LINE // row.itemsize)
    prefetch(row, np.uint64(start))
    if more > line:
        prefetch(row, np.uint64(start) + line)
    if more > np.uint64(2) * line:
        prefetch(row, np.uint64(start) + np.uint64(2) * line)


@part()
def _add_ones(ranked: Ranked, rank: int, total: NDArray[Any]) -> None:
    ids, rest, more, last = ranked.ids, ranked.rest, ranked.more, np.uint64(ranked.first[rank + 1])
    for q in range(np.uint64(ranked.first[rank]), last):
        ahead = q + np.uint64(AHEAD)
        if ahead < last:
            ask_for(ids, rest[ahead], more[ahead])
        start = np.uint64(rest[q])
        for p in range(start, start + np.uint64(more[q])):
            total[np.uint64(ids[p])] += 1


@part()
def _add_products(ranked: Ranked, rank: int, total: NDArray[Any]) -> None:
    ids, rest, more, weights, own = ranked.ids, ranked.rest, ranked.more, ranked.weights, ranked.own
    last = np.uint64(ranked.first[rank + 1])
    for q in range(np.uint64(ranked.first[rank]), last):
        ahead = q + np.uint64(AHEAD)
        if ahead < last:
            ask_for(ids, rest[ahead], more[ahead])
            ask_for(weights, rest[ahead], more[ahead])
        start, weight = np.uint64(rest[q]), total.dtype.type(own[q])
        for p in range(start, start + np.uint64(more[q])):
            total[np.uint64(ids[p])] += weight * total.dtype.type(weights[p])


@part()
def _note_blocks(ranked: Ranked, rank: int, met: NDArray[np.uint8]) -> None:
    ids, rest, more = ranked.ids, ranked.rest, ranked.more
    for q in range(np.uint64(ranked.first[rank]), np.uint64(ranked.first[rank + 1])):
        start = np.uint64(rest[q])
        for p in range(start, start + np.uint64(more[q])):
            met[np.uint64(ids[p]) >> np.uint64(_SHIFT)] = 1


@part()
def _products(ranked: Ranked, rank: int) -> int:
    """How many products a row takes."""
    products = 0
    for q in range(np.uint64(ranked.first[rank]), np.uint64(ranked.first[rank + 1])):
        products += int(ranked.more[q])
    return products


@part(error_model="numpy", fastmath={"nnan", "nsz"})  # no NaN: norms and bars are above 0
def _look(measure: Measure, lists: Lists, sums: Sums, rank: int, blocks: tuple[int, int]) -> None:
    """Find the highest similarity in each block, and whether one may enter the list of its other end."""
    norm, bars, total, met, peak = measure.single, lists.bar, sums.total, sums.met, sums.peak
    one, zero = np.float32(1.0), np.float32(0.0)
    unit, shrinkage = np.float32(measure.unit), np.float32(measure.shrinkage)
    factor = one if measure.jaccard else norm[rank]
    added = norm[rank] + shrinkage if measure.jaccard else shrinkage
    taken = one if measure.jaccard else zero
    for block in range(np.uint64(blocks[0]), np.uint64(blocks[1])):
        if met[block] == 0:
            continue
        high, entering, base = zero, np.int32(0), block * np.uint64(BLOCK)
        for n in range(base, base + np.uint64(BLOCK)):
            overlap = np.float32(total[n]) * unit
            score = overlap / (factor * norm[n] + added - taken * overlap)
            high = score if score > high else high
            entering += np.int32(score >= bars[n])
        peak[block] = high
        met[block] = 2 if entering > 0 else 1


@part()
def bar_of(scores: NDArray[Any], wanted: int, low: float) -> float:
    """A bar above ``low``, as high as a few steps find it, that so many scores reach; ``low`` where fewer are above it."""
    high = low
    for n in range(len(scores)):
        high = scores[n] if scores[n] > high else high
    for _ in range(12):
        middle, reached = scores.dtype.type(0.5 * (low + high)), 0
        for n in range(len(scores)):
            reached += scores[n] >= middle
        if reached >= wanted:
            low = float(middle)
        else:
            high = float(middle)
    return low


@part()
def _keep(lists: Lists, item: int, score: float, other: int) -> float:
    """Offer a neighbour to an item's list; return the bar that the next one must reach."""
    size, limit = lists.size[item], lists.score.shape[1]
    if size < limit:
        lists.score[item, size], lists.other[item, size] = score, other
        lists.size[item] = size + 1
        if size + 1 < limit:
            return NO_BAR
        heapify(lists.score[item], lists.other[item], limit)
    elif worse(lists.score[item, 0], lists.other[item, 0], score, other):
        offer(lists.score[item], lists.other[item], limit, limit, score, other)
    return float(lists.score[item, 0] * BELOW)


@part(error_model="numpy")
def _pass_on(
    ranked: Ranked, measure: Measure, lists: Lists, sums: Sums, rank: int, blocks: tuple[int, int], bar: float
) -> int:
    """Offer the sums of the blocks to the lists of their other ends, note those that reach the bar, and clear them.

    Returns
    -------
    How many have been noted.
    """
    items, norms, bars = ranked.item, measure.norm, lists.bar
    total, met, peak, scores, others = sums.total, sums.met, sums.peak, sums.score, sums.other
    norm, item, unit, shrinkage, jaccard = norms[rank], items[rank], measure.unit, measure.shrinkage, measure.jaccard
    found, low = np.uint64(0), bar * BELOW
    for block in range(np.uint64(blocks[0]), np.uint64(blocks[1])):
        if met[block] == 0:
            continue
        if met[block] == 2 or peak[block] >= low:
            base = block * np.uint64(BLOCK)
            for other in range(base, base + np.uint64(BLOCK)):
                if total[other] <= 0:
                    continue
                overlap = float(total[other]) * unit
                score = overlap / (
                    norm + norms[other] - overlap + shrinkage if jaccard else norm * norms[other] + shrinkage
                )
                if score >= bar:
                    scores[found], others[found] = score, other
                    found += np.uint64(1)
                if score >= bars[other]:
                    bars[other] = max(bars[other], np.float32(_keep(lists, items[other], score, item)))
        for n in range(block * np.uint64(BLOCK), (block + np.uint64(1)) * np.uint64(BLOCK)):
            total[n] = 0
        met[block], peak[block] = 0, 0.0
    return int(found)


@part()
def _offer_row(ranked: Ranked, measure: Measure, lists: Lists, sums: Sums, rank: int) -> None:
    """Offer an item's sums to its list and to those of the other ends, and clear them.

    B peaks, each of another block, are a bar that few items pass which do not stay in the list, and the scores that pass
    it are one that hardly any does.
    """
    blocks, limit = ((rank + 1) >> _SHIFT, (len(ranked.item) + BLOCK - 1) >> _SHIFT), lists.score.shape[1]
    _look(measure, lists, sums, rank, blocks)
    bar = bar_of(sums.peak[blocks[0] : blocks[1]], limit, NO_BAR) * BELOW
    found = _pass_on(ranked, measure, lists, sums, rank, blocks, bar)
    bar = bar_of(sums.score[:found], limit, bar)
    for n in range(found):
        if sums.score[n] >= bar:
            own = np.float32(_keep(lists, ranked.item[rank], sums.score[n], ranked.item[sums.other[n]]))
            lists.bar[rank] = max(lists.bar[rank], own)


@part()
def _add_row(ranked: Ranked, sums: Sums, rank: int) -> None:
    """Sum the overlaps of an item with all later ones, and mark the blocks to look at."""
    left = len(ranked.item) - rank
    if _products(ranked, rank) * DENSE > left:
        sums.met[(rank + 1) >> _SHIFT : (len(ranked.item) + BLOCK - 1) >> _SHIFT] = 1
    else:
        _note_blocks(ranked, rank, sums.met)
    if len(ranked.weights) == 0:
        _add_ones(ranked, rank, sums.total)
    else:
        _add_products(ranked, rank, sums.total)


@part()
def _keep_popular(ranked: Ranked, unit: int, total: NDArray[Any], rank: int, kept: NDArray[np.int64]) -> None:
    """Keep an item's overlaps with the D most popular ones, and all with later ones where it is one of them."""
    first, own = len(ranked.item) - len(kept), ranked.item[rank]
    for other in range(max(rank + 1, first), len(ranked.item)):
        if total[other] != 0:
            kept[other - first, own] = np.int64(total[other]) * unit
            if rank >= first:
                kept[rank - first, ranked.item[other]] = np.int64(total[other]) * unit


@kernel()
def rank_rows(
    ranked: Ranked,
    measure: Measure,
    lists: Lists,
    sums: Sums,
    bits: NDArray[np.uint64],
    ranks: tuple[int, int],
    kept: NDArray[np.int64],
) -> None:
    """Offer the pairs of each of these ranks with all later ones to the lists of both, the last rank first.

    In this order the items most like one are met early, so that bars are high soon. Several threads may do so at once,
    each with lists and sums of its own, and all with the same bars: what does not enter a full list of one of them is not
    among the best of all. Where two raise a bar at a time, either will do. ``bits`` (H, words) is the head's. ``kept``
    (D, I) takes the overlaps of the last D ranks with all items; it must be 0.
    """
    tail = len(ranked.item) - len(bits)
    common, counted = np.zeros((TOGETHER, len(bits)), np.int32), len(bits)  # the heads from `counted` on are there
    for rank in range(ranks[1] - 1, ranks[0] - 1, -1):
        if rank >= tail:
            if rank - tail < counted:
                counted = max(rank - tail + 1 - TOGETHER, ranks[0] - tail, 0)
                _count_common(bits, counted, rank - tail + 1, common)
            for g in range(rank - tail + 1, len(bits)):
                sums.total[tail + g] = common[rank - tail - counted, g]
            sums.met[(rank + 1) >> _SHIFT : (len(ranked.item) + BLOCK - 1) >> _SHIFT] = 1
        else:
            _add_row(ranked, sums, rank)
        _keep_popular(ranked, measure.unit, sums.total, rank, kept)
        _offer_row(ranked, measure, lists, sums, rank)


@kernel()
def merge_lists(into: Lists, other: Lists, items: tuple[int, int]) -> None:
    """Offer what another thread has found for these items to the lists."""
    for item in range(items[0], items[1]):
        for n in range(other.size[item]):
            _keep(into, item, other.score[item, n], other.other[item, n])


@kernel()
def sort_lists(lists: Lists, items: tuple[int, int]) -> None:
    """Turn the lists of these items into ones that stand best first."""
    space = space_for(max(MOST, lists.score.shape[1]))
    for item in range(items[0], items[1]):
        sort_list(lists.score[item], lists.other[item], lists.size[item], space)
