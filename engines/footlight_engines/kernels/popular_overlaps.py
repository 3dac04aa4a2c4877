"""The overlaps of the most popular items with all items, kept whole.

To sum them up takes all histories of all people who have such an item; kept, an event changes one number for each item of a
history. They save nothing else: where there are none, the same answers come out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.neighbours import Scratch, Table


@part()
def is_known(table: Table, item: int, other: int) -> bool:
    """Whether the overlap of two items is kept."""
    return bool(table.popular[item] >= 0 or table.popular[other] >= 0)


@part()
def known_overlap(table: Table, item: int, other: int) -> int:
    """The overlap of two items, one of which is popular."""
    row = table.popular[item]
    return int(table.popular_overlap[row, other] if row >= 0 else table.popular_overlap[table.popular[other], item])


@kernel()
def keep_popular(x: Interactions, table: Table, items: NDArray[np.int32]) -> None:
    """Sum up the overlaps of popular items, whose rows must be 0, in the order of these rows."""
    for row in range(len(items)):
        kept, start = table.popular_overlap[row], x.item_start[items[row]]
        for p in range(start, start + x.item_length[items[row]]):
            user, weight = x.person[p], int(x.posted[p])
            for r in range(x.person_start[user], x.person_start[user] + x.person_length[user]):
                kept[x.item[r]] += weight * int(x.weight[r])
        kept[items[row]] = 0


@part()
def carry_popular(x: Interactions, table: Table, user: int, item: int, change: int) -> None:
    """Carry a weight that has changed in ``x`` into the overlaps that are kept."""
    popular, kept, own, first = table.popular, table.popular_overlap, table.popular[item], x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        other, product = x.item[r], int(change) * int(x.weight[r])
        if other == item or product == 0:
            continue
        if own >= 0:
            kept[own, other] += product
        if popular[other] >= 0:
            kept[popular[other], item] += product


@part()
def take_popular(x: Interactions, table: Table, scratch: Scratch, user: int) -> None:
    """Take a person out of the overlaps that are kept; the cells hold what the weights were."""
    first, cell = x.person_start[user], scratch.cell
    rows = range(first, first + x.person_length[user])
    for at in rows:
        own, weight = table.popular[x.item[at]], cell[x.item[at], 1]
        if own < 0 or weight == 0:
            continue
        for r in rows:
            if r != at:
                table.popular_overlap[own, x.item[r]] -= weight * cell[x.item[r], 1]


@part()
def meet_popular(table: Table, scratch: Scratch, item: int) -> int:
    """Put a popular item's overlaps where `gather_overlaps` puts those that it sums up; return how many were met."""
    scratch.tick[0] += 1
    kept, tick, met = table.popular_overlap[table.popular[item]], scratch.tick[0], np.uint64(0)
    for other in range(len(kept)):
        if kept[other] != 0:
            scratch.cell[other, 0], scratch.cell[other, 1] = tick, kept[other]
            scratch.touched[met] = other
            met += np.uint64(1)
    return int(met)
