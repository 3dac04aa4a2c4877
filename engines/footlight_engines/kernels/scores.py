"""Scores items for one person and picks the best that may be answered."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.interactions import ITEMS, PEOPLE, RETRACTED, Interactions
from footlight_engines.kernels.neighbours import Rule, Scratch, Table, cosine, read_history
from footlight_engines.kernels.selection import offer, sort_heap, worse

UNIT = 1.0 / 16.0
"""The preference that a weight of 1 stands for."""
REASONS = 3
"""How many items are named as the reason of an answer."""


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
    because: NDArray[np.int32]  # (N, REASONS) or (0, REASONS); -1 where there are fewer
    shares: NDArray[np.float64]  # (N, REASONS) or (0, REASONS)
    people: NDArray[np.int32]  # (N,) or (0,)


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
def _add(board: Board, tick: int, met: int, item: int, part: float) -> int:
    """Add to an item's score and return how many items the query has met."""
    if board.stamp[item] == tick:
        board.total[item] += part
        return met
    board.stamp[item] = tick
    board.total[item] = part
    board.touched[met] = item
    return met + 1


@njit(cache=True, nogil=True)
def _pick(board: Board, tick: int, met: int, servable: NDArray[np.bool_], answer: Answer) -> int:
    """Put the best items with a score above 0 into the answer; return how many."""
    size, limit = 0, len(answer.items)
    for n in range(met):
        ordinal = board.touched[n]
        item = np.uint32(ordinal)
        score = board.total[item]
        if score <= 0.0 or item >= len(servable) or not servable[item] or board.blocked[item] == tick:
            continue
        if size < limit or score >= answer.scores[0]:
            size = offer(answer.scores, answer.items, size, limit, score, ordinal)
    sort_heap(answer.scores, answer.items, size)
    return size


@njit(cache=True, nogil=True)
def _mark_answer(board: Board, tick: int, answer: Answer, size: int) -> int:
    """Let ``place`` give the rank of every item of the answer; ``stamp`` is -tick for these alone."""
    for n in range(size):
        board.stamp[answer.items[n]] = -tick
        board.place[answer.items[n]] = n
    return -tick


@njit(cache=True, nogil=True)
def _give_reason(answer: Answer, rank: int, item: int, part: float) -> None:
    """Insert a reason by its part of the score, largest first; the shares hold the parts for now."""
    if part <= answer.shares[rank, REASONS - 1]:
        return
    n = REASONS - 1
    while n > 0 and part > answer.shares[rank, n - 1]:
        answer.shares[rank, n], answer.because[rank, n] = answer.shares[rank, n - 1], answer.because[rank, n - 1]
        n -= 1
    answer.shares[rank, n], answer.because[rank, n] = part, item


@njit(cache=True, nogil=True)
def _explain_by_items(
    x: Interactions, table: Table, board: Board, user: int, mark: int, answer: Answer, size: int
) -> None:
    """Name the items of the history that add most to each answer, with their shares of all that is added to it."""
    added = np.zeros(size)
    answer.because[:size] = -1
    answer.shares[:size] = 0.0
    first = x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        weight, liked = x.weight[r], x.item[r]
        if weight <= 0:
            continue
        for n in range(table.eligible[liked]):
            item = table.neighbour[liked, n]
            if board.stamp[item] == mark:
                part = table.similarity[liked, n] * (weight * UNIT)
                added[board.place[item]] += part
                _give_reason(answer, board.place[item], liked, part)
    for rank in range(size):
        for n in range(REASONS):
            answer.shares[rank, n] /= added[rank]


@njit(cache=True, nogil=True)
def score_by_items(
    x: Interactions,
    table: Table,
    scratch: Scratch,
    board: Board,
    ask: Question,
    rule: Rule,
    answer: Answer,
) -> int:
    """Item-based scores: score_i = sum over j in the person's history, i among j's neighbours, of s_ij w_uj.

    Sarwar et al. (2001), the sum of section 3.2 without its normalisation, which would favour items with one neighbour.

    Returns
    -------
    How many items are in the answer.
    """
    first = x.person_start[ask.user]
    last = first + x.person_length[ask.user]
    read_history(x, table, scratch, ask.user, rule)
    tick, met = block(x, board, ask), 0
    for r in range(first, last):
        weight, liked = x.weight[r] * UNIT, x.item[r]
        if weight != 0.0:
            for n in range(table.eligible[liked]):
                met = _add(board, tick, met, table.neighbour[liked, n], table.similarity[liked, n] * weight)
    size = _pick(board, tick, met, ask.servable, answer)
    _explain_by_items(x, table, board, ask.user, _mark_answer(board, tick, answer, size), answer, size)
    return size


@njit(cache=True, nogil=True)
def _meet_people(x: Interactions, board: Board, user: int, tick: int) -> int:
    """Sum w_ui w_vi over the items i of a person for everybody else v; return how many people were met."""
    met = 0
    first = x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        weight, item = int(x.weight[r]), x.item[r]
        if weight == 0:
            continue
        start = x.item_start[item]
        for p in range(start, start + x.item_length[item]):
            other, product = np.uint32(x.person[p]), weight * int(x.posted[p])
            if board.met[other] == tick:
                board.overlap[other] += product
            else:
                board.met[other] = tick
                board.overlap[other] = product
                board.people[met] = other
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
    answer.people[:size] = 0
    for n in range(neighbours):
        first = x.person_start[board.heap_person[n]]
        for r in range(first, first + x.person_length[board.heap_person[n]]):
            if x.weight[r] > 0 and board.stamp[x.item[r]] == mark:
                answer.people[board.place[x.item[r]]] += 1


@njit(cache=True, nogil=True)
def score_by_people(
    x: Interactions,
    board: Board,
    ask: Question,
    rule: Rule,
    answer: Answer,
) -> int:
    """User-based scores: score_i = sum over the k people v most like the person of s_uv w_vi.

    Returns
    -------
    How many items are in the answer.
    """
    tick, met = block(x, board, ask), 0
    neighbours = nearest_people(x, board, ask.user, tick, rule)
    for n in range(neighbours):
        first = x.person_start[board.heap_person[n]]
        for r in range(first, first + x.person_length[board.heap_person[n]]):
            if x.weight[r] != 0:
                met = _add(board, tick, met, x.item[r], board.heap_score[n] * (x.weight[r] * UNIT))
    size = _pick(board, tick, met, ask.servable, answer)
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
