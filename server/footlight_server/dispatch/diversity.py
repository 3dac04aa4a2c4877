"""Puts a ranking in an order in which neighbours in the list differ: pure functions of arrays, behind every engine."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Likeness = NDArray[np.float64]
"""Shape (m, m): how alike two items are, 0 to 1, symmetric."""


def rerank(scores: NDArray[np.float64], likeness: Likeness, diversity: float, count: int) -> NDArray[np.intp]:
    """Choose items by maximal marginal relevance (Carbonell and Goldstein 1998).

    Each step takes the item with the largest ``(1 - d) relevance - d max(likeness to those chosen)``, the better ranked one
    among equals. Relevance is the score as a share of the range of all scores, so that d means the same for every engine.

    Parameters
    ----------
    scores
        Shape (m,), not ascending.
    likeness
        Shape (m, m), 0 to 1.
    diversity
        d, 0 (the order of the scores) to 1.
    count
        At most how many to choose.

    Returns
    -------
    The places of the chosen items in the ranking, shape (min(m, count),), in the order in which they were chosen.
    """
    span = float(scores[0] - scores[-1]) if len(scores) else 0.0
    relevance = (scores - scores[-1]) / span if span else np.ones(len(scores))
    chosen = np.empty(min(len(scores), count), np.intp)
    worth, nearest = (1.0 - diversity) * relevance, np.zeros(len(scores))
    for step in range(len(chosen)):
        best = int((worth - diversity * nearest).argmax())
        chosen[step] = best
        worth[best] = -np.inf
        np.maximum(nearest, likeness[best], out=nearest)
    return chosen


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
