"""What follows what in everybody's history, counted: what a network of few weights smooths away where data are few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_sasrec.histories import Lived

MOST_ITEMS = 4_096
"""The table has a number for each pair of items: 64 MB for so many."""
SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""How much the counts may count beside the network; the held-out items choose."""

_GAPS, _RECENT = 30, 20
_BACKWARD = 0.4
_POPULARITY, _CONTEXT = 0.4, 0.5
_FLOOR = 1e-3


class Counts:
    """Transitions over several gaps, counted both ways and read out by recency, as the built-in `sequence` does it.

    With c_ij the number of pairs of i and j in histories, each divided by how many places they are apart (0.4 of it
    where j came first), n_i the number of people who met i, and i_1, i_2 ... the latest items,

        s_j = sum over k of 1/k sqrt(c_ij / ((n_i + 2)^0.5 (n_j + 2)^0.4)),  i = i_k
    """

    def __init__(self, table: NDArray[np.float32]) -> None:
        """``table`` has shape (items, items): what is under the sum's root, and the root of it."""
        self.table = table

    @staticmethod
    def of(people: Sequence[Lived], items: int) -> Counts:
        """Count everybody's sequence."""
        rows = np.concatenate([one.rows for one in people]) - 1
        who = np.repeat(np.arange(len(people)), [len(one.rows) for one in people])
        pairs = np.zeros(items * items)
        for gap in range(1, min(_GAPS, len(rows) - 1) + 1):
            together = who[gap:] == who[:-gap]
            before, after = rows[:-gap][together], rows[gap:][together]
            pairs += np.bincount(before * items + after, minlength=items * items) / gap
        forward = pairs.reshape(items, items)
        met = np.bincount(rows, minlength=items) + 2.0  # nobody meets an item twice
        damped = met[:, None] ** _CONTEXT * met[None, :] ** _POPULARITY
        return Counts(np.sqrt((forward + _BACKWARD * forward.T) / damped).astype(np.float32))

    def read(self, lived: Lived) -> NDArray[np.float64]:
        """The logarithm of the sum, shape (items,), with the highest at 0 and none below log 0.001."""
        recent = lived.rows[::-1][:_RECENT] - 1
        weight = 1.0 / np.arange(1, len(recent) + 1)
        total = weight @ self.table[recent].astype(np.float64)
        return np.asarray(np.log(total / max(float(total.max(initial=0.0)), 1e-12) + _FLOOR))


def mixed(network: NDArray[np.float64], counted: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The network's logits as log-probabilities, and so much of the counts."""
    shifted = network - network.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()) + share * counted)
