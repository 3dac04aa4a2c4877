"""How well rankings find what was held back: by person, at several cut-offs, over the full ranking.

With h_r = 1 where the item at rank r (from 1 on) was held back, t the number of items held back, k the cut-off:

- hit rate: 1 where any h_r = 1, r <= k
- precision: sum h_r / k
- recall: sum h_r / t
- NDCG: sum h_r / log2(r + 1), divided by its largest possible value, the sum over r <= min(t, k)
- MRR: 1 / r of the first h_r = 1, 0 where there is none
- MAP: sum of h_r (h_1 + ... + h_r) / r, divided by t (`recommenders`) or by min(t, k) (RecBole); each protocol says which

They are those of `recommenders` (Microsoft), RecBole and LightGCN, which agree on all but MAP.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation.dataset import distinct
from footlight_plugins.evaluation.lists import Lists

NAMES = ("ndcg", "recall", "precision", "map", "mrr", "hit")
"""What is measured at each cut-off."""

Figures = dict[str, NDArray[np.float64]]
"""Figures by name, each of shape (people,)."""


def accuracy(
    hits: NDArray[np.bool_], relevant: NDArray[np.int64], cutoffs: Sequence[int], map_by_all: bool = False
) -> Figures:
    """The figures of each person.

    Parameters
    ----------
    hits
        Shape (people, ranks): whether the item at each rank was held back; False beyond the end of a list.
    relevant
        Shape (people,): how many items were held back, at least 1.
    cutoffs
        None above the number of ranks.
    map_by_all
        Whether MAP divides by all items held back, instead of by at most the cut-off.
    """
    ranks = np.arange(1, hits.shape[1] + 1)
    found = hits.cumsum(axis=1)
    discount = 1.0 / np.log2(ranks + 1)
    gain, ideal = (hits * discount).cumsum(axis=1), discount.cumsum()
    exactness = (hits * found / ranks).cumsum(axis=1)
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, np.inf)
    figures: Figures = {}
    for k in cutoffs:
        count = found[:, k - 1].astype(np.float64)
        possible = np.minimum(relevant, k)
        figures[f"ndcg@{k}"] = gain[:, k - 1] / ideal[possible - 1]
        figures[f"recall@{k}"] = count / relevant
        figures[f"precision@{k}"] = count / k
        figures[f"map@{k}"] = exactness[:, k - 1] / (relevant if map_by_all else possible)
        figures[f"mrr@{k}"] = np.where(first <= k, 1.0 / first, 0.0)
        figures[f"hit@{k}"] = (count > 0).astype(np.float64)
    return figures


def find_hits(lists: Lists, keys: NDArray[np.int64], items: int) -> NDArray[np.bool_]:
    """Where lists hold one of the pairs of `pair_keys`, shape (people, ranks); ``items`` is how many there are."""
    wanted = distinct(keys)
    if len(wanted) == 0:
        return np.zeros(lists.items.shape, np.bool_)
    asked = lists.users[:, None].astype(np.int64) * items + lists.items
    place = np.minimum(np.searchsorted(wanted, asked), len(wanted) - 1)
    hits: NDArray[np.bool_] = (wanted[place] == asked) & (lists.items >= 0)
    return hits
