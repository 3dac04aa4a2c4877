"""Item-based scores for one person, and the best items by them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.addresses import matrix, vector
from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import RETRACTED
from footlight_engines.kernels.prefetching import prefetch
from footlight_engines.kernels.scores import UNIT
from footlight_engines.kernels.selection import heapify, offer, sort_heap

BLOCK = 32
"""So many items share one peak. Totals are dense: a sum without a branch, and a look at 32 at once, cost less than a list
of the items met."""
_SHIFT = 5  # BLOCK is 1 << _SHIFT
AHEAD = 4
"""So many rows ahead memory is asked for."""
SMALL = 2_048
"""Up to so many blocks all are looked at and cleared; in a larger catalogue those that a query meets."""
STEPS = 9
"""So many times the bar for the best items is put between two others."""
MANY = 4_096
"""Of more items the best are chosen by a heap, which looks at each once."""
OCTAVES = 16 << 52
"""The bits of a float above 0 less these are those of a 2^16th of it: the bar is looked for no lower."""


class Shelf(NamedTuple):
    """What item-based scores read of `Interactions`, `Table` and the question, and their working space.

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
    peak_bits: NDArray[np.int64]  # (B,) of the highest total of a block to be looked at and cleared; 0 in others
    found: NDArray[np.int32]  # (BLOCK * B + 1,) items that may be among the best
    found_bits: NDArray[np.int64]  # the same: of their totals
    short_item: NDArray[np.int32]  # (any,) room for a short list
    short_score: NDArray[np.float64]  # the same
    servable: NDArray[np.bool_]  # (any,) which items may be answered; those beyond its end may not
    exclude: NDArray[np.int32]  # (any,) further ones that may not


@part()
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
        vector(shelf, 12, np.int64),
        vector(shelf, 13, np.int32),
        vector(shelf, 14, np.int64),
        vector(shelf, 15, np.int32),
        vector(shelf, 16, np.float64),
        vector(shelf, 17, np.bool_),
        vector(shelf, 18, np.int32),
    )


@part()
def fetch_row(shelf: Shelf, item: int) -> None:
    """Ask for the neighbours of an item that are read soon."""
    neighbour, similarity = shelf.neighbour, shelf.similarity
    start = np.uint64(item) * np.uint64(neighbour.shape[1])
    for n in range(np.uint64(0), np.uint64(shelf.eligible[item]), np.uint64(16)):  # so many are in a line of 64 bytes
        prefetch(neighbour, start + n)
        prefetch(similarity, start + n)
        prefetch(similarity, start + n + np.uint64(8))


@part()
def give_reason(because: NDArray[np.int32], parts: NDArray[np.float64], item: int, part: float) -> None:
    """Insert a reason, both arrays of shape (reasons,), by its part of the score, largest first."""
    n = len(parts)
    while n > 0 and part > parts[n - 1]:
        n -= 1
        if n + 1 < len(parts):
            parts[n + 1], because[n + 1] = parts[n], because[n]
    if n < len(parts):
        parts[n], because[n] = part, item


@part()
def _bar(shelf: Shelf, first: int, last: int, include_seen: bool) -> bool:
    """Begin the totals of the items that may not be answered where no sum leads away from, and mark the blocks to look at.

    Returns
    -------
    Whether the rows of the whole history are up to date.
    """
    total, met, tick, small = shelf.total, shelf.peak_bits, shelf.tick[0], len(shelf.peak_bits) <= SMALL
    fresh = True
    if small:
        met[:] = 1
    for item in shelf.exclude:
        if 0 <= item < len(total):
            total[item], met[item >> _SHIFT] = -np.inf, 1
    for r in range(np.uint64(first), np.uint64(last)):
        item = np.uint32(shelf.item[r])
        if shelf.weight[r] != 0 and shelf.read_at[item] != tick:
            fresh = False
        if not include_seen and shelf.slot[r] != RETRACTED:
            total[item] = -np.inf
        if not small:
            _meet(shelf, int(item))
    return fresh


