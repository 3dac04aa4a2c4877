"""Reads rows of the neighbour table: evaluates the candidates, proves the first k, rebuilds the row where that fails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.neighbour_gains import gains_reach, look_at_gains
from footlight_engines.kernels.neighbour_rows import build_row
from footlight_engines.kernels.neighbours import MARGIN, Rule, Scratch, Table, bound_is_sharp, cosine, current_bound
from footlight_engines.kernels.selection import worse


@part()
def _beats_bound(table: Table, item: int, eligible: int, rule: Rule) -> bool:
    """Whether the first candidates are before all items that the bound is for."""
    bound = current_bound(table, item)
    if table.complete[item] or bound <= 0.0 or bound * MARGIN < rule.minimum:
        return True
    if eligible < rule.k:
        return False
    score = table.similarity[item, rule.k - 1]
    if bound_is_sharp(table, item):
        return not worse(score, table.neighbour[item, rule.k - 1], bound, table.last[item])
    return bool(score > bound * MARGIN)


@part()
def _proven(table: Table, item: int, eligible: int, rule: Rule) -> bool:
    """Whether the first candidates are the row's k best of all items."""
    return _beats_bound(table, item, eligible, rule) and not gains_reach(table, item, eligible, rule)


@part()
def _changed_since(changed_at: NDArray[np.int64], neighbour: NDArray[np.int32], length: int, tick: int) -> bool:
    """Whether the norm of one of a row's candidates has changed after a tick."""
    changes = 0
    for n in range(length):
        changes += changed_at[np.uint32(neighbour[n])] > tick
    return changes > 0


@part(error_model="numpy")
def _evaluate(table: Table, item: int, rule: Rule) -> int:
    """Compute the similarities of a row's candidates and sort them; they are nearly sorted.

    Returns
    -------
    How many of the first k are neighbours.
    """
    similarity, neighbour = table.similarity[item], table.neighbour[item]
    overlap, roots = table.overlap[item], table.root
    root, length = roots[item], table.length[item]
    for n in range(length):
        other, sum_of_products = neighbour[n], overlap[n]
        other_root = roots[np.uint32(other)]
        if root == 0.0 or other_root == 0.0:  # nobody has one of them
            sum_of_products = 0
        score = cosine(sum_of_products, root, other_root, rule.shrinkage)
        hole = n
        while hole > 0 and worse(similarity[hole - 1], neighbour[hole - 1], score, other):
            similarity[hole], neighbour[hole] = similarity[hole - 1], neighbour[hole - 1]
            overlap[hole] = overlap[hole - 1]
            hole -= 1
        similarity[hole], neighbour[hole], overlap[hole] = score, other, sum_of_products
    eligible = 0
    while eligible < min(rule.k, length) and similarity[eligible] > 0.0 and similarity[eligible] >= rule.minimum:
        eligible += 1
    return eligible


@part()
def revalue_row(table: Table, item: int, rule: Rule) -> bool:
    """Bring a row up to date if that takes no look at the preferences; return whether it is proven now."""
    read_at, tick, slack = table.read_at[item], table.tick[0], table.slack[0]
    if (
        read_at == 0
        or table.slack_read[item] != slack
        or _changed_since(table.changed_at, table.neighbour[item], table.length[item], read_at)
    ):
        eligible = _evaluate(table, item, rule)
        if not _proven(table, item, eligible, rule):
            return False
        table.eligible[item] = eligible
        table.slack_read[item] = slack
    table.read_at[item] = tick
    return True


@part()
def settle_row(x: Interactions, table: Table, scratch: Scratch, item: int, rule: Rule) -> None:
    """Prove a row by a look at the items that gained much, or rebuild it."""
    eligible = _evaluate(table, item, rule)
    while _beats_bound(table, item, eligible, rule) and look_at_gains(x, table, scratch, item, eligible, rule):
        eligible = _evaluate(table, item, rule)
    if not _proven(table, item, eligible, rule):
        build_row(x, table, scratch, item, rule.shrinkage)
        eligible = _evaluate(table, item, rule)
    table.eligible[item] = eligible
    table.slack_read[item] = table.slack[0]
    table.read_at[item] = table.tick[0]


@kernel(allocates=False)
def read_rows(x: Interactions, table: Table, scratch: Scratch, items: NDArray[np.int32], rule: Rule) -> None:
    """Bring the rows of some items up to date and prove them, or rebuild them.

    The neighbours of an item are then the first entries of its row in ``neighbour`` and ``similarity``, ``eligible`` many.
    A call with a record of arrays costs more than a look, so rows that were read since the last event are passed over here.
    """
    read_at, tick = table.read_at, table.tick[0]
    for item in items:
        if read_at[item] != tick and not revalue_row(table, item, rule):
            settle_row(x, table, scratch, item, rule)
