"""The re-ranker behind `diversity`: items that are far up, and unlike those before them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Options, ReRanker, Shortlist


class MarginalRelevance(ReRanker):
    """Chooses by maximal marginal relevance, as much as the caller wants the items to differ."""

    compares: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        """There is nothing to choose: the request says how much."""
        super().__init__(options)

    def order(self, shortlist: Shortlist) -> NDArray[np.intp]:
        """The items one after the other; as they are, where nobody can tell how alike they are."""
        if shortlist.likeness is None:
            return np.arange(shortlist.count)
        return by_marginal_relevance(shortlist.scores, shortlist.likeness, shortlist.diversity, shortlist.count)


def by_marginal_relevance(
    scores: NDArray[np.float64], likeness: NDArray[np.float64], diversity: float, count: int
) -> NDArray[np.intp]:
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
