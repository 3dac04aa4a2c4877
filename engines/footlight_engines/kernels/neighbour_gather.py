"""Computes rows of a neighbour table each by itself: the way for sparse preferences. See `neighbour_fit` for dense ones.

A row's overlaps are summed densely, and the items met are noted (Gustavson 1978, one row of the product). Most items that
two people have in common are met once, in no order that a processor could guess, so nothing here branches on what it has
summed: each item is written down, and the place moves on where it was met for the first time. Similarities are computed in
float32, many at once, to find a bar; in full only for the few that reach it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.list_order import MOST, best_first, space_for
from footlight_engines.kernels.neighbour_fit import AHEAD, Lists, Measure, ask_for
from footlight_engines.kernels.ranked_entries import Ranked

STEPS = 11
"""So many times a bar is put between two others."""
OCTAVES = 16 << 23
"""The bits of a float32 above 0 less these are those of a 2^16th of it: a bar is looked for no lower."""
ROUNDING = 16
"""A similarity in float32 is fewer steps than these from what it is in float64: five operations err by half a step each."""


class Found(NamedTuple):
    """Working space of one thread for R ranks."""

    total: NDArray[Any]  # (R,) int32 or int64; 0 between rows
    other: NDArray[np.int32]  # (R + 1,) the ranks met
    overlap: NDArray[Any]  # (R,) as `total`: their sums
    norm: NDArray[np.float32]  # (R,) their norms
    score: NDArray[np.float32]  # (R,) their similarities, rounded
    bits: NDArray[np.int32]  # the same memory
    exact: NDArray[np.float64]  # (R,) similarities of some of them
    ordinal: NDArray[np.int32]  # (R + 1,) and their ordinals


@part()
def _add_ones(ranked: Ranked, found: Found, first: int, last: int, met: int) -> int:
    ids, total, others, at = ranked.ids, found.total, found.other, np.uint64(met)
    for p in range(np.uint64(first), np.uint64(last)):
        other = np.uint64(ids[p])
        before = total[other]
        others[at] = other
        at += np.uint64(before == 0)
        total[other] = before + total.dtype.type(1)
    return int(at)


@part()
def _add_products(ranked: Ranked, found: Found, first: int, last: int, own: int, met: int) -> int:
    ids, weights, total, others, at = ranked.ids, ranked.weights, found.total, found.other, np.uint64(met)
    weight = total.dtype.type(own)
    for p in range(np.uint64(first), np.uint64(last)):
        other = np.uint64(ids[p])
        before = total[other]
        others[at] = other
        at += np.uint64(before == 0)
        total[other] = before + weight * total.dtype.type(weights[p])
    return int(at)


@part()
def _gather(x: Interactions, ranked: Ranked, ends: NDArray[np.int64], found: Found, rank: int) -> int:
    """Sum the overlaps of an item with all others, weights being above 0; return how many were met, itself included."""
    start, base, met = np.uint64(x.item_start[ranked.item[rank]]), np.uint64(ranked.first[rank]), 0
    size, weighted = np.uint64(ranked.first[rank + 1]) - base, len(ranked.weights) > 0
    for n in range(size):
        if n + np.uint64(AHEAD) < size:
            later = np.uint64(np.uint32(x.person[start + n + np.uint64(AHEAD)]))
            ask_for(ranked.ids, ends[later - np.uint64(1)] if later > np.uint64(0) else 0, 0)
        user = np.uint64(np.uint32(x.person[start + n]))
        first = ends[user - np.uint64(1)] if user > np.uint64(0) else 0
        if weighted:
            met = _add_products(ranked, found, first, ends[user], ranked.own[base + n], met)
        else:
            met = _add_ones(ranked, found, first, ends[user], met)
    return met


@part(error_model="numpy")
def _score(measure: Measure, found: Found, rank: int, met: int) -> None:
    """Take the sums of the items met, and compute their similarities, rounded."""
    total, others, overlaps, norms, scores = found.total, found.other, found.overlap, found.norm, found.score
    single, one, size = measure.single, np.float32(1.0), np.uint64(met)
    total[rank] = 0  # an item is no neighbour of itself
    for n in range(size):
        other = np.uint64(np.uint32(others[n]))
        overlaps[n], norms[n] = total[other], single[other]
        total[other] = 0
    unit, shrinkage = np.float32(measure.unit), np.float32(measure.shrinkage)
    factor = one if measure.jaccard else single[rank]
    added = single[rank] + shrinkage if measure.jaccard else shrinkage
    taken = one if measure.jaccard else np.float32(0.0)
    for n in range(size):
        overlap = np.float32(overlaps[n]) * unit
        scores[n] = overlap / (factor * norms[n] + added - taken * overlap)


@part()
def _bar_of(bits: NDArray[np.int32], wanted: int) -> int:
    """The bits of a bar that so many scores reach, as high as a few steps find it; 1 where there are not so many.

    Floats above 0 order as their bits do, and whole numbers are compared many at once.
    """
    high = np.int32(1)
    for n in range(np.uint64(len(bits))):
        high = bits[n] if bits[n] > high else high
    low, bar = np.int32(max(high - np.int32(OCTAVES), np.int32(1))), np.int32(1)
    for _ in range(STEPS):
        middle, reached = np.int32(low + ((high - low) >> np.int32(1))), np.int32(0)
        for n in range(np.uint64(len(bits))):
            reached += np.int32(bits[n] >= middle)
        if reached >= wanted:
            low = bar = middle
        else:
            high = middle
    return int(bar)


@part(error_model="numpy")
def _take_best(ranked: Ranked, measure: Measure, found: Found, rank: int, met: int, wanted: int) -> int:
    """Compute in full the similarities of the items met that may be among the best; return how many these are.

    They stand in ``found.exact`` and ``found.ordinal``.
    """
    bits, others, overlaps, norms, items = found.bits, found.other, found.overlap, measure.norm, ranked.item
    exact, ordinals, norm, kept = found.exact, found.ordinal, norms[rank], np.uint64(0)
    bar = np.int32(max(_bar_of(bits[:met], wanted) - ROUNDING, 1))
    for n in range(np.uint64(met)):
        ordinals[kept] = n
        kept += np.uint64(bits[n] >= bar)
    for m in range(kept):
        at = np.uint64(np.uint32(ordinals[m]))
        other, overlap = np.uint64(np.uint32(others[at])), float(overlaps[at]) * measure.unit
        shared = norm + norms[other] - overlap if measure.jaccard else norm * norms[other]
        exact[m], ordinals[m] = overlap / (shared + measure.shrinkage), items[other]
    return int(np.int64(kept))


@kernel()
def gather_rows(
    x: Interactions,
    ranked: Ranked,
    ends: NDArray[np.int64],
    measure: Measure,
    lists: Lists,
    found: Found,
    ranks: tuple[int, int],
) -> None:
    """Make the lists of these ranks, weights being above 0, best first.

    It takes twice the products that `rank_rows` takes, but no look at another item's list: the better way where items
    share few people. Several threads may do so at once, with the same lists. ``ends`` (P,) is where people's rows end.
    """
    limit = lists.score.shape[1]
    space = space_for(max(MOST, limit))
    for rank in range(ranks[0], ranks[1]):
        met = _gather(x, ranked, ends, found, rank)
        _score(measure, found, rank, met)
        kept = _take_best(ranked, measure, found, rank, met, limit)
        size = best_first(found.exact, found.ordinal, kept, limit, space)
        item = np.uint64(np.uint32(ranked.item[rank]))
        for n in range(np.uint64(size)):
            lists.score[item, n], lists.other[item, n] = found.exact[n], found.ordinal[n]
        lists.size[item] = size
