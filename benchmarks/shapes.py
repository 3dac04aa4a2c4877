"""Synthetic logs of the shape of MovieLens sets that may not be shipped, drawn from a seed.

How long people's histories are and how popular items are follow log-normal quantiles, fitted to the mean, the median and
the maximum of the real set; nothing else of the real set went in. Everybody and every item has one of 16 tastes, and three
of ten events keep to the person's own. Values have the real set's shares of stars. What comes out:

===========  =======  ======  ==========  =====================  ====================  =========================
shape        people   items   events      per person             per item              sum of squared lengths
                                          mean, median, most     mean, median, most
===========  =======  ======  ==========  =====================  ====================  =========================
ml1m-shape   6,040    3,706   1,000,209   166, 100, 2,175        270, 140, 3,183       4.2e8 (MovieLens: 3.9e8)
ml20m-shape  138,493  26,744  20,000,263  144, 67, 8,463         748, 40, 60,329       1.4e10
===========  =======  ======  ==========  =====================  ====================  =========================
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

TASTES = 16
_OWN = 0.3
"""The share of events that keep to the person's own taste."""


@dataclass(frozen=True)
class Shape:
    """The marginals of a set."""

    people: int
    items: int
    events: int
    per_person: tuple[float, int, int]
    """Median, minimum and maximum of the lengths of histories."""
    per_item: tuple[float, int, int]
    stars: tuple[float, ...]
    """The shares of the values step, 2 step, ... up to 5."""
    step: float


SHAPES = {
    "ml1m-shape": Shape(
        people=6_040,
        items=3_706,
        events=1_000_209,
        per_person=(96.0, 20, 2_314),
        per_item=(123.5, 1, 3_428),
        stars=(0.056, 0.107, 0.261, 0.349, 0.227),
        step=1.0,
    ),
    "ml20m-shape": Shape(
        people=138_493,
        items=26_744,
        events=20_000_263,
        per_person=(68.0, 20, 9_254),
        per_item=(18.0, 1, 67_310),
        stars=(0.012, 0.034, 0.014, 0.072, 0.044, 0.214, 0.110, 0.278, 0.077, 0.145),
        step=0.5,
    ),
}


def draw(shape: Shape, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Users, items and stars of all events, ordered by user, then item; no pair twice."""
    rng = np.random.default_rng(seed)
    lengths = rng.permutation(_quantiles(shape.people, shape.events, *shape.per_person))
    popularity = rng.permutation(_quantiles(shape.items, shape.events, *shape.per_item))
    rates, popularity = _rates(lengths, popularity)
    taste_of_item, taste_of_person = rng.integers(TASTES, size=shape.items), rng.integers(TASTES, size=shape.people)
    pairs = np.empty(0, np.int64)
    while len(pairs) < shape.events:
        missing = 1.02 - len(pairs) / shape.events
        user = np.repeat(np.arange(shape.people), rng.poisson(rates * missing))
        item = _items(rng, popularity, taste_of_item, taste_of_person[user])
        pairs = _distinct(np.concatenate([pairs, user * shape.items + item]))
    superfluous = np.zeros(len(pairs), np.bool_)
    superfluous[rng.permutation(len(pairs))[shape.events :]] = True
    pairs = pairs[~superfluous]
    stars = np.searchsorted(np.cumsum(shape.stars), rng.random(shape.events) * sum(shape.stars)).clip(
        0, len(shape.stars) - 1
    )
    user, item = np.divmod(pairs, shape.items)
    return user.astype(np.int32), item.astype(np.int32), (stars + 1) * shape.step


def _distinct(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different ones, ascending; np.unique takes ten times as long."""
    pairs.sort()
    distinct: NDArray[np.int64] = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])]
    return distinct


def figures(user: NDArray[Any], item: NDArray[Any]) -> dict[str, float]:
    """What a log is like: lengths, popularities, and sum n_u^2, the work of a product of its matrix with itself."""
    by_user, by_item = np.bincount(user), np.bincount(item)
    active = by_item[by_item > 0]
    return {
        "people": len(by_user),
        "items": len(by_item),
        "items_with_events": len(active),
        "events": len(user),
        "per_person_mean": float(by_user.mean()),
        "per_person_median": float(np.median(by_user)),
        "per_person_max": int(by_user.max()),
        "per_item_mean": float(by_item.mean()),
        "per_item_median": float(np.median(by_item)),
        "per_item_max": int(by_item.max()),
        "sum_of_squared_lengths": int((by_user.astype(np.int64) ** 2).sum()),
    }


def _quantiles(size: int, total: int, median: float, least: int, most: int) -> NDArray[np.float64]:
    """So many quantiles of a log-normal distribution with a median and a mean, clipped, then scaled to a total."""
    sigma = np.sqrt(2.0 * np.log(total / size / median))
    normal = np.array([NormalDist().inv_cdf((n + 0.5) / size) for n in range(size)])
    drawn: NDArray[np.float64] = np.clip(median * np.exp(sigma * normal), least, most)
    for _ in range(50):  # clipping loses mass, which goes where there is room
        drawn = np.clip(drawn * (total / drawn.sum()), least, most)
    return drawn


def _rates(lengths: NDArray[np.float64], popularity: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """How often to draw for each person, and with which chances each item, so that these lengths and popularities are
    left once pairs that were drawn twice are dropped."""
    rates, chances = lengths.copy(), popularity / popularity.sum()
    for _ in range(8):
        some = np.quantile(rates, (np.arange(64) + 0.5) / 64)
        chances *= popularity / (len(rates) * (1.0 - np.exp(-np.outer(chances, some))).mean(axis=1))
        chances /= chances.sum()
        sample = np.quantile(rates, np.linspace(0.0, 1.0, 257))
        left = (1.0 - np.exp(-np.outer(sample, chances))).sum(axis=1)
        rates *= lengths / np.interp(rates, sample, left)
    return rates, chances


def _items(
    rng: np.random.Generator, chances: NDArray[Any], taste: NDArray[Any], wanted: NDArray[Any]
) -> NDArray[np.int32]:
    """An item for each draw: of the wanted taste for some, of any for the others."""
    item = _drawn(rng, chances, 24, len(wanted))
    keeps = rng.random(len(wanted)) < _OWN
    for t in range(TASTES):
        rows, members = np.flatnonzero(keeps & (wanted == t)), np.flatnonzero(taste == t)
        item[rows] = members[_drawn(rng, chances[members], 20, len(rows))]
    return item


def _drawn(rng: np.random.Generator, chances: NDArray[Any], bits: int, size: int) -> NDArray[np.int32]:
    """So many draws from an urn of at least 2^bits lots, in which everybody has a lot."""
    lots = np.maximum(1, np.rint(chances / chances.sum() * (1 << bits))).astype(np.int64)
    urn = np.repeat(np.arange(len(chances), dtype=np.int32), lots)
    drawn: NDArray[np.int32] = urn[rng.integers(len(urn), size=size)]
    return drawn