@part()
def _meet(shelf: Shelf, liked: int) -> None:
    """Mark the blocks of an item and of its neighbours."""
    met, neighbour = shelf.peak_bits, shelf.neighbour[liked]
    met[np.uint32(liked) >> np.uint32(_SHIFT)] = 1
    for n in range(np.uint32(shelf.eligible[liked])):
        met[np.uint32(neighbour[n]) >> np.uint32(_SHIFT)] = 1


@part()
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


@part()
def _peaks_wanted(blocks: int, count: int) -> int:
    """How many of the highest peaks to look at, so that their lowest is a bar for so many items.

    As many as items always do. Where there are few blocks, the best items share them: strewn over b blocks at random, n
    items leave b exp(-n / b) without any. What is reckoned with here is a third more items than are wanted; where it was
    too bold, all is looked at once more.
    """
    shared = int(blocks * (1.0 - np.exp(-1.33 * count / max(blocks, 1)))) + 1
    return min(count, shared)


@part()
def _find_peaks(shelf: Shelf) -> int:
    """Find the highest total of every block to be looked at; return how many blocks these are.

    Floats above 0 order as their bits do, and those below 0 have bits below 0: whole numbers compare without regard
    to NaN, which lets the compiler look at several at once.
    """
    bits, peaks, met = shelf.total_bits, shelf.peak_bits, 0
    block = np.uint64(
        len(bits) // max(len(peaks), 1)
    )  # it is BLOCK; a loop of known length would be written out instead
    for b in range(len(peaks)):
        if peaks[b] == 0:
            continue
        start, high = np.uint64(b) * block, np.int64(1)  # the smallest float above 0: the block stays marked
        for n in range(start, start + block):
            high = bits[n] if bits[n] > high else high
        peaks[b] = high
        met += 1
    return met


@part()
def _bar_of(peaks: NDArray[np.int64], wanted: int) -> int:
    """The bits of a bar that so many peaks reach, as high as a few steps find it; 1 where there are not so many."""
    high = np.int64(1)
    for n in range(len(peaks)):
        high = peaks[n] if peaks[n] > high else high
    low, bar = max(high - np.int64(OCTAVES), np.int64(1)), np.int64(1)
    for _ in range(STEPS):
        middle, reached = low + ((high - low) >> 1), 0
        for n in range(len(peaks)):
            reached += peaks[n] >= middle
        if reached >= wanted:
            low = bar = middle
        else:
            high = middle
    return int(bar)


@part()
def _collect(shelf: Shelf, bar: int) -> int:
    """Collect the items that may be answered and whose scores' bits reach the bar, 1 or more; return how many.

    They stand in ``shelf.found``, ascending, their bits in ``shelf.found_bits``.
    """
    bits, peaks, servable, found, values = (
        shelf.total_bits,
        shelf.peak_bits,
        shelf.servable,
        shelf.found,
        shelf.found_bits,
    )
    size = np.uint64(0)
    for b in range(len(peaks)):
        if peaks[b] < bar:
            continue
        for item in range(np.uint64(b * BLOCK), np.uint64(min((b + 1) * BLOCK, len(servable)))):
            found[size], values[size] = item, bits[item]
            size += np.uint64((bits[item] >= bar) & servable[item])
    return int(np.int64(size))


@part()
def _least_of(values: NDArray[np.int64], wanted: int) -> int:
    """What the best ``wanted`` of more values above 0 are at least: the last of them, or more than all others are."""
    low, high = values[0], values[0]
    for n in range(len(values)):
        low, high = min(low, values[n]), max(high, values[n])
    high += 1
    while high - low > 1:  # so many values or more are at least `low`, fewer are at least `high`
        middle, reached = low + ((high - low) >> 1), 0
        for n in range(len(values)):
            reached += values[n] >= middle
        if reached == wanted:
            return int(middle)
        if reached > wanted:
            low = middle
        else:
            high = middle
    return int(low)


