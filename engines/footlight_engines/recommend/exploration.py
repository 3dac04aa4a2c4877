"""Places that go to new items by chance, with the probability of everything that was placed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Query


class Placed(NamedTuple):
    """A ranking of m items, all of shape (m,)."""

    items: NDArray[np.int32]
    scores: NDArray[np.float64]
    propensity: NDArray[np.float64] | None  # None where nothing was left to chance
    by_chance: NDArray[np.bool_]


def explore(
    items: NDArray[np.int32], scores: NDArray[np.float64], new: NDArray[np.int64], chance: float, query: Query
) -> Placed:
    """Give each place to a new item with a chance, to the next best one otherwise.

    A new item is drawn uniformly from those that have no place yet. The propensity of a place is the probability of its
    item given the places before it: chance / n for one of n new ones, and 1 - chance for the next best, to which chance / n
    is added where it is new itself. All draws come from the query's seed and person; the first places do not depend on
    how many follow. Scores are lowered where that keeps their order.
    """
    if chance <= 0.0 or not len(new):
        return Placed(items, scores, None, np.zeros(len(items), np.bool_))
    rng = np.random.default_rng([query.seed % 2**63, query.user % 2**31])
    pool, ranked = new.tolist(), list(zip(items.tolist(), scores.tolist(), strict=True))
    placed: list[tuple[int, float, float, bool]] = []
    while len(placed) < query.count and ranked:
        draw, which = rng.random(2)
        best, score = ranked[0]
        explored = bool(pool) and draw < chance
        item = pool[int(which * len(pool))] if explored else best
        propensity = chance / len(pool) if item in pool else 0.0
        if item == best:
            propensity += 1.0 - chance if pool else 1.0
        below = float(np.nextafter(placed[-1][1], -np.inf)) if placed else score
        placed.append((item, min(score, below), propensity, explored))
        ranked = [pair for pair in ranked if pair[0] != item]
        if item in pool:
            pool.remove(item)
    chosen, lowered, chances, by_chance = zip(*placed, strict=True) if placed else ((), (), (), ())
    return Placed(
        np.array(chosen, np.int32), np.array(lowered, np.float64), np.array(chances), np.array(by_chance, np.bool_)
    )
