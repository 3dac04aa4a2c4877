"""Who prefers what, kept by person and by item, in rows with room to grow.

Each side is a pool: row ``r`` holds ``length[r]`` entries from ``start[r]`` on and may grow to ``room[r]`` in place; then it
moves to the end of the pool with twice the room. All sums are of whole numbers, so that taking out what was put in
restores every bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part

NOT_POSTED = -1
"""Slot of a preference of weight 0: met, but neither liked nor disliked."""
RETRACTED = -2
"""Slot of a preference that was taken back; its record stays, so that an older event arriving later stays overridden."""
RECORDS_USED, POSTINGS_USED, PEOPLE, ITEMS = range(4)
"""Places in `Interactions.used`."""


class Interactions(NamedTuple):
    """Preferences of P people for I items; P and I are capacities.

    By person, ascending by item, one record for every item ever preferred or retracted (pool of R records); by item, in
    no order, one posting for every preference whose weight is not 0 (pool of S postings).
    """

    person_start: NDArray[np.int64]  # (P,)
    person_length: NDArray[np.int32]  # (P,)
    person_room: NDArray[np.int32]  # (P,)
    item: NDArray[np.int32]  # (R,)
    weight: NDArray[np.int32]  # (R,) 0 where retracted
    time: NDArray[np.int64]  # (R,) microseconds
    tie: NDArray[np.int64]  # (R,)
    slot: NDArray[np.int32]  # (R,) place of the posting within the item's row, or NOT_POSTED, or RETRACTED
    item_start: NDArray[np.int64]  # (I,)
    item_length: NDArray[np.int32]  # (I,)
    item_room: NDArray[np.int32]  # (I,)
    person: NDArray[np.int32]  # (S,)
    posted: NDArray[np.int32]  # (S,) the weight once more
    person_square: NDArray[np.int64]  # (P,) sum of squared weights
    item_square: NDArray[np.int64]  # (I,) sum of squared weights
    fans: NDArray[np.int32]  # (I,) how many people have a weight above 0
    used: NDArray[np.int64]  # (4,) records, postings, people, items in use


class Columns(NamedTuple):
    """Preferences and retractions as they come from the log, weights already whole numbers; all of shape (n,)."""

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    weight: NDArray[np.int32]  # 0 where retracted
    retracted: NDArray[np.bool_]
    time: NDArray[np.int64]
    tie: NDArray[np.int64]


@part()
def find(x: Interactions, user: int, item: int) -> int:
    """Where the person's record of the item is, or where it would have to be put."""
    low = x.person_start[user]
    high = low + x.person_length[user]
    while low < high:
        middle = (low + high) >> 1
        if x.item[middle] < item:
            low = middle + 1
        else:
            high = middle
    return int(low)


@part()
def holds(x: Interactions, user: int, item: int, at: int) -> bool:
    """Whether `find` found the record."""
    return bool(at < x.person_start[user] + x.person_length[user] and x.item[at] == item)


@part()
def has_room(x: Interactions, user: int, item: int) -> bool:
    """Whether one more record and posting fit, even if both rows have to move."""
    length, posts = x.person_length[user], x.item_length[item]
    records = length < x.person_room[user] or x.used[RECORDS_USED] + 2 * length + 4 <= len(x.item)
    postings = posts < x.item_room[item] or x.used[POSTINGS_USED] + 2 * posts + 4 <= len(x.person)
    return bool(records and postings)


@part()
def _move_record(x: Interactions, source: int, target: int) -> None:
    x.item[target] = x.item[source]
    x.weight[target] = x.weight[source]
    x.time[target] = x.time[source]
    x.tie[target] = x.tie[source]
    x.slot[target] = x.slot[source]


@part()
def _open_record(x: Interactions, user: int, at: int) -> int:
    """Make a hole at a place of the person's row and return the place, which changes when the row moves."""
    start, length = x.person_start[user], x.person_length[user]
    if length == x.person_room[user]:
        target = x.used[RECORDS_USED]
        for n in range(length):
            _move_record(x, start + n, target + n)
        x.person_start[user], x.person_room[user] = target, 2 * length + 4
        x.used[RECORDS_USED] += 2 * length + 4
        at += target - start
        start = target
    for n in range(start + length, at, -1):
        _move_record(x, n - 1, n)
    x.person_length[user] += 1
    return at


@part()
def _post(x: Interactions, user: int, item: int, weight: int) -> int:
    """Append to the item's row and return the slot."""
    start, length = x.item_start[item], x.item_length[item]
    if length == x.item_room[item]:
        target = x.used[POSTINGS_USED]
        for n in range(length):
            x.person[target + n] = x.person[start + n]
            x.posted[target + n] = x.posted[start + n]
        x.item_start[item], x.item_room[item] = target, 2 * length + 4
        x.used[POSTINGS_USED] += 2 * length + 4
        start = target
    x.person[start + length] = user
    x.posted[start + length] = weight
    x.item_length[item] += 1
    return int(length)


