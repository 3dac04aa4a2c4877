"""Scores items for one person and picks the best that may be answered."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.interactions import ITEMS, PEOPLE, RETRACTED, Interactions
from footlight_engines.kernels.neighbours import cosine
from footlight_engines.kernels.selection import offer, sort_heap, worse

UNIT = 1.0 / 16.0
"""The preference that a weight of 1 stands for."""
REASONS = 3
"""At most so many items are named as the reason of an answer."""


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
    sums: NDArray[np.int64]  # (P, 6), or (0, 6) where nobody asks for correlations
    heap_score: NDArray[np.float64]  # (1000,)
    heap_person: NDArray[np.int32]  # (1000,)
    tick: NDArray[np.int64]  # (1,) counts queries


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


class Liking(NamedTuple):
    """What somebody prefers, of known people a row of `Interactions`: places ``first`` to ``last - 1`` of both arrays."""

    item: NDArray[np.int32]
    weight: NDArray[np.int32]
    first: int
    last: int


class Likeness(NamedTuple):
    """Who counts as like somebody, and how much they say: the k most similar, of at least a similarity, as s^exponent."""

    k: int
    minimum: float
    shrinkage: float
    pearson: bool
    exponent: float


@njit(cache=True, nogil=True)
def _meet_people(x: Interactions, board: Board, liking: Liking, tick: int) -> int:
    """Sum w_ui w_vi over the items i of a person u for everybody v; return how many people were met."""
    items, weights, starts, lengths = liking.item, liking.weight, x.item_start, x.item_length
    people, posted, overlap, seen, order = x.person, x.posted, board.overlap, board.met, board.people
    met = 0
    for r in range(liking.first, liking.last):
        item, weight = items[r], int(weights[r])
        if weight == 0 or item < 0 or item >= x.used[ITEMS]:
            continue
        start = starts[item]
        for p in range(np.uint64(start), np.uint64(start + lengths[item])):
            other, product = np.uint32(people[p]), weight * int(posted[p])
            if seen[other] == tick:
                overlap[other] += product
            else:
                seen[other], overlap[other], order[met] = tick, product, other
                met += 1
    return met


@njit(cache=True, nogil=True)
def _meet_raters(x: Interactions, board: Board, liking: Liking, tick: int) -> int:
    """The sums that Pearson's correlation takes, over the items that a person u has in common with everybody v.

    Returns
    -------
    How many people were met; ``board.sums`` holds n, sum w_u, sum w_v, sum w_u^2, sum w_v^2 and sum w_u w_v for each.
    """
    people, posted, sums, seen, order, met = x.person, x.posted, board.sums, board.met, board.people, 0
    for r in range(liking.first, liking.last):
        item, weight = liking.item[r], int(liking.weight[r])
        if weight == 0 or item < 0 or item >= x.used[ITEMS]:
            continue
        start = x.item_start[item]
        for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
            other, theirs = np.uint32(people[p]), int(posted[p])
            if seen[other] != tick:
                seen[other], order[met] = tick, other
                met += 1
                for n in range(6):
                    sums[other, n] = 0
            sums[other, 0] += 1
            sums[other, 1] += weight
            sums[other, 2] += theirs
            sums[other, 3] += weight * weight
            sums[other, 4] += theirs * theirs
            sums[other, 5] += weight * theirs
    return met


@njit(cache=True, nogil=True, error_model="numpy")
def correlation(n: int, sums: tuple[int, int], squares: tuple[int, int], product: int) -> float:
    """Pearson's r = (n c - s s') / sqrt((n q - s^2) (n q' - s'^2)) of whole numbers; 0 where one side does not vary."""
    spread = float(n * squares[0] - sums[0] * sums[0]) * float(n * squares[1] - sums[1] * sums[1])
    return float(n * product - sums[0] * sums[1]) / sqrt(spread) if spread > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _likeness(x: Interactions, board: Board, root: float, other: int, like: Likeness) -> float:
    if like.pearson:
        n, a, b, aa, bb, ab = board.sums[other]
        return float(correlation(n, (a, b), (aa, bb), ab) * n / (n + like.shrinkage))
    return cosine(board.overlap[other], root, sqrt(float(x.person_square[other])), like.shrinkage)


@njit(cache=True, nogil=True)
def nearest_people(x: Interactions, board: Board, user: int, liking: Liking, tick: int, like: Likeness) -> int:
    """Put the k people most like one person into the board's heap, best first; return how many."""
    square, size = 0, 0
    for r in range(liking.first, liking.last):
        square += int(liking.weight[r]) * int(liking.weight[r])
    root = sqrt(float(square))
    met = _meet_raters(x, board, liking, tick) if like.pearson else _meet_people(x, board, liking, tick)
    for n in range(met):
        ordinal = board.people[n]
        other = np.uint32(ordinal)
        if other == user or (not like.pearson and board.overlap[other] <= 0):
            continue
        score = _likeness(x, board, root, int(other), like)
        if score > 0.0 and score >= like.minimum and (size < like.k or score >= board.heap_score[0]):
            size = offer(board.heap_score, board.heap_person, size, like.k, score, ordinal)
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
def score_by_people(
    x: Interactions, board: Board, ask: Question, liking: Liking, like: Likeness, answer: Answer
) -> int:
    """User-based scores: score_i = sum over the k people v most like the person of s_uv^q w_vi.

    Returns
    -------
    How many items are in the answer.
    """
    tick, met = block(x, board, ask), 0
    total, stamp, touched = board.total, board.stamp, board.touched
    items, weights = x.item, x.weight
    if not ask.include_seen and ask.user < 0:  # a visitor's history; `block` has seen to a known person's
        for r in range(liking.first, liking.last):
            if 0 <= liking.item[r] < len(board.blocked):
                board.blocked[liking.item[r]] = tick
    neighbours = nearest_people(x, board, ask.user, liking, tick, like)
    for n in range(neighbours):
        first, score = x.person_start[board.heap_person[n]], board.heap_score[n]
        if like.exponent != 1.0:
            score = score**like.exponent
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
