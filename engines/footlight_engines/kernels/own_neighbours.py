"""Scores by the candidates' own neighbours: a short list by the history's neighbours, ranked anew. See `item_scores`.

By the neighbours of a history's items, items that are near to much score high whatever else they are near to. By its own k
nearest an item is judged as strictly as any other, which ranks better; but then all rows would have to be up to date for an
answer. So the neighbours of the history choose a short list, and the neighbours of these items rank it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.item_scores import AHEAD, Shelf, fetch_row, gather_by_items, give_reason, opened
from footlight_engines.kernels.scores import UNIT
from footlight_engines.kernels.selection import offer, sort_heap


@part()
def _are_fresh(shelf: Shelf, items: NDArray[np.int32], size: int) -> bool:
    fresh, tick = True, shelf.tick[0]
    for n in range(size):
        fresh &= shelf.read_at[items[n]] == tick
    return fresh


@part()
def _spread_history(shelf: Shelf, user: int) -> None:
    """Write the person's preferences where totals are."""
    first = np.uint64(shelf.person_start[user])
    for r in range(first, first + np.uint64(shelf.person_length[user])):
        shelf.total[np.uint32(shelf.item[r])] = shelf.weight[r] * UNIT


@part()
def _clear_history(shelf: Shelf, user: int) -> None:
    first = np.uint64(shelf.person_start[user])
    for r in range(first, first + np.uint64(shelf.person_length[user])):
        shelf.total[np.uint32(shelf.item[r])] = 0.0


@part()
def _own_score(shelf: Shelf, item: int) -> float:
    """Sum what the person prefers of an item's neighbours, times their similarity.

    Four sums, each of every fourth neighbour: no addition waits for the one before. They are always added up in the same
    order, so the score is the same on every machine.
    """
    neighbour, similarity, preference = shelf.neighbour[item], shelf.similarity[item], shelf.total
    size, score, second, third, fourth = np.uint64(shelf.eligible[item]), 0.0, 0.0, 0.0, 0.0
    whole = size - size % np.uint64(4)
    for m in range(np.uint64(0), whole, np.uint64(4)):
        score += similarity[m] * preference[np.uint32(neighbour[m])]
        second += similarity[m + np.uint64(1)] * preference[np.uint32(neighbour[m + np.uint64(1)])]
        third += similarity[m + np.uint64(2)] * preference[np.uint32(neighbour[m + np.uint64(2)])]
        fourth += similarity[m + np.uint64(3)] * preference[np.uint32(neighbour[m + np.uint64(3)])]
    for m in range(whole, size):
        score += similarity[m] * preference[np.uint32(neighbour[m])]
    return (score + second) + (third + fourth)


@part()
def _pick_anew(shelf: Shelf, size: int, items: NDArray[np.int32], scores: NDArray[np.float64]) -> int:
    """Score the first items of the short list by their own neighbours, and keep the best with a score above 0, best first.

    Returns
    -------
    How many there are.
    """
    short, kept, limit = shelf.short_item, 0, len(items)
    for n in range(size):
        if n + AHEAD < size:
            fetch_row(shelf, short[n + AHEAD])
        score = _own_score(shelf, short[n])
        if score > 0.0 and (kept < limit or score >= scores[0]):
            kept = offer(scores, items, kept, limit, score, short[n])
    sort_heap(scores, items, kept)
    return kept


@kernel(nogil=False)
def score_by_own_neighbours(
    addresses: NDArray[np.int64],
    user: int,
    include_seen: bool,
    short: int,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
) -> int:
    """Item-based scores: score_i = sum over the neighbours j of i that are in the person's history of s_ij w_uj.

    The items that are scored so are the best ``short`` as in `score_by_items`, whose other parameters these are.

    Returns
    -------
    How many items are in the answer; -1 where a row of the history is not up to date; -1 - n where one of the first n
    items of the shelf's short list is not. Then nothing was done.
    """
    shelf = opened(addresses)
    if not 0 <= user < len(shelf.person_start):
        return 0
    size = gather_by_items(shelf, user, include_seen, shelf.short_item[:short], shelf.short_score[:short])
    if size <= 0:
        return size
    if not _are_fresh(shelf, shelf.short_item, size):
        return -1 - size
    _spread_history(shelf, user)
    kept = _pick_anew(shelf, size, items, scores)
    _clear_history(shelf, user)
    return kept


@kernel()
def score_many_by_own_neighbours(
    addresses: NDArray[np.int64],
    users: NDArray[np.int32],
    include_seen: bool,
    short: int,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
    sizes: NDArray[np.int64],
) -> None:
    """`score_by_own_neighbours` for each of n people.

    ``items`` and ``scores`` have shape (n, N), ``sizes`` (n,); a size below 0 says that a row was not up to date.
    """
    for n in range(len(users)):
        sizes[n] = score_by_own_neighbours(addresses, int(users[n]), include_seen, short, items[n], scores[n])


@kernel()
def explain_by_own_neighbours(
    addresses: NDArray[np.int64],
    user: int,
    items: NDArray[np.int32],
    because: NDArray[np.int32],
    shares: NDArray[np.float64],
) -> None:
    """Name the items of the history that add most to each of the items just answered. See `explain_by_items`."""
    shelf, reasons = opened(addresses), because.shape[1]
    because[:], shares[:] = -1, 0.0
    _spread_history(shelf, user)
    for rank in range(len(items)):
        item, added = items[rank], 0.0
        for m in range(np.uint32(shelf.eligible[item])):
            liked = shelf.neighbour[item, m]
            part = shelf.similarity[item, m] * shelf.total[liked]
            if part > 0.0:
                added += part
                if part > shares[rank, reasons - 1]:
                    give_reason(because[rank], shares[rank], liked, part)
        for n in range(reasons):
            shares[rank, n] /= added
    _clear_history(shelf, user)
