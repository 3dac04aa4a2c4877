"""Scores items for one person and picks the best that may be answered."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.addresses import matrix, vector
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, RETRACTED, Interactions
from footlight_engines.kernels.neighbours import Rule, cosine
from footlight_engines.kernels.selection import offer, sort_heap, worse

UNIT = 1.0 / 16.0
"""The preference that a weight of 1 stands for."""
REASONS = 3
"""At most so many items are named as the reason of an answer."""
BLOCK = 32
"""So many items share one peak. Totals are dense: a sum without a branch, and a look at 32 at once, cost less than a list
of the items met; only blocks that were met are looked at and cleared, so that a large catalogue costs little more."""
_SHIFT = 5  # BLOCK is 1 << _SHIFT


class Board(NamedTuple):
    """Working space of a query over I items and P people."""

    total: NDArray[np.float64]  # (I,) scores of the items in `touched`
    stamp: NDArray[np.int64]  # (I,) the query that met the item
    blocked: NDArray[np.int64]  # (I,) the query that may not answer the item
    touched: NDArray[np.int32]  # (I,)
    place: NDArray[np.int32]  # (I,) rank of an item of the answer
    overlap: NDArray[np.int64]  # (P,)
    met: NDArray[np.int64]  # (P,) the query that met the person
    people: NDArray[np.int32]  # (P,)
    heap_score: NDArray[np.float64]  # (1000,)
    heap_person: NDArray[np.int32]  # (1000,)
    tick: NDArray[np.int64]  # (1,) counts queries


class Shelf(NamedTuple):
    """What item-based scores read of `Interactions` and `Table`, and their working space.

    Kernels take it as the addresses of these arrays, in this order.
    """

    person_start: NDArray[np.int64]  # (P,)
    person_length: NDArray[np.int32]  # (P,)
    item: NDArray[np.int32]  # (R,)
    weight: NDArray[np.int32]  # (R,)
    slot: NDArray[np.int32]  # (R,)
    neighbour: NDArray[np.int32]  # (I, B)
    similarity: NDArray[np.float64]  # (I, B)
    eligible: NDArray[np.int32]  # (I,)
    read_at: NDArray[np.int64]  # (I,)
    tick: NDArray[np.int64]  # (1,) of the table
    total: NDArray[np.float64]  # (BLOCK * B,) at least I; 0 between queries
    total_bits: NDArray[np.int64]  # the same memory
    peak: NDArray[np.float64]  # (B,) the highest total of a block of items that was met; 0 between queries
    peak_bits: NDArray[np.int64]  # the same memory; not 0 in blocks that were met


@njit(cache=True, nogil=True)
def _opened(shelf: NDArray[np.int64]) -> Shelf:
    """The arrays at these addresses."""
    return Shelf(
        vector(shelf, 0, np.int64),
        vector(shelf, 1, np.int32),
        vector(shelf, 2, np.int32),
        vector(shelf, 3, np.int32),
        vector(shelf, 4, np.int32),
        matrix(shelf, 5, np.int32),
        matrix(shelf, 6, np.float64),
        vector(shelf, 7, np.int32),
        vector(shelf, 8, np.int64),
        vector(shelf, 9, np.int64),
        vector(shelf, 10, np.float64),
        vector(shelf, 11, np.int64),
        vector(shelf, 12, np.float64),
        vector(shelf, 13, np.int64),
    )


class Question(NamedTuple):
    """Who asks, and what may be answered."""

    user: int
    servable: NDArray[np.bool_]  # (any,) items beyond its end may not
    exclude: NDArray[np.int32]  # (any,)
    include_seen: bool


class Answer(NamedTuple):
    """What comes back, best first; N is how many were asked for."""

    items: NDArray[np.int32]  # (N,)
    scores: NDArray[np.float64]  # (N,)
    because: NDArray[np.int32]  # (N, at most REASONS); -1 where there are fewer. (0, 0): not asked for
    shares: NDArray[np.float64]  # the same shape
    people: NDArray[np.int32]  # (N,), or (0,) where not asked for


@njit(cache=True, nogil=True)
def block(x: Interactions, board: Board, ask: Question) -> int:
    """Begin a query: mark the items that may not be answered; return its tick."""
    board.tick[0] += 1
    tick = board.tick[0]
    for item in ask.exclude:
        if 0 <= item < len(board.blocked):
            board.blocked[item] = tick
    if not ask.include_seen and 0 <= ask.user < x.used[PEOPLE]:
        first = x.person_start[ask.user]
        for r in range(first, first + x.person_length[ask.user]):
            if x.slot[r] != RETRACTED:
                board.blocked[x.item[r]] = tick
    return int(tick)


@njit(cache=True, nogil=True)
def _pick(board: Board, tick: int, met: int, servable: NDArray[np.bool_], answer: Answer) -> int:
    """Put the best items with a score above 0 into the answer; return how many."""
    total, blocked, touched, scores, size = board.total, board.blocked, board.touched, answer.scores, 0
    for n in range(met):
        ordinal = touched[n]
        item = np.uint32(ordinal)
        score = total[item]
        if score <= 0.0 or item >= len(servable) or not servable[item] or blocked[item] == tick:
            continue
        if size < len(scores) or score >= scores[0]:
            size = offer(scores, answer.items, size, len(scores), score, ordinal)
    sort_heap(scores, answer.items, size)
    return size


@njit(cache=True, nogil=True)
def _mark_answer(board: Board, tick: int, answer: Answer, size: int) -> int:
    """Let ``place`` give the rank of every item of the answer; ``stamp`` is -tick for these alone."""
    for n in range(size):
        board.stamp[answer.items[n]] = -tick
        board.place[answer.items[n]] = n
    return -tick


@njit(cache=True, nogil=True)
def _give_reason(because: NDArray[np.int32], parts: NDArray[np.float64], item: int, part: float) -> None:
    """Insert a reason, both arrays of shape (reasons,), by its part of the score, largest first."""
    n = len(parts)
    while n > 0 and part > parts[n - 1]:
        n -= 1
        if n + 1 < len(parts):
            parts[n + 1], because[n + 1] = parts[n], because[n]
    if n < len(parts):
        parts[n], because[n] = part, item


@njit(cache=True, nogil=True)
def _explain_by_items(shelf: Shelf, first: int, last: int, answer: Answer, size: int) -> None:
    """Name the items of the history that add most to each answer, with their shares of all that is added to it."""
    added, reasons = np.zeros(size), answer.because.shape[1]
    because, shares, rank_of = answer.because, answer.shares, shelf.total
    for rank in range(size):
        rank_of[answer.items[rank]] = rank + 1.0
        for n in range(reasons):
            because[rank, n], shares[rank, n] = -1, 0.0
    for r in range(first, last):
        liked, weight = shelf.item[r], shelf.weight[r] * UNIT
        if weight <= 0.0:
            continue
        neighbour, similarity = shelf.neighbour[liked], shelf.similarity[liked]
        for n in range(np.uint32(shelf.eligible[liked])):
            place = rank_of[np.uint32(neighbour[n])]
            if place > 0.0:
                rank, part = int(place) - 1, similarity[n] * weight
                added[rank] += part
                if part > shares[rank, reasons - 1]:
                    _give_reason(because[rank], shares[rank], liked, part)
    for rank in range(size):
        rank_of[answer.items[rank]] = 0.0
        for n in range(reasons):
            shares[rank, n] /= added[rank]


@njit(cache=True, nogil=True)
def _bar(shelf: Shelf, first: int, last: int, ask: Question) -> None:
    """Begin the totals of all items that may not be answered although they are servable where no sum leads away from."""
    total, met = shelf.total, shelf.peak_bits
    for item in ask.exclude:
        if 0 <= item < len(total):
            total[item], met[item >> _SHIFT] = -np.inf, 1
    if not ask.include_seen:
        for r in range(np.uint64(first), np.uint64(last)):
            if shelf.slot[r] != RETRACTED:
                item = np.uint32(shelf.item[r])
                total[item], met[item >> np.uint32(_SHIFT)] = -np.inf, 1


@njit(cache=True, nogil=True)
def _add_up(shelf: Shelf, first: int, last: int) -> None:
    """Sum the scores of all neighbours of a history, and mark the blocks that they lie in."""
    total, met = shelf.total, shelf.peak_bits
    for r in range(np.uint64(first), np.uint64(last)):
        liked, weight = np.uint32(shelf.item[r]), shelf.weight[r] * UNIT
        if weight == 0.0:
            continue
        neighbour, similarity = shelf.neighbour[liked], shelf.similarity[liked]
        for n in range(np.uint32(shelf.eligible[liked])):
            item = np.uint32(neighbour[n])
            total[item] += similarity[n] * weight
            met[item >> np.uint32(_SHIFT)] = 1


@njit(cache=True, nogil=True)
def _find_peaks(shelf: Shelf, answer: Answer) -> float:
    """Find the highest total of every block that was met, and a bar that as many of them reach as items were asked for.

    Floats above 0 order as their bits do, and those below 0 have bits below 0: whole numbers compare without regard
    to NaN, which lets the compiler look at several at once. The answer's arrays are working space here.
    """
    bits, peak, peak_bits = shelf.total_bits, shelf.peak, shelf.peak_bits
    scores, blocks, size = answer.scores, answer.items, 0
    for b in range(len(peak)):
        if peak_bits[b] == 0:
            continue
        start, high = np.uint64(b * BLOCK), np.int64(1)  # the smallest float above 0: the block stays marked as met
        for n in range(np.uint64(BLOCK)):
            value = bits[start + n]
            high = value if value > high else high
        peak_bits[b] = high
        if size < len(scores) or peak[b] > scores[0]:
            size = offer(scores, blocks, size, len(scores), peak[b], b)
    return scores[0] if size == len(scores) else 0.0


@njit(cache=True, nogil=True)
def _pick_above(shelf: Shelf, bar: float, servable: NDArray[np.bool_], answer: Answer) -> int:
    """Put the best items with a score above 0 that reaches the bar into the answer; return how many."""
    total, peak, scores, items, size = shelf.total, shelf.peak, answer.scores, answer.items, 0
    for b in range(len(peak)):
        if shelf.peak_bits[b] == 0 or peak[b] < bar:
            continue
        for item in range(np.uint64(b * BLOCK), np.uint64(min((b + 1) * BLOCK, len(servable)))):
            score = total[item]
            if score < bar or score <= 0.0 or not servable[item] or (size == len(scores) and score < scores[0]):
                continue
            size = offer(scores, items, size, len(scores), score, int(item))
    sort_heap(scores, items, size)
    return size


@njit(cache=True, nogil=True)
def _clear(shelf: Shelf) -> None:
    for b in range(len(shelf.peak_bits)):
        if shelf.peak_bits[b] != 0:
            shelf.peak_bits[b] = 0
            shelf.total[b * BLOCK : (b + 1) * BLOCK] = 0.0


@njit(cache=True)  # it takes less time than to get the GIL back
def score_by_items(addresses: NDArray[np.int64], ask: Question, answer: Answer) -> int:
    """Item-based scores: score_i = sum over j in the person's history, i among j's neighbours, of s_ij w_uj.

    Sarwar et al. (2001), the sum of section 3.2 without its normalisation, which would favour items with one neighbour.
    `read_history` must have brought the rows of the history up to date. ``addresses`` are those of a `Shelf`.

    Returns
    -------
    How many items are in the answer, or -1 where a row is not up to date; then nothing was done.
    """
    shelf = _opened(addresses)
    if not 0 <= ask.user < len(shelf.person_start):
        return 0
    first, tick = shelf.person_start[ask.user], shelf.tick[0]
    last = first + shelf.person_length[ask.user]
    for r in range(np.uint64(first), np.uint64(last)):
        if shelf.weight[r] != 0 and shelf.read_at[np.uint32(shelf.item[r])] != tick:
            return -1
    _bar(shelf, first, last, ask)
    _add_up(shelf, first, last)
    bar = _find_peaks(shelf, answer)
    size = _pick_above(shelf, bar, ask.servable, answer)
    if size < len(answer.items) and bar > 0.0:  # some of those that reach it may not be answered
        size = _pick_above(shelf, 0.0, ask.servable, answer)
    _clear(shelf)
    if answer.because.shape[1] > 0:
        _explain_by_items(shelf, first, last, answer, size)
    return size


@njit(cache=True, nogil=True)
def _meet_people(x: Interactions, board: Board, user: int, tick: int) -> int:
    """Sum w_ui w_vi over the items i of a person for everybody else v; return how many people were met."""
    items, weights, starts, lengths = x.item, x.weight, x.item_start, x.item_length
    people, posted, overlap, seen, order = x.person, x.posted, board.overlap, board.met, board.people
    first, met = x.person_start[user], 0
    for r in range(first, first + x.person_length[user]):
        weight, start = int(weights[r]), starts[items[r]]
        if weight == 0:
            continue
        for p in range(np.uint64(start), np.uint64(start + lengths[items[r]])):
            other, product = np.uint32(people[p]), weight * int(posted[p])
            if seen[other] == tick:
                overlap[other] += product
            else:
                seen[other], overlap[other], order[met] = tick, product, other
                met += 1
    return met


@njit(cache=True, nogil=True)
def nearest_people(x: Interactions, board: Board, user: int, tick: int, rule: Rule) -> int:
    """Put the k people most like one person into the board's heap, best first; return how many."""
    root, size = sqrt(float(x.person_square[user])), 0
    for n in range(_meet_people(x, board, user, tick)):
        ordinal = board.people[n]
        other = np.uint32(ordinal)
        overlap = board.overlap[other]
        if overlap <= 0 or other == user:
            continue
        score = cosine(overlap, root, sqrt(float(x.person_square[other])), rule.shrinkage)
        if score >= rule.minimum and (size < rule.k or score >= board.heap_score[0]):
            size = offer(board.heap_score, board.heap_person, size, rule.k, score, ordinal)
    sort_heap(board.heap_score, board.heap_person, size)
    return size


