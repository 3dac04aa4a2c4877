"""What items that are not listed have gained since the bound of a row was set, and what that may bring into its list.

For item i and row j with the bound b_j, the denominator d_ij = sqrt(n_i n_j) + shrinkage and the gain g_ij

    s_ij <= b_j + g_ij / d_ij

so an item needs a look only where that reaches the k-th candidate.
"""

from __future__ import annotations

from math import inf

import numpy as np

from footlight_engines.kernels.compiling import part
from footlight_engines.kernels.interactions import Interactions, find, holds
from footlight_engines.kernels.neighbour_lists import drop_gain, list_item, place_of, raise_bound
from footlight_engines.kernels.neighbours import MARGIN, Rule, Scratch, Table, current_bound
from footlight_engines.kernels.popular_overlaps import is_known, known_overlap

SEARCH = 64
"""What it costs to look for an item in a person's history, in people that are gone through in order."""


@part()
def _by_search(x: Interactions, item: int, other: int) -> int:
    """The overlap of two items, by looking for the second one in the histories of the first one's people."""
    start, overlap = x.item_start[item], 0
    for p in range(start, start + x.item_length[item]):
        at = find(x, x.person[p], other)
        if holds(x, x.person[p], other, at):
            overlap += int(x.posted[p]) * int(x.weight[at])
    return overlap


@part()
def mark_people(x: Interactions, scratch: Scratch, item: int) -> None:
    """Write down what everybody who has an item gives it, in ``scratch.fan``, until `unmark_people`."""
    fan, start = scratch.fan, x.item_start[item]
    for p in range(start, start + x.item_length[item]):
        fan[np.uint32(x.person[p])] = x.posted[p]


@part()
def unmark_people(x: Interactions, scratch: Scratch, item: int) -> None:
    """Undo `mark_people`; the item's people must be the same."""
    fan, start = scratch.fan, x.item_start[item]
    for p in range(start, start + x.item_length[item]):
        fan[np.uint32(x.person[p])] = 0


@part()
def _with_marked(x: Interactions, scratch: Scratch, item: int) -> int:
    """The overlap of an item with the one whose people are marked."""
    fan, start, overlap = scratch.fan, x.item_start[item], 0
    for p in range(start, start + x.item_length[item]):
        overlap += int(fan[np.uint32(x.person[p])]) * int(x.posted[p])
    return overlap


@part()
def look_cost(x: Interactions, item: int, other: int) -> int:
    """What it costs to sum up the overlap of a marked item with another, in people that are gone through in order."""
    people, others = x.item_length[item], x.item_length[other]
    return int(min(others, SEARCH * min(people, others)))


@part()
def overlap_with(
    x: Interactions, table: Table, scratch: Scratch, item: int, other: int, marked: bool
) -> tuple[int, bool]:
    """The overlap of two items: what is kept, or by what is cheaper, a search, or the people of the first, marked then.

    Returns
    -------
    The overlap, and whether the people are marked now; whoever asked last has to unmark them.
    """
    if is_known(table, item, other):
        return known_overlap(table, item, other), marked
    people, others = x.item_length[item], x.item_length[other]
    walk = others if marked else others + 2 * people
    if SEARCH * min(people, others) < walk:
        return (_by_search(x, item, other) if people < others else _by_search(x, other, item)), marked
    if not marked:
        mark_people(x, scratch, item)
    return _with_marked(x, scratch, other), True


@part()
def common(x: Interactions, table: Table, scratch: Scratch, item: int, other: int) -> int:
    """The overlap of two different items."""
    if x.item_length[item] > x.item_length[other]:
        item, other = other, item
    overlap, marked = overlap_with(x, table, scratch, item, other, False)
    if marked:
        unmark_people(x, scratch, item)
    return int(overlap)


@part(error_model="numpy")
def at_most(table: Table, row: int, other: int, gain: int, shrinkage: float) -> float:
    """What the similarity with an item that is not listed cannot exceed."""
    product = table.root[row] * table.root[other]
    if product == 0.0:  # nobody has one of them
        return 0.0
    return float((current_bound(table, row) + gain / (product + shrinkage)) * MARGIN)