@part()
def _unpost(x: Interactions, item: int, slot: int) -> None:
    """Take a posting out; the last one of the row takes its place."""
    start = x.item_start[item]
    last = x.item_length[item] - 1
    if slot != last:
        moved = x.person[start + last]
        x.person[start + slot] = moved
        x.posted[start + slot] = x.posted[start + last]
        x.slot[find(x, moved, item)] = slot
    x.person[start + last] = 0
    x.posted[start + last] = 0
    x.item_length[item] = last


@part()
def set_weight(x: Interactions, user: int, at: int, weight: int, empty_slot: int) -> None:
    """Give a record a weight; where that is 0 the record's slot says why (NOT_POSTED or RETRACTED)."""
    item, old, new = x.item[at], int(x.weight[at]), int(weight)
    slot = x.slot[at]
    if old != 0 and new != 0:
        x.posted[x.item_start[item] + slot] = new
    elif old != 0:
        _unpost(x, item, slot)
        x.slot[at] = empty_slot
    elif new != 0:
        x.slot[at] = _post(x, user, item, new)
    else:
        x.slot[at] = empty_slot
    x.weight[at] = new
    x.person_square[user] += new * new - old * old
    x.item_square[item] += new * new - old * old
    x.fans[item] += int(new > 0) - int(old > 0)


@part()
def later(time: int, tie: int, weight: int, retracted: bool, than: tuple[int, int, int, bool]) -> bool:
    """Whether an event overrides another one. Of the same time and tie the larger weight holds, last a retraction."""
    if time != than[0]:
        return bool(time > than[0])
    if tie != than[1]:
        return bool(tie > than[1])
    return bool(than[3] and not retracted) if retracted != than[3] else bool(weight > than[2])


@part()
def record(
    x: Interactions, user: int, item: int, weight: int, retracted: bool, time: int, tie: int
) -> tuple[bool, int]:
    """Let an event hold where it is the latest of its person and item by (time, tie). `has_room` must hold.

    Returns
    -------
    Whether it holds, and the weight that held before.
    """
    at = find(x, user, item)
    if holds(x, user, item, at):
        held = (x.time[at], x.tie[at], x.weight[at], x.slot[at] == RETRACTED)
        if not later(time, tie, weight, retracted, held):
            return False, 0
    else:
        at = _open_record(x, user, at)
        x.item[at], x.weight[at], x.slot[at] = item, 0, RETRACTED
    old = int(x.weight[at])
    x.time[at], x.tie[at] = time, tie
    set_weight(x, user, at, 0 if retracted else weight, RETRACTED if retracted else NOT_POSTED)
    return True, old


@kernel(allocates=False)
def record_all(x: Interactions, events: Columns, first: int) -> int:
    """Record events from the first on until a pool is full.

    Returns
    -------
    The first event that was not recorded; n when all were.
    """
    for n in range(first, len(events.user)):
        user, item = events.user[n], events.item[n]
        if not has_room(x, user, item):
            return n
        record(x, user, item, events.weight[n], events.retracted[n], events.time[n], events.tie[n])
    return len(events.user)


@part()
def erase_row(x: Interactions, user: int) -> None:
    """Overwrite a person's records, whose weights are 0 by now, so that nothing of them stays in memory."""
    start = x.person_start[user]
    for n in range(start, start + x.person_length[user]):
        x.item[n] = x.weight[n] = x.slot[n] = 0
        x.time[n] = x.tie[n] = 0
    x.person_length[user] = 0


@kernel(allocates=False)
def forget_row(x: Interactions, user: int) -> None:
    """Take a person out."""
    for at in range(x.person_start[user], x.person_start[user] + x.person_length[user]):
        set_weight(x, user, at, 0, NOT_POSTED)
    erase_row(x, user)


@kernel(allocates=False)
def spread_rows(old: Interactions, new: Interactions) -> None:
    """Copy all records to where the rows of ``new`` start."""
    for user in range(len(old.person_start)):
        a, b = old.person_start[user], new.person_start[user]
        for n in range(old.person_length[user]):
            new.item[b + n], new.weight[b + n], new.slot[b + n] = old.item[a + n], old.weight[a + n], old.slot[a + n]
            new.time[b + n], new.tie[b + n] = old.time[a + n], old.tie[a + n]


@kernel(allocates=False)
def spread_postings(old: Interactions, new: Interactions) -> None:
    """Copy all postings to where the rows of ``new`` start."""
    for item in range(len(old.item_start)):
        a, b = old.item_start[item], new.item_start[item]
        for n in range(old.item_length[item]):
            new.person[b + n], new.posted[b + n] = old.person[a + n], old.posted[a + n]
