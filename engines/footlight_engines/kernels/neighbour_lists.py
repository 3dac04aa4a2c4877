"""Lists items among the candidates of a row, and keeps the bound on those that are not listed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import part
from footlight_engines.kernels.neighbours import UP, Table, bound_is_sharp, cosine, current_bound
from footlight_engines.kernels.selection import worse


@part()
def stretch_bound(table: Table, row: int, factor: float) -> None:
    """Multiply the bound."""
    table.bound[row] *= factor * UP
    table.last[row] = -1
    table.read_at[row] = 0


@part()
def raise_bound(table: Table, row: int, score: float) -> None:
    """Let the bound of a row that is not complete cover items of at most this similarity, whichever they are."""
    if score > current_bound(table, row):
        table.bound[row], table.last[row] = score * UP, -1
        table.slack_then[row], table.read_at[row] = table.slack[0], 0


@part()
def _take_into_bound(table: Table, row: int, score: float, other: int) -> None:
    """Let the bound cover one more item that is not listed, of this similarity."""
    if table.complete[row]:
        table.complete[row] = False
        table.bound[row], table.last[row] = max(score, 0.0), other
        table.slack_then[row] = table.slack[0]
    elif bound_is_sharp(table, row):
        if worse(table.bound[row], table.last[row], score, other):
            table.bound[row], table.last[row] = score, other
    else:
        raise_bound(table, row, score)


@part()
def _weakest(similarity: NDArray[np.float64]) -> int:
    """The place of the candidate of a full row that was least similar when it was last looked at."""
    weakest, least = 0, similarity[0]
    for n in range(len(similarity)):
        if similarity[n] < least:
            weakest, least = n, similarity[n]
    return weakest


@part()
def place_of(items: NDArray[np.int32], length: int, other: int) -> int:
    """Where an item stands among the first so many, or -1."""
    for n in range(length):
        if items[n] == other:
            return n
    return -1


@part()
def drop_gain(table: Table, row: int, at: int) -> None:
    """Take a gain out of a row; the last one takes its place."""
    last = table.gains[row] - 1
    table.gainer[row, at], table.gain[row, at] = table.gainer[row, last], table.gain[row, last]
    table.gains[row] = last


@part()
def list_item(table: Table, row: int, other: int, overlap: int, shrinkage: float) -> None:
    """List an item that is not listed; in a full row the weaker of it and the weakest candidate goes into the bound."""
    gained = place_of(table.gainer[row], table.gains[row], other)
    if gained >= 0:
        drop_gain(table, row, gained)
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
    table.similarity[row, at] = score
