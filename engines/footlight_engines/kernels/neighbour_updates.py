"""Carries events into the neighbour table, in time proportional to the history of the person concerned."""

from __future__ import annotations

from math import sqrt

from numba import njit

from footlight_engines.kernels.interactions import (
    NOT_POSTED,
    Columns,
    Interactions,
    erase_row,
    has_room,
    record,
    set_weight,
)
from footlight_engines.kernels.neighbours import RARE, UP, Scratch, Table, cosine


@njit(cache=True, nogil=True)
def _raise_bound(table: Table, row: int, rise: float) -> None:
    """Add to the bound as it stands now."""
    bound = table.bound[row] * (table.slack[0] / table.slack_then[row])
    table.bound[row] = (bound + rise) * UP
    table.slack_then[row] = table.slack[0]
    table.last[row] = -1
    table.read_at[row] = 0


@njit(cache=True, nogil=True)
def _stretch_bound(table: Table, row: int, factor: float) -> None:
    """Multiply the bound."""
    table.bound[row] *= factor * UP
    table.last[row] = -1
    table.read_at[row] = 0


@njit(cache=True, nogil=True)
def _make_room(table: Table, row: int) -> None:
    """Take candidates with overlap 0 out of a full complete row: not being listed there says the same."""
    if not table.complete[row] or table.length[row] < table.neighbour.shape[1]:
        return
    kept = 0
    for n in range(table.length[row]):
        if table.overlap[row, n] != 0:
            table.neighbour[row, kept] = table.neighbour[row, n]
            table.overlap[row, kept] = table.overlap[row, n]
            kept += 1
    table.length[row] = kept
    table.read_at[row] = 0


@njit(cache=True, nogil=True)
def _list_new(table: Table, row: int, other: int, overlap: int, shrinkage: float) -> None:
    """List an item in a complete row that does not list it; a full row stops being complete instead."""
    length = table.length[row]
    if length < table.neighbour.shape[1]:
        table.neighbour[row, length] = other
        table.overlap[row, length] = overlap
        table.length[row] = length + 1
    else:
        table.complete[row] = False
        table.bound[row] = max(0.0, cosine(overlap, table.root[row], table.root[other], shrinkage)) * UP
        table.slack_then[row] = table.slack[0]
        table.last[row] = -1
    table.read_at[row] = 0


@njit(cache=True, nogil=True)
def _place_of(table: Table, row: int, other: int) -> int:
    for n in range(table.length[row]):
        if table.neighbour[row, n] == other:
            return n
    return -1


@njit(cache=True, nogil=True)
def _add_overlap(table: Table, row: int, at: int, other: int, change: int, shrinkage: float) -> float:
    """Add to an overlap in one row, where the other item stands at a place or is not listed (-1).

    Returns
    -------
    By how much the bound has to rise: the similarity that an item which is not listed may have gained.
    """
    if at >= 0:
        table.overlap[row, at] += change
        table.read_at[row] = 0
    elif table.complete[row]:
        _list_new(table, row, other, change, shrinkage)
    elif change > 0:
        return cosine(change, table.root[row], table.root[other], shrinkage) * UP
    return 0.0


@njit(cache=True, nogil=True)
def _stretch_rows_with(x: Interactions, table: Table, scratch: Scratch, item: int, factor: float) -> int:
    """Multiply the bounds of all rows that have an overlap with a rare item; return how many records were walked."""
    scratch.tick[0] += 1
    tick, walked = scratch.tick[0], 0
    start = x.item_start[item]
    for p in range(start, start + x.item_length[item]):
        first = x.person_start[x.person[p]]
        length = x.person_length[x.person[p]]
        walked += length
        for r in range(first, first + length):
            other = x.item[r]
            if scratch.cell[other, 0] != tick:
                scratch.cell[other, 0] = tick
                _stretch_bound(table, other, factor)
    return walked


@njit(cache=True, nogil=True)
def _change_norm(x: Interactions, table: Table, scratch: Scratch, item: int, shrinkage: float) -> int:
    """Follow an item's norm, which has changed in ``x``; return how many further entries were touched."""
    old, new = table.root[item], sqrt(float(x.item_square[item]))
    table.root[item] = new
    table.changed_at[item] = table.tick[0]
    table.read_at[item] = 0
    if new == 0.0:  # nobody is left, so the item has no overlap with any other
        table.length[item], table.complete[item] = 0, True
        return 0
    if new >= old:
        if shrinkage == 0.0 and old > 0.0:  # all similarities of the row fall by the same factor
            _stretch_bound(table, item, old / new)
        return 0
    factor = old / new * UP
    if x.item_length[item] <= RARE:
        return _stretch_rows_with(x, table, scratch, item, factor)
    _stretch_bound(table, item, factor)
    table.slack[0] *= factor * UP
    return 0


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
    touched = 1 + _change_norm(x, table, scratch, item, shrinkage)
    _make_room(table, item)
    scratch.tick[0] += 1
    tick = scratch.tick[0]
    for n in range(table.length[item]):
        scratch.cell[table.neighbour[item, n], 0] = tick
        scratch.place[table.neighbour[item, n]] = n
    alive, rise = table.root[item] > 0.0, 0.0
    start = x.person_start[user]
    for r in range(start, start + x.person_length[user]):
        other, product = x.item[r], int(change) * int(x.weight[r])
        if other == item or product == 0:
            continue
        touched += 2
        _make_room(table, other)
        at = _place_of(table, other, item)
        if alive or at >= 0:
            gained = _add_overlap(table, other, at, item, product, shrinkage)
            if gained > 0.0:
                _raise_bound(table, other, gained)
        if alive:
            at = scratch.place[other] if scratch.cell[other, 0] == tick else -1
            rise = max(rise, _add_overlap(table, item, at, other, product, shrinkage))
    if rise > 0.0:
        _raise_bound(table, item, rise)
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
