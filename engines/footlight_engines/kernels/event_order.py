"""Builds preferences from events at once: rows by person and by item, each stage on as many threads as there are parts.

Events are ordered by person, then item, by two counting sorts. Of each pair the event that holds is kept, the people's rows
are laid out, and then the items' rows, in which people ascend. Every stage writes the same whatever the parts are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.interactions import NOT_POSTED, RETRACTED, Columns, Interactions, later

Part = tuple[int, int]
"""The first of some rows, people or items, and the one after the last."""


@kernel(allocates=False)
def weigh(
    value: NDArray[np.float64], retracted: NDArray[np.bool_], one: int, part: Part, weight: NDArray[np.int32]
) -> bool:
    """Values in whole units of 1 / ``one``, halves to even, 0 where retracted; return whether all are within 1,000."""
    fine = True
    for n in range(part[0], part[1]):
        strength = 0.0 if retracted[n] else value[n]
        held = abs(strength) <= 1_000.0
        fine &= held
        weight[n] = np.int32(np.rint(strength * one)) if held else 0
    return fine


@kernel(allocates=False)
def count_keys(key: NDArray[np.int32], order: NDArray[Any], part: Part, count: NDArray[np.int64]) -> None:
    """Count the keys of a part of the rows in ``order``; of the rows as they are where that has shape (0,)."""
    for n in range(np.uint64(part[0]), np.uint64(part[1])):
        row = np.uint64(order[n]) if len(order) else n
        count[np.uint32(key[row])] += 1


@kernel(allocates=False)
def place_rows(
    key: NDArray[np.int32], order: NDArray[Any], part: Part, place: NDArray[np.int64], ordered: NDArray[Any]
) -> None:
    """Put a part of the rows in ``order`` (as `count_keys`) into ``ordered``; ``place`` says where each key's next goes."""
    for n in range(np.uint64(part[0]), np.uint64(part[1])):
        row = np.uint64(order[n]) if len(order) else n
        at = np.uint32(key[row])
        ordered[np.uint64(place[at])] = row
        place[at] += 1


@kernel(allocates=False)
def keep_latest(
    events: Columns, order: NDArray[Any], first: NDArray[np.int64], people: Part, length: NDArray[np.int32]
) -> None:
    """Leave of each person's rows, ordered by item from ``first[user]`` on, those that hold; ``length`` (P,) counts them."""
    item, weight, retracted, time, tie = events.item, events.weight, events.retracted, events.time, events.tie
    for user in range(people[0], people[1]):
        start, size, last = np.uint64(first[user]), np.uint64(0), np.int32(-1)
        for n in range(start, np.uint64(first[user + 1])):
            row = order[n]
            this = item[np.uint64(row)]
            if this != last:
                order[start + size], last = row, this
                size += np.uint64(1)
                continue
            held = order[start + size - np.uint64(1)]
            than = (time[held], tie[held], weight[held], retracted[held])
            if later(time[row], tie[row], weight[row], retracted[row], than):
                order[start + size - np.uint64(1)] = row
        length[user] = size


@kernel(allocates=False)
def lay_people(x: Interactions, events: Columns, order: NDArray[Any], first: NDArray[np.int64], people: Part) -> None:
    """Fill the rows of these people, which must be laid out, but for the slots of what is to be posted."""
    for user in range(people[0], people[1]):
        source, target, square = np.uint64(first[user]), np.uint64(x.person_start[user]), 0
        for n in range(np.uint64(x.person_length[user])):
            row, at = np.uint64(order[source + n]), target + n
            weight = int(events.weight[row])
            x.item[at], x.weight[at] = events.item[row], weight
            x.time[at], x.tie[at] = events.time[row], events.tie[row]
            x.slot[at] = RETRACTED if events.retracted[row] else NOT_POSTED
            square += weight * weight
        x.person_square[user] = square


@kernel(allocates=False)
def count_posts(x: Interactions, people: Part, count: NDArray[np.int64]) -> None:
    """Count for each item the weights other than 0 of these people."""
    for user in range(people[0], people[1]):
        start = np.uint64(x.person_start[user])
        for at in range(start, start + np.uint64(x.person_length[user])):
            count[np.uint32(x.item[at])] += x.weight[at] != 0


@kernel(allocates=False)
def post_people(x: Interactions, people: Part, place: NDArray[np.int64]) -> None:
    """Post what these people prefer; ``place`` says which slot of each item is the next."""
    for user in range(people[0], people[1]):
        start = np.uint64(x.person_start[user])
        for at in range(start, start + np.uint64(x.person_length[user])):
            weight = x.weight[at]
            if weight == 0:
                continue
            item = np.uint32(x.item[at])
            slot = place[item]
            place[item] = slot + 1
            post = np.uint64(x.item_start[item] + slot)
            x.person[post], x.posted[post], x.slot[at] = user, weight, slot


@kernel(allocates=False)
def sum_items(x: Interactions, items: Part) -> None:
    """Sum up the rows of these items: squares, and who has a weight above 0."""
    for item in range(items[0], items[1]):
        start, square, fans = np.uint64(x.item_start[item]), 0, 0
        for post in range(start, start + np.uint64(x.item_length[item])):
            weight = int(x.posted[post])
            square += weight * weight
            fans += weight > 0
        x.item_square[item], x.fans[item] = square, fans