@njit(cache=True, nogil=True)
def _count_people(x: Interactions, board: Board, neighbours: int, mark: int, answer: Answer, size: int) -> None:
    """Count for each answer the neighbours who have a weight above 0 for it."""
    items, weights, stamp, place, people = x.item, x.weight, board.stamp, board.place, answer.people
    for rank in range(size):
        people[rank] = 0
    for n in range(neighbours):
        first = x.person_start[board.heap_person[n]]
        for r in range(np.uint64(first), np.uint64(first + x.person_length[board.heap_person[n]])):
            item = np.uint32(items[r])
            if stamp[item] == mark and weights[r] > 0:
                people[place[item]] += 1


@njit(cache=True, nogil=True)
def score_by_people(x: Interactions, board: Board, ask: Question, rule: Rule, answer: Answer) -> int:
    """User-based scores: score_i = sum over the k people v most like the person of s_uv w_vi.

    Returns
    -------
    How many items are in the answer.
    """
    tick, met = block(x, board, ask), 0
    total, stamp, touched = board.total, board.stamp, board.touched
    items, weights = x.item, x.weight
    neighbours = nearest_people(x, board, ask.user, tick, rule)
    for n in range(neighbours):
        first, score = x.person_start[board.heap_person[n]], board.heap_score[n]
        for r in range(np.uint64(first), np.uint64(first + x.person_length[board.heap_person[n]])):
            item, weight = np.uint32(items[r]), weights[r] * UNIT
            if weight == 0.0:
                continue
            if stamp[item] == tick:
                total[item] += score * weight
            else:
                stamp[item], total[item], touched[met] = tick, score * weight, item
                met += 1
    size = _pick(board, tick, met, ask.servable, answer)
    if len(answer.people) > 0:
        _count_people(x, board, neighbours, _mark_answer(board, tick, answer, size), answer, size)
    return size


@njit(cache=True, nogil=True)
def score_by_count(
    x: Interactions,
    board: Board,
    ask: Question,
    answer: Answer,
) -> int:
    """The items that most people like, as far as anybody does; return how many."""
    tick, size, limit = block(x, board, ask), 0, len(answer.items)
    for item in range(min(x.used[ITEMS], len(ask.servable))):
        fans = x.fans[item]
        if fans == 0 or not ask.servable[item] or board.blocked[item] == tick:
            continue
        if size < limit or worse(answer.scores[0], answer.items[0], float(fans), item):
            size = offer(answer.scores, answer.items, size, limit, float(fans), item)
    sort_heap(answer.scores, answer.items, size)
    for n in range(size):
        answer.people[n] = x.fans[answer.items[n]]
    return size
