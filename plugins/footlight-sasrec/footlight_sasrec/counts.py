"""What follows what in everybody's history, counted: what a network of few weights smooths away where data are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_sasrec.histories import Lived, age_classes

MOST_PAIRS = 100_000_000
"""So many pairs are counted at most: where the log is longer, those of fewer gaps."""
GAPS, RECENT = 30, 20
"""Two items count as a pair up to so many places apart; an answer goes by so many of the latest items."""
BACKWARD = 0.4
"""What a pair counts in reverse."""
AFTER, BEFORE = 0.2, 0.25
"""Minus the exponents by which the popularity of what is recommended, and of what was met, is taken out."""

_TOGETHER = 1 << 23
"""So many pairs are sorted at a time."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How counts are read; see `Reading`, which learns them."""

    place: NDArray[np.float32]
    """The logarithm of what the k-th latest item counts, shape (RECENT,)."""
    age: NDArray[np.float32]
    """What is added to it by the class of the time between that item and the latest, shape (AGES,)."""
    power: float
    floor: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Transitions over several gaps, counted both ways, as the built-in `sequence` does it, and read with learned weights.

    With c_ij the number of pairs of i and j in histories, each divided by how many places they are apart (0.4 of it where
    j came first), n_i the number of people who met i, i_1, i_2 ... the latest items and a_k the class of the time from i_k
    to i_1,

        s_j = sum over k of exp(place_k + age_(a_k)) sqrt(c_ij / ((n_i + 2)^0.5 (n_j + 2)^0.4)),  i = i_k
        read_j = power log(s_j / max s + floor)
    """

    first: NDArray[np.int64]
    """Row i has the entries from ``first[i]`` on to before ``first[i + 1]``."""
    item: NDArray[np.int32]
    root: NDArray[np.float32]
    """sqrt(c_ij) of each entry."""
    met: NDArray[np.int32]
    """n_i, shape (items,)."""

    @staticmethod
    def of(people: Sequence[Lived], items: int) -> Counts:
        """Count everybody's sequence."""
        rows = np.concatenate([one.rows for one in people]) - 1
        who = np.repeat(np.arange(len(people)), [len(one.rows) for one in people])
        gaps = min(_gaps(len(rows)), len(rows) - 1)
        keys, weights = [np.empty(0, np.int64)], [np.empty(0)]
        for gap in range(1, gaps + 1):
            together = who[gap:] == who[:-gap]
            before, after = rows[:-gap][together], rows[gap:][together]
            keys += [before * items + after, after * items + before]
            weights += [np.full(len(before), factor / gap) for factor in (1.0, BACKWARD)]
            if sum(map(len, keys[1:])) > _TOGETHER or gap == gaps:
                found, sums = _summed(np.concatenate(keys), np.concatenate(weights))
                keys, weights = [found], [sums]
        before, after = np.divmod(keys[0], items)
        met = np.bincount(rows, minlength=items).astype(np.int32)  # nobody meets an item twice
        first = np.searchsorted(before, np.arange(items + 1)).astype(np.int64)
        return Counts(first, after.astype(np.int32), np.sqrt(weights[0]).astype(np.float32), met)

    def read(self, lived: Lived, weights: Weights) -> NDArray[np.float64]:
        """How much each item goes with what somebody met, shape (items,)."""
        total = np.zeros(len(self.met))
        recent, ages = latest(lived, len(lived.rows))
        counted = np.exp(weights.place[: len(recent)] + weights.age[ages]) * (self.met[recent] + 2.0) ** -BEFORE
        for row, weight in zip(recent.tolist(), counted.tolist(), strict=True):
            part = slice(self.first[row], self.first[row + 1])
            total[self.item[part]] += weight * self.root[part]
        total *= (self.met + 2.0) ** -AFTER
        return np.asarray(weights.power * np.log(total / max(float(total.max(initial=0.0)), 1e-12) + weights.floor))

    @property
    def gaps(self) -> int:
        """How far apart pairs were counted."""
        return _gaps(int(self.met.sum()))

    def table(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some rows as a table with a row of zeros after them, shape (rows + 1, items)."""
        found = np.zeros((len(rows) + 1, len(self.met)), np.float32)
        lengths = self.first[rows + 1] - self.first[rows]
        ends = np.cumsum(lengths)
        entry = np.arange(int(lengths.sum())) + np.repeat(self.first[rows] - ends + lengths, lengths)
        found[np.repeat(np.arange(len(rows)), lengths), self.item[entry]] = self.root[entry]
        return found


def _gaps(events: int) -> int:
    return min(GAPS, max(1, MOST_PAIRS // max(events, 1)))


def latest(lived: Lived, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The latest items before a place, the latest first, from 0 on, and the class of the time to each; both (k,)."""
    part = lived.last(RECENT, end)
    rows, seconds = part.rows[::-1] - 1, part.seconds[::-1]
    return rows, age_classes(seconds[:1] - seconds)


def _summed(keys: NDArray[np.int64], weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each key once, ascending, with the sum of its weights."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return ordered[starts], np.add.reduceat(weights[order], starts) if len(starts) else weights


def mixed(network: NDArray[np.float64], counted: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The network's logits as log-probabilities, by their share, and the counts by the rest."""
    shifted = network - network.max(axis=-1, keepdims=True)
    told = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return np.asarray(share * told + (1 - share) * counted)
