"""What follows what in everybody's history, counted: what a network of few weights smooths away where data are few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_sasrec.histories import Lived

MOST_PAIRS = 100_000_000
"""So many pairs are counted at most: where the log is longer, those of fewer gaps."""
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

    def __init__(self, first: NDArray[np.int64], item: NDArray[np.int32], root: NDArray[np.float32]) -> None:
        """Row i has the items from ``first[i]`` on to before ``first[i + 1]``, and for each the root above."""
        self.first, self.item, self.root = first, item, root

    @staticmethod
    def of(people: Sequence[Lived], items: int) -> Counts:
        """Count everybody's sequence."""
        rows = np.concatenate([one.rows for one in people]) - 1
        who = np.repeat(np.arange(len(people)), [len(one.rows) for one in people])
        gaps = min(_GAPS, len(rows) - 1, max(1, MOST_PAIRS // len(rows)))
        keys, weights = np.empty(0, np.int64), np.empty(0)
        for gap in range(1, gaps + 1):
            together = who[gap:] == who[:-gap]
            before, after = rows[:-gap][together], rows[gap:][together]
            more = np.concatenate([before * items + after, after * items + before])
            apart = np.repeat([1.0 / gap, _BACKWARD / gap], len(before))
            keys, weights = _summed(np.concatenate([keys, more]), np.concatenate([weights, apart]))
        met = np.bincount(rows, minlength=items) + 2.0  # nobody meets an item twice
        before, after = np.divmod(keys, items)
        root = np.sqrt(weights / (met[before] ** _CONTEXT * met[after] ** _POPULARITY))
        first = np.searchsorted(before, np.arange(items + 1))
        return Counts(first.astype(np.int64), after.astype(np.int32), root.astype(np.float32))

    def read(self, lived: Lived) -> NDArray[np.float64]:
        """The logarithm of the sum, shape (items,), with the highest at 0 and none below log 0.001."""
        total = np.zeros(len(self.first) - 1)
        for place, row in enumerate(lived.rows[::-1][:_RECENT] - 1, start=1):
            part = slice(self.first[row], self.first[row + 1])
            total[self.item[part]] += self.root[part] / place
        return np.asarray(np.log(total / max(float(total.max(initial=0.0)), 1e-12) + _FLOOR))


def _summed(keys: NDArray[np.int64], weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each key once, ascending, with the sum of its weights."""
    found, place = np.unique(keys, return_inverse=True)
    return found, np.bincount(place, weights, len(found)).astype(np.float64)


def mixed(network: NDArray[np.float64], counted: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The network's logits as log-probabilities, and so much of the counts."""
    shifted = network - network.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()) + share * counted)
