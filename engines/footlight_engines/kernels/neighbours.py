"""Item-to-item cosine neighbours: computed from the preferences, followed event by event, and proven exact when read.

For items i and j with overlap c_ij = sum_u w_ui w_uj and norm n_i = sum_u w_ui^2 the similarity is

    s_ij = c_ij / (sqrt(n_i n_j) + shrinkage)

(Sarwar et al. 2001 for the cosine, Bell & Koren 2007 for the shrinkage.) Overlaps and norms are whole numbers. Every row
keeps its best B candidates with their overlaps and a bound on the similarity of all other items:

* complete row: all items with an overlap other than 0 are listed, so the others have similarity 0;
* otherwise an item that is not listed has at most ``bound * slack[now] / slack[when the bound was set]``.

An event changes overlaps only between its item and the rest of the person's history. Listed ones are kept exact. Where what
another one gains may bring it near the k-th candidate, the overlap is summed up at once (`neighbour_updates`). Otherwise the
gain is written down beside the row, so that the bound need not cover it:

* the overlap of an item that is not listed, without its written gain, has at most that bounded similarity.

Where a row has no room for one more gain, gains that leave the item well below the k-th candidate go into the bound, and the
overlaps of the others are summed up (`neighbour_gains`). A growing norm lowers similarities, so bounds stay valid; a falling
one raises them by at most sqrt(n_old / n_new), which goes into the rows concerned or, for a popular item, into the slack of
all rows. When a row is read, its candidates are evaluated anew, and items that may reach the first k by what they have
gained are summed up; if then the k-th does not beat the bound the row is rebuilt.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import part

RARE = 64
"""An item with at most so many people has its falling norm carried to the rows concerned, not into the slack of all."""
SCARCE = 256
"""An item with at most so many people, not fewer than RARE, has its overlaps summed up at every event that changes one."""
UP = 1.0 + 1e-15
"""Rounds the result of a few float operations up, never down."""
MARGIN = 1.0 + 1e-9
"""A similarity must beat a bound that was computed with rounding by this factor."""


class Table(NamedTuple):
    """The candidates of I items (a capacity), B for each, and G gains of others."""

    neighbour: NDArray[np.int32]  # (I, B)
    overlap: NDArray[np.int64]  # (I, B)
    similarity: NDArray[np.float64]  # (I, B) of the overlap, as of read_at, best first
    length: NDArray[np.int32]  # (I,) candidates of the row
    eligible: NDArray[np.int32]  # (I,) how many of them, from the first on, are its neighbours as of read_at
    complete: NDArray[np.bool_]  # (I,)
    bound: NDArray[np.float64]  # (I,)
    last: NDArray[np.int32]  # (I,) items not listed that reach the bound have a larger ordinal; -1: unknown
    gainer: NDArray[np.int32]  # (I, G) items that are not listed of which the overlap has grown
    gain: NDArray[np.int64]  # (I, G) by how much
    gains: NDArray[np.int32]  # (I,) how many of them a row has
    slack_then: NDArray[np.float64]  # (I,) the slack when the bound was set
    slack_read: NDArray[np.float64]  # (I,) the slack as of read_at
    read_at: NDArray[np.int64]  # (I,) tick of the last reading, 0 where the row itself has changed since
    changed_at: NDArray[np.int64]  # (I,) tick of the last change of the item's norm
    root: NDArray[np.float64]  # (I,) sqrt(n_i)
    slack: NDArray[np.float64]  # (1,)
    tick: NDArray[np.int64]  # (1,) counts events; from 1 on
    popular: NDArray[np.int32]  # (I,) the row of the item in popular_overlap, or -1
    popular_overlap: NDArray[np.int64]  # (D, I) the overlaps of D popular items with all others, 0 with themselves


class Rule(NamedTuple):
    """Who counts as a neighbour: the k most similar, of at least a similarity; and what is cheap enough to be summed up."""

    k: int
    minimum: float
    shrinkage: float
    rare: int = RARE
    scarce: int = SCARCE


class Scratch(NamedTuple):
    """Working space for I items and U people, one for every thread."""

    cell: NDArray[np.int64]  # (I, 2) the tick at which the item was met, and its sum: side by side in one cache line
    fan: NDArray[np.int32]  # (U,) the weights of the people who are marked; 0 between calls
    touched: NDArray[np.int32]  # (I,)
    place: NDArray[np.int32]  # (I,)
    summed: NDArray[
        np.int64
    ]  # (I, 2) the tick at which an item's overlap with the one of an event was summed up, and that
    score: NDArray[np.float64]  # (I,)
    single: NDArray[np.float32]  # (I,) scores rounded
    bits: NDArray[np.int32]  # (I,) the same memory as `single`: positive floats are ordered as their bits are
    frequency: NDArray[np.int32]  # (BUCKETS,) how many scores have these leading bits
    best_score: NDArray[np.float64]  # (B,)
    best_item: NDArray[np.int32]  # (B,)
    tick: NDArray[np.int64]  # (1,)


@part(error_model="numpy")
def cosine(overlap: int, root: float, other_root: float, shrinkage: float) -> float:
    """s = c / (r r' + shrinkage); 0 where c is 0."""
    return float(overlap / (root * other_root + shrinkage)) if overlap != 0 else 0.0


@part()
def current_bound(table: Table, item: int) -> float:
    """What no item that is not listed exceeds; may be wrong by rounding once the slack has grown."""
    return float(table.bound[item] * (table.slack[0] / table.slack_then[item]))


@part()
def bound_is_sharp(table: Table, item: int) -> bool:
    """Whether all items that are not listed come after (``bound``, ``last``) in the order of a ranking, without rounding."""
    return bool(table.last[item] >= 0 and table.slack_then[item] == table.slack[0])
