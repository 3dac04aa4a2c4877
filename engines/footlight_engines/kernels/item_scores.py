"""Item-based scores for one person, and the best items by them. See `scores` for what is asked and answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.addresses import matrix, vector
from footlight_engines.kernels.interactions import RETRACTED
from footlight_engines.kernels.prefetching import prefetch
from footlight_engines.kernels.scores import UNIT, Answer, Question
from footlight_engines.kernels.selection import offer, sort_heap

BLOCK = 32
"""So many items share one peak. Totals are dense: a sum without a branch, and a look at 32 at once, cost less than a list
of the items met."""
_SHIFT = 5  # BLOCK is 1 << _SHIFT
AHEAD = 2
"""So many rows ahead memory is asked for."""
SMALL = 2_048
"""Up to so many blocks all are looked at and cleared; in a larger catalogue those that a query meets."""


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
    peak: NDArray[np.float64]  # (B,) the highest total of a block of items; 0 between queries
    peak_bits: NDArray[np.int64]  # the same memory; not 0 in blocks to be looked at and cleared


@njit(cache=True, nogil=True)
def opened(shelf: NDArray[np.int64]) -> Shelf:
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


@njit(cache=True, nogil=True)
def fetch_row(shelf: Shelf, item: int) -> None:
    """Ask for the neighbours of an item that are read soon."""
    neighbour, similarity = shelf.neighbour, shelf.similarity
    start = np.uint64(item) * np.uint64(neighbour.shape[1])
    for n in range(np.uint64(0), np.uint64(shelf.eligible[item]), np.uint64(16)):  # so many are in a line of 64 bytes
        prefetch(neighbour, start + n)
        prefetch(similarity, start + n)
        prefetch(similarity, start + n + np.uint64(8))


@njit(cache=True, nogil=True)
def give_reason(because: NDArray[np.int32], parts: NDArray[np.float64], item: int, part: float) -> None:
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
                    give_reason(because[rank], shares[rank], liked, part)
    for rank in range(size):
        rank_of[answer.items[rank]] = 0.0
        for n in range(reasons):
            shares[rank, n] /= added[rank]


@njit(cache=True, nogil=True)
def _bar(shelf: Shelf, first: int, last: int, ask: Question) -> bool:
    """Begin the totals of the items that may not be answered where no sum leads away from, and mark the blocks to look at.

    Returns
    -------
    Whether the rows of the whole history are up to date.
    """
    total, met, tick, small = shelf.total, shelf.peak_bits, shelf.tick[0], len(shelf.peak) <= SMALL
    fresh = True
    if small:
        met[:] = 1
    for item in ask.exclude:
        if 0 <= item < len(total):
            total[item], met[item >> _SHIFT] = -np.inf, 1
    for r in range(np.uint64(first), np.uint64(last)):
        item = np.uint32(shelf.item[r])
        if shelf.weight[r] != 0 and shelf.read_at[item] != tick:
            fresh = False
        if not ask.include_seen and shelf.slot[r] != RETRACTED:
            total[item] = -np.inf
        if not small:
            _meet(shelf, int(item))
    return fresh


@njit(cache=True, nogil=True)
def _meet(shelf: Shelf, liked: int) -> None:
    """Mark the blocks of an item and of its neighbours."""
    met, neighbour = shelf.peak_bits, shelf.neighbour[liked]
    met[np.uint32(liked) >> np.uint32(_SHIFT)] = 1
    for n in range(np.uint32(shelf.eligible[liked])):
        met[np.uint32(neighbour[n]) >> np.uint32(_SHIFT)] = 1


@njit(cache=True, nogil=True)
def _add_up(shelf: Shelf, first: int, last: int) -> None:
    """Sum the scores of all neighbours of a history."""
    total = shelf.total
    for r in range(np.uint64(first), np.uint64(last)):
        if r + np.uint64(AHEAD) < np.uint64(last):
            fetch_row(shelf, shelf.item[r + np.uint64(AHEAD)])
        liked, weight = np.uint32(shelf.item[r]), shelf.weight[r] * UNIT
        if weight == 0.0:
            continue
        neighbour, similarity = shelf.neighbour[liked], shelf.similarity[liked]
        for n in range(np.uint32(shelf.eligible[liked])):
            total[np.uint32(neighbour[n])] += similarity[n] * weight


@njit(cache=True, nogil=True)
def _peaks_wanted(blocks: int, count: int) -> int:
    """How many of the highest peaks to look at, so that their lowest is a bar for so many items.

    As many as items always do. Where there are few blocks, the best items share them: strewn over b blocks at random, n
    items leave b exp(-n / b) without any. What is reckoned with here is a third more items than are wanted; where it was
    too bold, all is looked at once more.
    """
    shared = int(blocks * (1.0 - np.exp(-1.33 * count / max(blocks, 1)))) + 1
    return min(count, shared)


@njit(cache=True, nogil=True)
def _find_peaks(shelf: Shelf, answer: Answer) -> float:
    """Find the highest total of every block to be looked at, and a bar that about as many items reach as were asked for.

    Floats above 0 order as their bits do, and those below 0 have bits below 0: whole numbers compare without regard
    to NaN, which lets the compiler look at several at once. The answer's arrays are working space here.
    """
    bits, peak, peak_bits = shelf.total_bits, shelf.peak, shelf.peak_bits
    scores, blocks, size, met = answer.scores, answer.items, 0, 0
    for b in range(len(peak)):
        met += peak_bits[b] != 0
    wanted = _peaks_wanted(met, len(scores))
    for b in range(len(peak)):
        if peak_bits[b] == 0:
            continue
        start, high = np.uint64(b * BLOCK), np.int64(1)  # the smallest float above 0: the block stays marked
        for n in range(np.uint64(BLOCK)):
            value = bits[start + n]
            high = value if value > high else high
        peak_bits[b] = high
        if size < wanted or peak[b] > scores[0]:
            size = offer(scores, blocks, size, wanted, peak[b], b)
    return scores[0] if size == wanted else 0.0


@njit(cache=True, nogil=True)
def _pick_above(shelf: Shelf, bar: float, servable: NDArray[np.bool_], answer: Answer) -> int:
    """Put the best items with a score above 0 that reaches the bar into the answer, as a heap; return how many."""
    total, peak, scores, items, size = shelf.total, shelf.peak, answer.scores, answer.items, 0
    for b in range(len(peak)):
        if shelf.peak_bits[b] == 0 or peak[b] < bar:
            continue
        for item in range(np.uint64(b * BLOCK), np.uint64(min((b + 1) * BLOCK, len(servable)))):
            score = total[item]
            if score < bar or score <= 0.0 or not servable[item] or (size == len(scores) and score < scores[0]):
                continue
            size = offer(scores, items, size, len(scores), score, int(item))
    return size


@njit(cache=True, nogil=True)
def _clear(shelf: Shelf) -> None:
    """Leave the working space as it was found."""
    if len(shelf.peak) <= SMALL:
        shelf.total[:] = 0.0
        shelf.peak_bits[:] = 0
        return
    for b in range(len(shelf.peak_bits)):
        if shelf.peak_bits[b] != 0:
            shelf.peak_bits[b] = 0
            shelf.total[b * BLOCK : (b + 1) * BLOCK] = 0.0


@njit(cache=True, nogil=True)
def gather_by_items(shelf: Shelf, ask: Question, answer: Answer) -> int:
    """What `score_by_items` does, without reasons, and leaves the answer as a heap."""
    first = shelf.person_start[ask.user]
    last = first + shelf.person_length[ask.user]
    if not _bar(shelf, first, last, ask):
        _clear(shelf)
        return -1
    _add_up(shelf, first, last)
    bar = _find_peaks(shelf, answer)
    size = _pick_above(shelf, bar, ask.servable, answer)
    if size < len(answer.items) and bar > 0.0:  # fewer reach it, or some that do may not be answered
        size = _pick_above(shelf, 0.0, ask.servable, answer)
    _clear(shelf)
    return size


@njit(cache=True)  # it takes less time than to get the GIL back
def score_by_items(addresses: NDArray[np.int64], ask: Question, answer: Answer) -> int:
    """Item-based scores: score_i = sum over j in the person's history, i among j's neighbours, of s_ij w_uj.

    Sarwar et al. (2001), the sum of section 3.2 without its normalisation, which would favour items with one neighbour.
    `read_history` must have brought the rows of the history up to date. ``addresses`` are those of a `Shelf`.

    Returns
    -------
    How many items are in the answer, or -1 where a row is not up to date; then nothing was done.
    """
    shelf = opened(addresses)
    if not 0 <= ask.user < len(shelf.person_start):
        return 0
    size = gather_by_items(shelf, ask, answer)
    sort_heap(answer.scores, answer.items, size)
    if size > 0 and answer.because.shape[1] > 0:
        first = shelf.person_start[ask.user]
        _explain_by_items(shelf, first, first + shelf.person_length[ask.user], answer, size)
    return size


@njit(cache=True, nogil=True)
def score_many_by_items(
    addresses: NDArray[np.int64],
    users: NDArray[np.int32],
    ask: Question,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
    sizes: NDArray[np.int64],
) -> None:
    """`score_by_items` without reasons for each of n people, who otherwise ask alike.

    ``items`` and ``scores`` have shape (n, N), ``sizes`` (n,); a size of -1 says that a row was not up to date.
    """
    because, shares = np.empty((0, 0), np.int32), np.empty((0, 0), np.float64)
    nobody = np.empty(0, np.int32)
    for n in range(len(users)):
        question = Question(int(users[n]), ask.servable, ask.exclude, ask.include_seen)
        sizes[n] = score_by_items(addresses, question, Answer(items[n], scores[n], because, shares, nobody))