@part()
def tolerable(table: Table, row: int, rule: Rule) -> float:
    """How far the bound may rise by gains: half the way to the k-th candidate, as of the last reading."""
    bound = current_bound(table, row)
    if table.length[row] < rule.k:
        return float(bound)
    kth = table.similarity[row, rule.k - 1]
    return float(bound + (kth - bound) / 2.0) if kth > bound else inf  # the row has to be rebuilt anyhow


@part()
def _absorb_gains(x: Interactions, table: Table, scratch: Scratch, row: int, rule: Rule) -> None:
    """Let the bound cover what has gained little, and sum up the others' overlaps."""
    size, most, peak, marked = table.gains[row], tolerable(table, row, rule), 0.0, False
    table.gains[row] = 0
    for n in range(size):
        other = table.gainer[row, n]
        score = at_most(table, row, other, table.gain[row, n], rule.shrinkage)
        if score <= most:
            peak = max(peak, score)
            continue
        overlap, marked = overlap_with(x, table, scratch, row, other, marked)
        if overlap > 0:
            list_item(table, row, other, overlap, rule.shrinkage)
    if marked:
        unmark_people(x, scratch, row)
    raise_bound(table, row, peak)


@part()
def note_gain(x: Interactions, table: Table, scratch: Scratch, row: int, other: int, gain: int, rule: Rule) -> None:
    """Write down what an item that is not listed has gained in a row that is not complete.

    The overlaps in ``x`` of the row with all items but ``other`` must be those that the row has been told of.
    """
    at = place_of(table.gainer[row], table.gains[row], other)
    if at < 0:
        if table.gains[row] == table.gainer.shape[1]:
            _absorb_gains(x, table, scratch, row, rule)
        at = table.gains[row]
        table.gainer[row, at], table.gain[row, at] = other, 0
        table.gains[row] += 1
    table.gain[row, at] += gain
    table.read_at[row] = 0


@part()
def note_or_absorb(
    x: Interactions, table: Table, scratch: Scratch, row: int, other: int, gain: int, rule: Rule
) -> float:
    """Follow what an item that is not listed has gained in a row that is not complete: write it down if that is much, and
    sum the overlap up where there is no room.

    Returns
    -------
    What the bound has to be raised to, once all gains of the event are known; 0 where it goes on to hold.
    """
    size = table.gains[row]
    at = place_of(table.gainer[row], size, other)
    if at >= 0:
        table.gain[row, at] += gain
        return 0.0
    score = at_most(table, row, other, gain, rule.shrinkage)
    if score <= tolerable(table, row, rule):
        return float(score)
    if size < table.gainer.shape[1]:
        table.gainer[row, size], table.gain[row, size] = other, gain
        table.gains[row] = size + 1
        return 0.0
    overlap = common(x, table, scratch, row, other)
    if overlap > 0:
        list_item(table, row, other, overlap, rule.shrinkage)
    return 0.0


@part()
def _reaches(score: float, table: Table, row: int, eligible: int, rule: Rule) -> bool:
    """Whether an item of at most this similarity may be among the neighbours of a row that has so many candidates for it."""
    if score <= 0.0 or score < rule.minimum:
        return False
    return bool(eligible < rule.k or score >= table.similarity[row, rule.k - 1])


@part()
def gains_reach(table: Table, row: int, eligible: int, rule: Rule) -> bool:
    """Whether an item that is not listed may have become a neighbour by what it gained."""
    for n in range(table.gains[row]):
        score = at_most(table, row, table.gainer[row, n], table.gain[row, n], rule.shrinkage)
        if _reaches(score, table, row, eligible, rule):
            return True
    return False


@part()
def look_at_gains(x: Interactions, table: Table, scratch: Scratch, row: int, eligible: int, rule: Rule) -> int:
    """Sum up the overlaps of items that may have become neighbours, and list them; return how many there were."""
    looked, n, marked = 0, 0, False
    while n < table.gains[row]:
        other = table.gainer[row, n]
        if not _reaches(at_most(table, row, other, table.gain[row, n], rule.shrinkage), table, row, eligible, rule):
            n += 1
            continue
        drop_gain(table, row, n)
        overlap, marked = overlap_with(x, table, scratch, row, other, marked)
        if overlap > 0:
            list_item(table, row, other, overlap, rule.shrinkage)
        looked += 1
    if marked:
        unmark_people(x, scratch, row)
    return looked
