"""Puts a ranking in an order in which neighbours in the list differ: pure functions of arrays, behind every engine."""

from __future__ import annotations

from collections.abc import Sequence

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
    nearest, left = np.zeros(len(scores)), np.ones(len(scores), np.bool_)
    for step in range(len(chosen)):
        gain = (1.0 - diversity) * relevance - diversity * nearest
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen[step] = best
        left[best] = False
        np.maximum(nearest, likeness[best], out=nearest)
    return chosen


def likeness_of_labels(labels: Sequence[Sequence[int]]) -> Likeness | None:
    """The cosine between the kinds and tags of items, each a list of numbers; None where no item has any."""
    names = sorted({label for each in labels for label in each})
    if not names:
        return None
    place = {name: i for i, name in enumerate(names)}
    has = np.zeros((len(labels), len(names)))  # (m, labels)
    for row, each in enumerate(labels):
        has[row, [place[label] for label in each]] = 1.0
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
