"""Reads rows of the neighbour table: evaluates the candidates, proves the first k, rebuilds the row where that fails."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.interactions import Interactions, find, holds
from footlight_engines.kernels.neighbour_rows import build_row
from footlight_engines.kernels.neighbours import MARGIN, Rule, Scratch, Table, bound_is_sharp, cosine, current_bound
from footlight_engines.kernels.selection import worse


@njit(cache=True, nogil=True)
def _proven(table: Table, item: int, eligible: int, rule: Rule) -> bool:
    """Whether the first candidates are the row's k best of all items."""
    bound = current_bound(table, item)
    if table.complete[item] or bound <= 0.0 or bound * MARGIN < rule.minimum:
        return True
    if eligible < rule.k:
        return False
    score = table.similarity[item, rule.k - 1]
    if bound_is_sharp(table, item):
        return not worse(score, table.neighbour[item, rule.k - 1], bound, table.last[item])
    return bool(score > bound * MARGIN)


@njit(cache=True, nogil=True)
def _place(table: Table, item: int, hole: int, candidate: tuple[float, int, int, bool]) -> None:
    """Put a candidate (similarity, neighbour, overlap, exact) into a row."""
    table.similarity[item, hole] = candidate[0]
    table.neighbour[item, hole] = candidate[1]
    table.overlap[item, hole] = candidate[2]
    table.exact[item, hole] = candidate[3]


@njit(cache=True, nogil=True)
def _shift(table: Table, item: int, source: int, target: int) -> None:
    table.similarity[item, target] = table.similarity[item, source]
    table.neighbour[item, target] = table.neighbour[item, source]
    table.overlap[item, target] = table.overlap[item, source]
    table.exact[item, target] = table.exact[item, source]


@njit(cache=True, nogil=True)
def _changed_since(changed_at: NDArray[np.int64], neighbour: NDArray[np.int32], length: int, tick: int) -> bool:
    """Whether the norm of one of a row's candidates has changed after a tick."""
    changes = 0
    for n in range(length):
        changes += changed_at[np.uint32(neighbour[n])] > tick
    return changes > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(table: Table, item: int, rule: Rule) -> int:
    """Compute the similarities of a row's candidates and sort them; they are nearly sorted.

    Returns
    -------
    How many of the first k are neighbours, or -1 where an upper bound is among these.
    """
    similarity, neighbour = table.similarity[item], table.neighbour[item]
    overlap, exact, roots = table.overlap[item], table.exact[item], table.root
    root, length = roots[item], table.length[item]
    for n in range(length):
        other, sum_of_products, true = neighbour[n], overlap[n], exact[n]
        other_root = roots[np.uint32(other)]
        if root == 0.0 or other_root == 0.0:  # nobody has one of them
            sum_of_products, true = 0, True
        score = cosine(sum_of_products, root, other_root, rule.shrinkage)
        hole = n
        while hole > 0 and worse(similarity[hole - 1], neighbour[hole - 1], score, other):
            similarity[hole], neighbour[hole] = similarity[hole - 1], neighbour[hole - 1]
            overlap[hole], exact[hole] = overlap[hole - 1], exact[hole - 1]
            hole -= 1
        similarity[hole], neighbour[hole], overlap[hole], exact[hole] = score, other, sum_of_products, true
    eligible = 0
    while eligible < min(rule.k, length) and similarity[eligible] > 0.0 and similarity[eligible] >= rule.minimum:
        if not exact[eligible]:
            return -1
        eligible += 1
    return eligible


@njit(cache=True, nogil=True)
def common(x: Interactions, item: int, other: int) -> int:
    """The overlap of two items, by way of the people of the less popular one."""
    if x.item_length[item] > x.item_length[other]:
        item, other = other, item
    start, overlap = x.item_start[item], 0
    for p in range(start, start + x.item_length[item]):
        at = find(x, x.person[p], other)
        if holds(x, x.person[p], other, at):
            overlap += int(x.posted[p]) * int(x.weight[at])
    return overlap


@njit(cache=True, nogil=True)
def _resolve(x: Interactions, table: Table, item: int, rule: Rule) -> int:
    """Make the overlaps of the first k candidates exact; return how many of these are neighbours.

    With its true overlap a candidate can only move down. Those after the k-th come after it whatever theirs are.
    """
    n, size = 0, table.length[item]
    similarity, neighbour = table.similarity, table.neighbour
    while n < min(rule.k, size) and similarity[item, n] > 0.0 and similarity[item, n] >= rule.minimum:
        if table.exact[item, n]:
            n += 1
            continue
        other = neighbour[item, n]
        overlap = common(x, item, other)
        score = cosine(overlap, table.root[item], table.root[other], rule.shrinkage)
        hole = n
        while hole + 1 < size and worse(score, other, similarity[item, hole + 1], neighbour[item, hole + 1]):
            _shift(table, item, hole + 1, hole)
            hole += 1
        _place(table, item, hole, (score, other, overlap, True))
    return n


@njit(cache=True, nogil=True)
def revalue_row(table: Table, item: int, rule: Rule) -> bool:
    """Bring a row up to date if that takes no look at the preferences; return whether it is proven now."""
    read_at, tick, slack = table.read_at[item], table.tick[0], table.slack[0]
    if (
        read_at == 0
        or table.slack_read[item] != slack
        or _changed_since(table.changed_at, table.neighbour[item], table.length[item], read_at)
    ):
        eligible = _evaluate(table, item, rule)
        if eligible < 0 or not _proven(table, item, eligible, rule):
            return False
        table.eligible[item] = eligible
        table.slack_read[item] = slack
    table.read_at[item] = tick
    return True


@njit(cache=True, nogil=True)
def settle_row(x: Interactions, table: Table, scratch: Scratch, item: int, rule: Rule) -> None:
    """Prove a row by resolving its upper bounds, or rebuild it."""
    eligible = _resolve(x, table, item, rule)
    if not _proven(table, item, eligible, rule):
        build_row(x, table, scratch, item, rule.shrinkage)
        eligible = _resolve(x, table, item, rule)
    table.eligible[item] = eligible
    table.slack_read[item] = table.slack[0]
    table.read_at[item] = table.tick[0]


@njit(cache=True, nogil=True)
def read_row(x: Interactions, table: Table, scratch: Scratch, item: int, rule: Rule) -> int:
    """Bring a row up to date and prove it, or rebuild it.

    Returns
    -------
    How many neighbours it has: the first entries of its row in ``neighbour`` and ``similarity``.
    """
    if not revalue_row(table, item, rule):
        settle_row(x, table, scratch, item, rule)
    return int(table.eligible[item])


@njit(cache=True, nogil=True)
def read_history(x: Interactions, table: Table, scratch: Scratch, user: int, rule: Rule) -> None:
    """Bring the rows of all items of a person up to date.

    A call with a record of arrays costs more than a look, so rows that were read since the last event are passed over here.
    """
    items, weights, read_at, tick = x.item, x.weight, table.read_at, table.tick[0]
    first = x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        item = items[r]
        if weights[r] != 0 and read_at[item] != tick and not revalue_row(table, item, rule):
            settle_row(x, table, scratch, item, rule)


@njit(cache=True, nogil=True)
def read_rows(x: Interactions, table: Table, scratch: Scratch, items: NDArray[np.int32], rule: Rule) -> None:
    """Bring the rows of some items up to date."""
    read_at, tick = table.read_at, table.tick[0]
    for item in items:
        if read_at[item] != tick and not revalue_row(table, item, rule):
            settle_row(x, table, scratch, item, rule)
