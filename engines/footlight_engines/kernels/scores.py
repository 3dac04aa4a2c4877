"""Scores items for one person and picks the best that may be answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, RETRACTED, Interactions
from footlight_engines.kernels.like_people import Crowd, Liking, nearest_people
from footlight_engines.kernels.selection import offer, sort_heap, worse

UNIT = 1.0 / 16.0
"""The preference that a weight of 1 stands for."""
REASONS = 3
"""At most so many items are named as the reason of an answer."""


class Board(NamedTuple):
    """Working space of a query over I items."""

    total: NDArray[np.float64]  # (I,) scores of the items in `touched`
    stamp: NDArray[np.int64]  # (I,) the query that met the item
    blocked: NDArray[np.int64]  # (I,) the query that may not answer the item
    touched: NDArray[np.int32]  # (I,)
    place: NDArray[np.int32]  # (I,) rank of an item of the answer
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


@part()
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


@part()
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


@part()
def _mark_answer(board: Board, tick: int, answer: Answer, size: int) -> int:
    """Let ``place`` give the rank of every item of the answer; ``stamp`` is -tick for these alone."""
    for n in range(size):
        board.stamp[answer.items[n]] = -tick
        board.place[answer.items[n]] = n
    return -tick


@part()
def _count_people(
    x: Interactions, board: Board, neighbours: NDArray[np.int32], mark: int, answer: Answer, size: int
) -> None:
    """Count for each answer the neighbours who have a weight above 0 for it."""
    items, weights, stamp, place, people = x.item, x.weight, board.stamp, board.place, answer.people
    for rank in range(size):
        people[rank] = 0
    for other in neighbours:
        first = x.person_start[other]
        for r in range(np.uint64(first), np.uint64(first + x.person_length[other])):
            item = np.uint32(items[r])
            if stamp[item] == mark and weights[r] > 0:
                people[place[item]] += 1


@kernel()
def score_by_people(x: Interactions, board: Board, ask: Question, liking: Liking, crowd: Crowd, answer: Answer) -> int:
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
    neighbours = nearest_people(x, crowd, ask.user, liking)
    for n in range(neighbours):
        other = crowd.meeting.heap_person[n]
        first, score = x.person_start[other], crowd.meeting.heap_score[n]
        if crowd.like.exponent != 1.0:
            score = score**crowd.like.exponent
        for r in range(np.uint64(first), np.uint64(first + x.person_length[other])):
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
        nearest, mark = crowd.meeting.heap_person[:neighbours], _mark_answer(board, tick, answer, size)
        _count_people(x, board, nearest, mark, answer, size)
    return size


@kernel()
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
