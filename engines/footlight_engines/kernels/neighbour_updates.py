"""Carries events into the neighbour table, in time proportional to the history of the person concerned."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from footlight_engines.kernels.interactions import (
    NOT_POSTED,
    Columns,
    Interactions,
    erase_row,
    has_room,
    record,
    set_weight,
)
from footlight_engines.kernels.neighbour_rows import gather_overlaps
from footlight_engines.kernels.neighbours import (
    MARGIN,
    RARE,
    UP,
    Scratch,
    Table,
    bound_is_sharp,
    cosine,
    current_bound,
)
from footlight_engines.kernels.selection import worse


@njit(cache=True, nogil=True)
def _stretch_bound(table: Table, row: int, factor: float) -> None:
    """Multiply the bound."""
    table.bound[row] *= factor * UP
    table.last[row] = -1
    table.read_at[row] = 0


@njit(cache=True, nogil=True)
def _take_into_bound(table: Table, row: int, score: float, other: int) -> None:
    """Let the bound cover one more item that is not listed, of at most this similarity."""
    if table.complete[row]:
        table.complete[row] = False
        table.bound[row], table.last[row] = max(score, 0.0), other
        table.slack_then[row] = table.slack[0]
    elif bound_is_sharp(table, row):
        if worse(table.bound[row], table.last[row], score, other):
            table.bound[row], table.last[row] = score, other
    else:
        table.bound[row] = max(current_bound(table, row), score) * UP
        table.last[row] = -1
        table.slack_then[row] = table.slack[0]


@njit(cache=True, nogil=True)
def _weakest(similarity: NDArray[np.float64]) -> int:
    """The place of the candidate of a full row that was least similar when it was last looked at."""
    weakest, least = 0, similarity[0]
    for n in range(len(similarity)):
        if similarity[n] < least:
            weakest, least = n, similarity[n]
    return weakest


@njit(cache=True, nogil=True)
def _list(table: Table, row: int, other: int, overlap: int, exact: bool, shrinkage: float) -> None:
    """List an item that is not listed; in a full row the weaker of it and the weakest candidate goes into the bound."""
    table.read_at[row] = 0
    root, at = table.root[row], table.length[row]
    score = cosine(overlap, root, table.root[other], shrinkage)
    if at < table.neighbour.shape[1]:
        table.length[row] += 1
    else:
        at = _weakest(table.similarity[row])
        if score <= table.similarity[row, at]:
            _take_into_bound(table, row, score, other)
            return
        weakest = table.neighbour[row, at]
        if table.root[weakest] > 0.0:
            left = cosine(table.overlap[row, at], root, table.root[weakest], shrinkage)
            _take_into_bound(table, row, left, weakest)
        else:
            _take_into_bound(table, row, 0.0, weakest)
    table.neighbour[row, at] = other
    table.overlap[row, at] = overlap
    table.exact[row, at] = exact
    table.similarity[row, at] = score


@njit(cache=True, nogil=True)
def _place_of(neighbour: NDArray[np.int32], length: int, other: int) -> int:
    for n in range(length):
        if neighbour[n] == other:
            return n
    return -1


@njit(cache=True, nogil=True)
def _add_unlisted(table: Table, row: int, other: int, change: int, bounded: float, shrinkage: float) -> None:
    """Follow the overlap with an item that is not listed; it was at most the row's bound times ``bounded``.

    ``bounded`` is the denominator of the similarity that the bound was for.
    """
    exact = table.complete[row]
    if exact or change > 0:
        most = 0 if exact else int(current_bound(table, row) * bounded * MARGIN) + 1
        _list(table, row, other, most + change, exact, shrinkage)


@njit(cache=True, nogil=True)
def _lift_rare(x: Interactions, table: Table, scratch: Scratch, item: int, shrinkage: float) -> int:
    """List a rare item in all rows whose bound it exceeds now that its norm has fallen; return how many it met."""
    met = gather_overlaps(x, scratch, item)
    for n in range(met):
        row = scratch.touched[n]
        overlap = scratch.cell[row, 1]
        if row == item or overlap <= 0 or table.complete[row]:
            continue
        score = cosine(overlap, table.root[row], table.root[item], shrinkage)
        if score * MARGIN >= current_bound(table, row) and _place_of(table.neighbour[row], table.length[row], item) < 0:
            _list(table, row, item, overlap, True, shrinkage)
    return met


@njit(cache=True, nogil=True)
def _change_norm(x: Interactions, table: Table, item: int, shrinkage: float) -> int:
    """Follow an item's norm, which has changed in ``x``; return how many entries of the table were touched.

    With the overlaps from before the event, the bound of its own row holds for the new norm and the bounds of the other
    rows for the old one, until `_lift_rare` or the slack have made up for a norm that fell.
    """
    old, new = table.root[item], sqrt(float(x.item_square[item]))
    table.root[item] = new
    table.changed_at[item] = table.tick[0]
    table.read_at[item] = 0
    if new == 0.0:  # nobody is left, so the item has no overlap with any other
        table.length[item], table.complete[item] = 0, True
    elif new < old:
        _stretch_bound(table, item, old / new * UP)
        if x.item_length[item] > RARE:
            table.slack[0] *= old / new * UP * UP
    elif shrinkage == 0.0 and old > 0.0:  # all similarities of the row fall by the same factor
        _stretch_bound(table, item, old / new)
    return 1


@njit(cache=True, nogil=True)
def change_weight(
    x: Interactions, table: Table, scratch: Scratch, user: int, item: int, change: int, shrinkage: float
) -> int:
    """Follow a weight of a person and an item that has changed by ``change`` in ``x``.

    Returns
    -------
    How many entries were touched.
    """
    table.tick[0] += 1
    old = table.root[item]
    touched = _change_norm(x, table, item, shrinkage)
    new = table.root[item]
    neighbour, overlap, length = table.neighbour, table.overlap, table.length
    read_at, roots, items, weights = table.read_at, table.root, x.item, x.weight
    cell, place = scratch.cell, scratch.place
    scratch.tick[0] += 1
    tick = scratch.tick[0]
    for n in range(length[item]):
        cell[neighbour[item, n], 0] = tick
        place[neighbour[item, n]] = n
    start = x.person_start[user]
    for r in range(start, start + x.person_length[user]):
        other, product = items[r], int(change) * int(weights[r])
        if other == item or product == 0:
            continue
        touched += 2
        at = _place_of(neighbour[other], length[other], item)
        if at >= 0:
            overlap[other, at] += product
            read_at[other] = 0
        elif new > 0.0:
            _add_unlisted(table, other, item, product, old * roots[other] + shrinkage, shrinkage)
        at = place[other] if cell[other, 0] == tick else -1
        if at >= 0 and neighbour[item, at] == other:  # otherwise it has made way for another one meanwhile
            overlap[item, at] += product
        elif new > 0.0:
            _add_unlisted(table, item, other, product, new * roots[other] + shrinkage, shrinkage)
    if 0.0 < new < old and x.item_length[item] <= RARE:
        touched += _lift_rare(x, table, scratch, item, shrinkage)
    return touched


@njit(cache=True, nogil=True)
def follow(
    x: Interactions, table: Table, scratch: Scratch, events: Columns, first: int, shrinkage: float
) -> tuple[int, int]:
    """Record events from the first on until a pool is full, and carry them into the table.

    Returns
    -------
    The first event that was not recorded (n when all were) and how many entries were touched.
    """
    touched = 0
    for n in range(first, len(events.user)):
        user, item, weight = events.user[n], events.item[n], int(events.weight[n])
        if not has_room(x, user, item):
            return n, touched
        touched += 1
        holds, old = record(x, user, item, weight, events.retracted[n], events.time[n], events.tie[n])
        if holds and weight != old:
            touched += change_weight(x, table, scratch, user, item, weight - old, shrinkage)
    return len(events.user), touched


@njit(cache=True, nogil=True)
def forget(x: Interactions, table: Table, scratch: Scratch, user: int, shrinkage: float) -> int:
    """Take a person out of the preferences and the table; return how many entries were touched."""
    touched = 0
    for at in range(x.person_start[user], x.person_start[user] + x.person_length[user]):
        touched += 1
        old = int(x.weight[at])
        if old != 0:
            set_weight(x, user, at, 0, NOT_POSTED)
            touched += change_weight(x, table, scratch, user, x.item[at], -old, shrinkage)
    erase_row(x, user)
    return touched
