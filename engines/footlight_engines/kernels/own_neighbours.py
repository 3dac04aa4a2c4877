"""Scores by the candidates' own neighbours: a short list by the history's neighbours, ranked anew. See `item_scores`.

By the neighbours of a history's items, items that are near to much score high whatever else they are near to. By its own k
nearest an item is judged as strictly as any other, which ranks better; but then all rows would have to be up to date for an
answer. So the neighbours of the history choose a short list, and the neighbours of these items rank it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.item_scores import AHEAD, Shelf, fetch_row, gather_by_items, give_reason, opened
from footlight_engines.kernels.scores import UNIT, Answer, Question
from footlight_engines.kernels.selection import offer, sort_heap


@njit(cache=True, nogil=True)
def _are_fresh(shelf: Shelf, items: NDArray[np.int32], size: int) -> bool:
    fresh, tick = True, shelf.tick[0]
    for n in range(size):
        fresh &= shelf.read_at[items[n]] == tick
    return fresh


@njit(cache=True, nogil=True)
def _spread_history(shelf: Shelf, user: int) -> None:
    """Write the person's preferences where totals are."""
    first = np.uint64(shelf.person_start[user])
    for r in range(first, first + np.uint64(shelf.person_length[user])):
        shelf.total[np.uint32(shelf.item[r])] = shelf.weight[r] * UNIT


@njit(cache=True, nogil=True)
def _clear_history(shelf: Shelf, user: int) -> None:
    first = np.uint64(shelf.person_start[user])
    for r in range(first, first + np.uint64(shelf.person_length[user])):
        shelf.total[np.uint32(shelf.item[r])] = 0.0


@njit(cache=True, nogil=True)
def _pick_anew(shelf: Shelf, items: NDArray[np.int32], size: int, answer: Answer) -> int:
    """Score items by their own neighbours, and put the best with a score above 0 into the answer; return how many."""
    preference, kept, limit = shelf.total, 0, len(answer.items)
    for n in range(size):
        if n + AHEAD < size:
            fetch_row(shelf, items[n + AHEAD])
        item = items[n]
        neighbour, similarity, score = shelf.neighbour[item], shelf.similarity[item], 0.0
        for m in range(np.uint32(shelf.eligible[item])):
            score += similarity[m] * preference[np.uint32(neighbour[m])]
        if score > 0.0 and (kept < limit or score >= answer.scores[0]):
            kept = offer(answer.scores, answer.items, kept, limit, score, item)
    sort_heap(answer.scores, answer.items, kept)
    return kept


@njit(cache=True, nogil=True)
def _explain(shelf: Shelf, size: int, answer: Answer) -> None:
    """Name the items of the history that add most to each answer, with their shares of all that is added to it."""
    reasons = answer.because.shape[1]
    for rank in range(size):
        item, added = answer.items[rank], 0.0
        because, shares = answer.because[rank], answer.shares[rank]
        for n in range(reasons):
            because[n], shares[n] = -1, 0.0
        for m in range(np.uint32(shelf.eligible[item])):
            liked = shelf.neighbour[item, m]
            part = shelf.similarity[item, m] * shelf.total[liked]
            if part > 0.0:
                added += part
                if part > shares[reasons - 1]:
                    give_reason(because, shares, liked, part)
        for n in range(reasons):
            shares[n] /= added


@njit(cache=True)
def score_by_own_neighbours(addresses: NDArray[np.int64], ask: Question, short: Answer, answer: Answer) -> int:
    """Item-based scores: score_i = sum over the neighbours j of i that are in the person's history of s_ij w_uj.

    The items that are scored so are the best as in `score_by_items`, as many as there is room for in ``short``.

    Returns
    -------
    How many items are in the answer; -1 where a row of the history is not up to date; -1 - n where one of the first n
    items of ``short`` is not. Then nothing was done.
    """
    shelf = opened(addresses)
    if not 0 <= ask.user < len(shelf.person_start):
        return 0
    size = gather_by_items(shelf, ask, short)
    if size <= 0:
        return size
    if not _are_fresh(shelf, short.items, size):
        return -1 - size
    _spread_history(shelf, ask.user)
    kept = _pick_anew(shelf, short.items, size, answer)
    if answer.because.shape[1] > 0:
        _explain(shelf, kept, answer)
    _clear_history(shelf, ask.user)
    return kept


@njit(cache=True, nogil=True)
def score_many_by_own_neighbours(
    addresses: NDArray[np.int64],
    users: NDArray[np.int32],
    ask: Question,
    short: Answer,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
    sizes: NDArray[np.int64],
) -> None:
    """`score_by_own_neighbours` without reasons for each of n people, who otherwise ask alike.

    ``items`` and ``scores`` have shape (n, N), ``sizes`` (n,); a size below 0 says that a row was not up to date.
    """
    because, shares = np.empty((0, 0), np.int32), np.empty((0, 0), np.float64)
    nobody = np.empty(0, np.int32)
    for n in range(len(users)):
        question = Question(int(users[n]), ask.servable, ask.exclude, ask.include_seen)
        answer = Answer(items[n], scores[n], because, shares, nobody)
        sizes[n] = score_by_own_neighbours(addresses, question, short, answer)