@part()
def _pick(shelf: Shelf, size: int, items: NDArray[np.int32], scores: NDArray[np.float64]) -> int:
    """Put the best of the items collected into the answer, in any order; return how many."""
    values, found, total, limit, kept = shelf.found_bits[:size], shelf.found, shelf.total, len(items), 0
    if size > MANY:
        for n in range(size):
            score = total[found[n]]
            if kept < limit or score >= scores[0]:
                kept = offer(scores, items, kept, limit, score, found[n])
        return kept
    least = _least_of(values, limit) if size > limit else 1
    equals = limit
    for n in range(size):
        equals -= values[n] > least
    for n in range(size):  # ascending: of equal ones the first are the best
        if values[n] < least or (values[n] == least and equals <= 0):
            continue
        equals -= values[n] == least
        items[kept], scores[kept] = found[n], total[found[n]]
        kept += 1
    return kept


@part()
def _clear(shelf: Shelf) -> None:
    """Leave the working space as it was found."""
    if len(shelf.peak_bits) <= SMALL:
        shelf.total[:] = 0.0
        shelf.peak_bits[:] = 0
        return
    for b in range(len(shelf.peak_bits)):
        if shelf.peak_bits[b] != 0:
            shelf.peak_bits[b] = 0
            shelf.total[b * BLOCK : (b + 1) * BLOCK] = 0.0


@part()
def gather_by_items(
    shelf: Shelf, user: int, include_seen: bool, items: NDArray[np.int32], scores: NDArray[np.float64]
) -> int:
    """What `score_by_items` does, but leaves the answer in any order."""
    first = shelf.person_start[user]
    last = first + shelf.person_length[user]
    if not _bar(shelf, first, last, include_seen):
        _clear(shelf)
        return -1
    _add_up(shelf, first, last)
    bar = _bar_of(shelf.peak_bits, _peaks_wanted(_find_peaks(shelf), len(items)))
    size = _collect(shelf, bar)
    if size < len(items) and bar > 1:  # fewer reach it, or some that do may not be answered
        size = _collect(shelf, 1)
    size = _pick(shelf, size, items, scores)
    _clear(shelf)
    return size


@kernel(nogil=False)  # it takes less time than to get the GIL back
def score_by_items(
    addresses: NDArray[np.int64],
    user: int,
    include_seen: bool,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
) -> int:
    """Item-based scores: score_i = sum over j in the person's history, i among j's neighbours, of s_ij w_uj.

    Sarwar et al. (2001), the sum of section 3.2 without its normalisation, which would favour items with one neighbour.
    `read_history` must have brought the rows of the history up to date.

    Parameters
    ----------
    addresses
        Those of a `Shelf`, which says which items may be answered.
    include_seen
        Whether items that the person has met may come back.
    items, scores
        Both of shape (N,): take the best N, best first.

    Returns
    -------
    How many items are in the answer, or -1 where a row is not up to date; then nothing was done.
    """
    shelf = opened(addresses)
    if not 0 <= user < len(shelf.person_start):
        return 0
    size = gather_by_items(shelf, user, include_seen, items, scores)
    heapify(scores, items, size)
    sort_heap(scores, items, size)
    return size


@kernel()
def score_many_by_items(
    addresses: NDArray[np.int64],
    users: NDArray[np.int32],
    include_seen: bool,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
    sizes: NDArray[np.int64],
) -> None:
    """`score_by_items` for each of n people.

    ``items`` and ``scores`` have shape (n, N), ``sizes`` (n,); a size of -1 says that a row was not up to date.
    """
    for n in range(len(users)):
        sizes[n] = score_by_items(addresses, int(users[n]), include_seen, items[n], scores[n])


@kernel()
def explain_by_items(
    addresses: NDArray[np.int64],
    user: int,
    items: NDArray[np.int32],
    because: NDArray[np.int32],
    shares: NDArray[np.float64],
) -> None:
    """Name the items of the history that add most to each answer, with their shares of all that is added to it.

    ``items`` (n,) are what `score_by_items` has just answered; ``because`` and ``shares`` (n, reasons) take the reasons,
    most important first, -1 and 0 where there are fewer.
    """
    shelf, size, reasons = opened(addresses), len(items), because.shape[1]
    first, added, rank_of = shelf.person_start[user], np.zeros(size), shelf.total
    because[:], shares[:] = -1, 0.0
    for rank in range(size):
        rank_of[items[rank]] = rank + 1.0
    for r in range(first, first + shelf.person_length[user]):
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
        rank_of[items[rank]] = 0.0
        for n in range(reasons):
            shares[rank, n] /= added[rank]
