"""How alike items are, by what the catalogue says of them or by an engine's neighbours: pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Likeness = NDArray[np.float64]
"""Shape (m, m): how alike two items are, 0 to 1, symmetric."""


def likeness_of_labels(labels: Sequence[Sequence[int]]) -> Likeness | None:
    """The cosine between the kinds and tags of items, each a list of numbers; None where no item has any."""
    flat = np.fromiter(chain.from_iterable(labels), np.int64)
    if not len(flat):
        return None
    rows = np.repeat(np.arange(len(labels)), [len(each) for each in labels])
    names, columns = np.unique(flat, return_inverse=True)
    has = np.zeros((len(labels), len(names)))  # (m, labels)
    has[rows, columns] = 1.0
    length = np.sqrt(has.sum(axis=1, keepdims=True))
    unit = has / np.where(length, length, 1.0)
    return np.asarray(unit @ unit.T)


def likeness_of_neighbours(neighbours: Sequence[tuple[Sequence[int], Sequence[float]]]) -> Likeness | None:
    """From each item's neighbours, as (places, scores): symmetric, the largest score being 1; None where nobody has any."""
    likeness = np.zeros((len(neighbours), len(neighbours)))
    for row, (places, scores) in enumerate(neighbours):
        likeness[row, list(places)] = np.maximum(scores, 0.0)
    likeness = np.maximum(likeness, likeness.T)
    largest = float(likeness.max(initial=0.0))
    return likeness / largest if largest else None
