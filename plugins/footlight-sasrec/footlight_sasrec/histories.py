"""What everybody met, in the order of time, as the network reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from footlight_plugins import Events

SECOND = 1_000_000
"""Times of events are microseconds."""
AGES = 32
"""Into so many classes the time between two items falls, each twice as long as the one before."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What one person met, and when, in the order of time; each array has shape (n,)."""

    rows: NDArray[np.int64]
    """The network's numbers of the items, from 1 on."""
    seconds: NDArray[np.int64]

    def last(self, length: int, end: int | None = None) -> Lived:
        """The latest of those before a place."""
        stop = len(self.rows) if end is None else end
        return Lived(self.rows[max(0, stop - length) : stop], self.seconds[max(0, stop - length) : stop])


def sequences(kept: Events, vocabulary: NDArray[np.int32]) -> list[Lived]:
    """Everybody's sequence, by person, of the items that the network knows; people without any are left out."""
    known = np.isin(kept.item, vocabulary)
    held = kept.take(known)
    held = held.take(np.lexsort((held.item, held.tie, held.time, held.user)))
    rows = np.searchsorted(vocabulary, held.item).astype(np.int64) + 1
    cuts = np.flatnonzero(np.diff(held.user)) + 1
    parts = zip(np.split(rows, cuts), np.split(held.time // SECOND, cuts), strict=True)
    return [Lived(items, seconds) for items, seconds in parts if len(items)]


def age_classes(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of each time: 0 for none, then one more each time it doubles."""
    classes = np.log2(np.maximum(seconds, 0) + 1.0).astype(np.int64)
    return np.minimum(classes, AGES - 1)


def padded(batch: Sequence[Lived], device: torch.device) -> tuple[Tensor, Tensor]:
    """Item numbers and times, both (B, L); 0 fills up what is short, at the end, where causal attention never looks back
    from."""
    longest = max(len(one.rows) for one in batch)
    rows, seconds = np.zeros((2, len(batch), longest), np.int64)
    for i, one in enumerate(batch):
        rows[i, : len(one.rows)], seconds[i, : len(one.rows)] = one.rows, one.seconds
    return torch.from_numpy(rows).to(device), torch.from_numpy(seconds).to(device)
