"""Who liked what in which order, and how often one item came within a few places of another.

A pair of items counts ``forward[g]`` for each person who liked the second g places after the first, and
``backward[g]`` for each who liked it g places before. All weights are whole numbers, so that counts are the same in any
order of arrival and taking out what was put in restores every bit.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import Interactions


class Order(NamedTuple):
    """The likes of P people (a capacity) in the order of time, in a pool of rows with room to grow."""

    start: NDArray[np.int64]  # (P,)
    length: NDArray[np.int32]  # (P,)
    room: NDArray[np.int32]  # (P,)
    item: NDArray[np.int32]  # (R,) in the order of time
    known: NDArray[np.int32]  # (R,) the same items, ascending
    place: NDArray[np.int32]  # (R,) of each of these: its place in the order of time
    used: NDArray[np.int64]  # (1,) of the pool


class Counts(NamedTuple):
    """The counts of S of the I items (capacities)."""

    slot: NDArray[np.int32]  # (I,) the row of an item; -1 where it is counted when it is asked for
    row: NDArray[np.int32]  # (S, I)
    forward: NDArray[np.int32]  # (gaps + 1,) place 0 is not used
    backward: NDArray[np.int32]  # (gaps + 1,)


@kernel()
def likes_in_order(x: Interactions, user: int) -> NDArray[np.int32]:
    """What a person likes, by time, then tie."""
    first = x.person_start[user]
    rows = np.empty(x.person_length[user], np.int64)
    size = 0
    for r in range(first, first + x.person_length[user]):
        if x.weight[r] > 0:
            rows[size] = r
            size += 1
    rows = rows[:size]
    rows = rows[np.argsort(x.tie[rows], kind="mergesort")]  # which is stable
    rows = rows[np.argsort(x.time[rows], kind="mergesort")]
    return x.item[rows]


@kernel()
def has_room(order: Order, user: int, size: int) -> bool:
    """Whether so many likes fit, even if the row has to move."""
    return bool(size <= order.room[user] or order.used[0] + 2 * size + 4 <= len(order.item))


@kernel()
def put_row(order: Order, user: int, likes: NDArray[np.int32]) -> None:
    """Let a person have these likes, in the order of time. `has_room` must hold."""
    size = len(likes)
    if size > order.room[user]:
        order.start[user], order.room[user] = order.used[0], 2 * size + 4
        order.used[0] += 2 * size + 4
    start = order.start[user]
    ascending = np.argsort(likes, kind="mergesort")
    for n in range(size):
        order.item[start + n] = likes[n]
        order.known[start + n] = likes[ascending[n]]
        order.place[start + n] = ascending[n]
    for n in range(start + size, start + order.length[user]):  # nothing of what is gone stays in memory
        order.item[n] = order.known[n] = order.place[n] = 0
    order.length[user] = size


@kernel()
def put_all(x: Interactions, order: Order, people: int) -> None:
    """Fill an empty pool whose rows are laid out from everybody's preferences."""
    for user in range(people):
        put_row(order, user, likes_in_order(x, user))


@part()
def _count(counts: Counts, first: int, second: int, gap: int, sign: int) -> None:
    slot = counts.slot[first]
    if slot >= 0:
        counts.row[slot, second] += sign * counts.forward[gap]
    slot = counts.slot[second]
    if slot >= 0:
        counts.row[slot, first] += sign * counts.backward[gap]


@part()
def _count_between(counts: Counts, likes: NDArray[np.int32], same: int, tail: int, sign: int) -> int:
    """Count the pairs of a sequence, but for those within its first ``same`` and within its last ``tail`` items."""
    gaps, size, done = len(counts.forward) - 1, len(likes), 0
    for b in range(same, min(size, size - tail + gaps)):
        for gap in range(1, min(gaps, b) + 1):
            if b - gap < size - tail or b < size - tail:
                _count(counts, likes[b - gap], likes[b], gap, sign)
                done += 1
    return done


