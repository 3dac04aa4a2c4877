"""Rows of item-to-item similarities by any metric, from whole sums over the people that two items share."""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.correlations import correlation
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, Interactions

COSINE, ADJUSTED, PEARSON, JACCARD = range(4)
PLAIN, TFIDF, BM25 = range(3)
FINE = 64
"""Weights after a weighting are whole numbers of 1 / FINE, so that sums are exact in any order."""
CATALOGUE = 10_000.0
"""The number of items in the idf of a person: fixed, as one that grows would change every weight with every new item."""
BM25_K1, BM25_B, BM25_LENGTH = 1.2, 0.75, 100.0
"""Robertson & Zaragoza (2009); the average length is fixed for the same reason."""


class Metric(NamedTuple):
    """How alike two items are."""

    metric: int  # COSINE, ADJUSTED, PEARSON or JACCARD
    weighting: int  # PLAIN, TFIDF or BM25
    asymmetry: float  # alpha in n_i^alpha n_j^(1 - alpha); 0.5: the cosine
    shrinkage: float


@part(error_model="numpy")
def weigh(metric: Metric, weight: int, count: int, total: int) -> int:
    """What a weight of 1/16 counts for a person with so many preferences that add up to a total."""
    if metric.metric == JACCARD:
        return int(weight != 0)
    if metric.metric == ADJUSTED:
        return int(np.rint(FINE * (weight - total / count) / 16.0))
    strength = weight / 16.0
    if metric.weighting == TFIDF:
        strength = np.sign(strength) * sqrt(abs(strength)) * max(log(CATALOGUE / (1.0 + count)), 0.1)
    elif metric.weighting == BM25:
        length = BM25_K1 * (1.0 - BM25_B + BM25_B * count / BM25_LENGTH)
        strength = strength * (BM25_K1 + 1.0) / (abs(strength) + length)
    else:
        return weight
    return int(np.rint(FINE * strength))


@part()
def _person(x: Interactions, user: int) -> tuple[int, int]:
    """How many preferences other than 0 a person has, and their sum."""
    count, total, first = 0, 0, x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        count += int(x.weight[r] != 0)
        total += int(x.weight[r])
    return count, total


@kernel()
def measure_norms(x: Interactions, metric: Metric) -> NDArray[np.int64]:
    """n_i = sum_u z_ui^2 of all items, z being the weights after weighting; shape (I,)."""
    norms = np.zeros(len(x.item_start), np.int64)
    for user in range(x.used[PEOPLE]):
        count, total = _person(x, user)
        first = x.person_start[user]
        for r in range(first, first + x.person_length[user]):
            if x.weight[r] != 0:
                z = weigh(metric, x.weight[r], count, total)
                norms[x.item[r]] += z * z
    return norms


@part(error_model="numpy")
def _similarity(metric: Metric, sums: NDArray[np.int64], norm: int, other_norm: int) -> float:
    """From n, sum z_i, sum z_j, sum z_i^2, sum z_j^2 and sum z_i z_j over the people who have both."""
    n, product = sums[0], float(sums[5])
    if metric.metric == PEARSON:
        return float(correlation(n, (sums[1], sums[2]), (sums[3], sums[4]), sums[5]) * n / (n + metric.shrinkage))
    if metric.metric == ADJUSTED:
        root = sqrt(float(sums[3])) * sqrt(float(sums[4]))
        return product / root * n / (n + metric.shrinkage) if root > 0.0 else 0.0
    if metric.metric == JACCARD:
        return float(n / (norm + other_norm - n + metric.shrinkage))
    root = float(norm) ** metric.asymmetry * float(other_norm) ** (1.0 - metric.asymmetry)
    return product / (root + metric.shrinkage) if product != 0.0 else 0.0


@kernel()
def measure_row(
    x: Interactions,
    metric: Metric,
    norms: NDArray[np.int64],
    item: int,
    sums: NDArray[np.int64],
    row: NDArray[np.float64],
) -> None:
    """The similarities of one item with all others; ``sums`` (I, 6) is 0 before and after, ``row`` has shape (I,).

    Only people who have both items add to the sums, so a row changes with these people's preferences and, where the metric
    looks at them, with the norms.
    """
    start = x.item_start[item]
    for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
        user = x.person[p]
        count, total = _person(x, user)
        own = weigh(metric, int(x.posted[p]), count, total)
        first = x.person_start[user]
        for r in range(np.uint64(first), np.uint64(first + x.person_length[user])):
            if x.weight[r] == 0:
                continue
            theirs, met = weigh(metric, int(x.weight[r]), count, total), sums[np.uint32(x.item[r])]
            met[0] += 1
            met[1] += own
            met[2] += theirs
            met[3] += own * own
            met[4] += theirs * theirs
            met[5] += own * theirs
    for other in range(x.used[ITEMS]):
        row[other] = 0.0
        if sums[other, 0] > 0:
            if other != item:
                row[other] = _similarity(metric, sums[other], norms[item], norms[other])
            sums[other] = 0
