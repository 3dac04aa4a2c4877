"""Computes rows of a neighbour table each by itself: the way for sparse preferences. See `neighbour_fit` for dense ones.

A row's overlaps are summed densely, and the items met are noted (Gustavson 1978, one row of the product). Most items that
two people have in common are met once, in no order that a processor could guess, so nothing here branches on what it has
summed: each item is written down, and the place moves on where it was met for the first time. Similarities are computed in
float32, many at once, to find a bar; in full only for the few that reach it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.list_order import sort_list
from footlight_engines.kernels.neighbour_fit import AHEAD, BELOW, NO_BAR, Lists, Measure, ask_for, bar_of
from footlight_engines.kernels.ranked_entries import Ranked
from footlight_engines.kernels.selection import heapify, offer, worse


class Found(NamedTuple):
    """Working space of one thread for R ranks."""

    total: NDArray[Any]  # (R,) int32 or int64; 0 between rows
    other: NDArray[np.int32]  # (R + 1,) the ranks met
    overlap: NDArray[Any]  # (R,) as `total`: their sums
    norm: NDArray[np.float32]  # (R,) their norms
    score: NDArray[np.float32]  # (R,) their similarities


@njit(cache=True, nogil=True)
def _add_ones(ranked: Ranked, found: Found, first: int, last: int, met: int) -> int:
    ids, total, others, at = ranked.ids, found.total, found.other, np.uint64(met)
    for p in range(np.uint64(first), np.uint64(last)):
        other = np.uint64(ids[p])
        before = total[other]
        others[at] = other
        at += np.uint64(before == 0)
        total[other] = before + total.dtype.type(1)
    return int(at)


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _take_best(
    measure: Measure, items: NDArray[np.int32], found: Found, met: tuple[int, int], score: Any, other: Any
) -> int:
    """Fill an empty list with the best of the items met by the item of a rank, in no order; return its size.

    ``met`` is the rank, and how many; ``score`` and ``other`` (B,) take the list.
    """
    singles, others, overlaps, norms = found.score, found.other, found.overlap, measure.norm
    size, limit, norm = 0, len(score), norms[met[0]]
    bar = np.float32(bar_of(singles[: met[1]], limit, NO_BAR) * BELOW)
    for n in range(np.uint64(met[1])):
        if singles[n] < bar:
            continue
        rank, overlap = np.uint32(others[n]), float(overlaps[n]) * measure.unit
        shared = norm + norms[rank] - overlap if measure.jaccard else norm * norms[rank]
        exact, ordinal = overlap / (shared + measure.shrinkage), items[rank]
        if size < limit:
            score[size], other[size] = exact, ordinal
        else:
            if size == limit:
                heapify(score, other, limit)
            if worse(score[0], other[0], exact, ordinal):
                offer(score, other, limit, limit, exact, ordinal)
        size += 1
    return min(size, limit)


@njit(cache=True, nogil=True)
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
    place, scores, others = np.empty(limit, np.int32), np.empty(limit), np.empty(limit, np.int32)
    for rank in range(ranks[0], ranks[1]):
        item, met = ranked.item[rank], _gather(x, ranked, ends, found, rank)
        _score(measure, found, rank, met)
        size = _take_best(measure, ranked.item, found, (rank, met), lists.score[item], lists.other[item])
        sort_list(lists.score[item, :size], lists.other[item, :size], (place, scores, others))
        lists.size[item] = size