@kernel()
def follow_change(order: Order, counts: Counts, user: int, likes: NDArray[np.int32]) -> int:
    """Take a person's old sequence out of the counts and a new one in, as far as they differ.

    An event at the end of a history costs as many pairs as there are gaps.

    Returns
    -------
    How many pairs were counted.
    """
    start = order.start[user]
    old = order.item[start : start + order.length[user]]
    shorter = min(len(old), len(likes))
    same = tail = 0
    while same < shorter and old[same] == likes[same]:
        same += 1
    while tail < shorter - same and old[len(old) - 1 - tail] == likes[len(likes) - 1 - tail]:
        tail += 1
    if same == len(old) == len(likes):
        return 0
    done = _count_between(counts, old, same, tail, -1)
    return done + _count_between(counts, likes, same, tail, 1)


@part()
def count_row(
    x: Interactions, order: Order, counts: Counts, item: int, row: NDArray[np.int32], met: NDArray[np.int32]
) -> int:
    """Count what follows and precedes an item from the sequences of all who like it.

    Parameters
    ----------
    row
        Shape (I,): added to.
    met
        Shape (I,) gets the items whose count was 0 before, or (0,) where nobody asks for them.

    Returns
    -------
    How many items were met.
    """
    gaps, size, listed = len(counts.forward) - 1, 0, len(met) > 0
    begin = x.item_start[item]
    for p in range(begin, begin + x.item_length[item]):
        person = x.person[p]
        if x.posted[p] <= 0:
            continue
        start = order.start[person]
        low, high = start, start + order.length[person]
        while low < high:
            middle = (low + high) >> 1
            if order.known[middle] < item:
                low = middle + 1
            else:
                high = middle
        at, length = int(order.place[low]), int(order.length[person])
        for gap in range(-min(gaps, at), min(gaps, length - 1 - at) + 1):
            weight = counts.forward[gap] if gap > 0 else counts.backward[-gap]
            if gap == 0 or weight == 0:
                continue
            other = order.item[start + at + gap]
            if listed and row[other] == 0:
                met[size] = other
                size += 1
            row[other] += weight
    return size


@kernel()
def count_slots(x: Interactions, order: Order, counts: Counts, items: NDArray[np.int32]) -> None:
    """Count the rows of some items that have a slot, and whose rows are 0."""
    nobody = np.empty(0, np.int32)
    for item in items:
        count_row(x, order, counts, item, counts.row[counts.slot[item]], nobody)


@kernel()
def read_out(
    x: Interactions,
    order: Order,
    counts: Counts,
    recent: NDArray[np.int32],
    weight: NDArray[np.float64],
    spare: NDArray[np.int32],
    scores: NDArray[np.float64],
) -> None:
    """Add ``weight[k] * sqrt(count)`` of each recent item k, both of shape (K,), to the scores, shape (I,).

    ``spare`` has shape (2, I); its first row is 0 before and after.
    """
    row, met = spare[0], spare[1]
    for k in range(len(recent)):
        slot = counts.slot[recent[k]]
        if slot >= 0:
            dense, factor = counts.row[slot], weight[k]
            for j in range(len(scores)):
                scores[j] += factor * sqrt(float(dense[j]))
            continue
        size = count_row(x, order, counts, recent[k], row, met)
        for n in range(size):
            scores[met[n]] += weight[k] * sqrt(float(row[met[n]]))
            row[met[n]] = 0


@kernel()
def read_parts(
    x: Interactions,
    order: Order,
    counts: Counts,
    recent: NDArray[np.int32],
    weight: NDArray[np.float64],
    spare: NDArray[np.int32],
    items: NDArray[np.int32],
    parts: NDArray[np.float64],
) -> None:
    """Put what each recent item adds to the scores of some items into ``parts``, shape (items, K). See `read_out`."""
    row, met = spare[0], spare[1]
    for k in range(len(recent)):
        slot = counts.slot[recent[k]]
        size = 0 if slot >= 0 else count_row(x, order, counts, recent[k], row, met)
        source = counts.row[slot] if slot >= 0 else row
        for n in range(len(items)):
            parts[n, k] = weight[k] * sqrt(float(source[items[n]]))
        for n in range(size):
            row[met[n]] = 0
