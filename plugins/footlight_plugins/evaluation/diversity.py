"""What rankings are like besides being right: coverage, novelty, diversity, popularity bias.

With p_i the number of training rows of item i and n the number of people with training rows:

- coverage: of the items that could have been answered, the share that is in at least one list; with the jackknife's interval
- novelty: the mean of log2(n / p_i) over a list (Zhou et al. 2010), with p_i at least 1
- popularity_lift: the mean p_i over a list, divided by the mean p_i over the person's own training rows, minus 1: 0 is as
  popular as what the person has met, above 0 is more popular (Abdollahpouri et al. 2020)
- exposure: how the places of the lists are shared out among the items by popularity, beside how the training rows are
- diversity: the mean of 1 - cos(i, j) over the pairs of a list (intra-list diversity, Smyth and McClave 2001), where an item
  is the set of its tags where the catalogue has tags, and otherwise the set of the people who have met it. Computed of at
  most 2,000 lists (fewer where that would take long, 100 at least), drawn with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation.accuracy import Figures
from footlight_plugins.evaluation.dataset import Dataset, Rows, distinct
from footlight_plugins.evaluation.intervals import Estimate, jackknife
from footlight_plugins.evaluation.lists import Lists

MOST_LISTS, LEAST_LISTS = 2_000, 100
MOST_MEMBERS = 200_000_000
"""Of how many lists the diversity is computed: so many, or fewer where their items' sets have more members than this."""


TENTHS = 10


@dataclass(frozen=True, slots=True)
class Exposure:
    """What share goes to each tenth of the items, the most popular tenth first; each adds up to 1."""

    places: tuple[float, ...]
    """Of the places in the lists."""
    rows: tuple[float, ...]
    """Of the training rows."""


@dataclass(frozen=True, slots=True)
class ItemSets:
    """A set for each item, as the rows of a sparse matrix."""

    start: NDArray[np.int64]
    """Shape (items + 1,)."""
    member: NDArray[np.int64]
    """Shape (entries,), no member twice in a set."""
    members: int


def coverage(lists: Lists, cutoffs: Sequence[int], candidates: NDArray[np.bool_]) -> dict[str, Estimate]:
    """The share of the candidates that occur, and its jackknife over people."""
    total, found = max(1, int(candidates.sum())), {}
    for k in cutoffs:
        items = lists.items[:, :k]
        counts = np.bincount(items[items >= 0], minlength=len(candidates))
        alone = ((counts[items] == 1) & (items >= 0)).sum(axis=1)  # items that only this list holds
        share = float(np.count_nonzero(counts)) / total
        found[f"coverage@{k}"] = jackknife(share, share - alone / total)
    return found


def popularity(lists: Lists, data: Dataset, train: Rows, cutoffs: Sequence[int]) -> Figures:
    """Novelty and popularity lift of each person's list; NaN for an empty one, or a person without training rows."""
    counts = np.bincount(data.item[train], minlength=data.items).astype(np.float64)
    people = len(distinct(data.user[train]))
    surprise = np.log2(people / np.maximum(counts, 1))
    own = _mean_by_person(data, train, counts)[lists.users]
    figures: Figures = {}
    for k in cutoffs:
        items = lists.items[:, :k]
        with np.errstate(invalid="ignore", divide="ignore"):
            length = (items >= 0).sum(axis=1)
            figures[f"novelty@{k}"] = np.where(items >= 0, surprise[items], 0.0).sum(axis=1) / length
            figures[f"popularity_lift@{k}"] = np.where(items >= 0, counts[items], 0.0).sum(axis=1) / length / own - 1
    return figures


def exposure(lists: Lists, data: Dataset, train: Rows, cutoff: int) -> Exposure:
    """Who is shown in the first places, by popularity in the training rows."""
    counts = np.bincount(data.item[train], minlength=data.items)
    tenth = np.empty(data.items, np.int64)
    tenth[np.argsort(-counts, kind="stable")] = np.arange(data.items) * TENTHS // data.items
    items = lists.items[:, :cutoff]
    shown = np.bincount(tenth[items[items >= 0]], minlength=TENTHS)
    learned = np.bincount(tenth, weights=counts, minlength=TENTHS)
    return Exposure(tuple((shown / max(1, shown.sum())).tolist()), tuple((learned / learned.sum()).tolist()))


def _mean_by_person(data: Dataset, rows: Rows, figure: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.bincount(data.user[rows], weights=figure[data.item[rows]], minlength=data.users)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = total / np.bincount(data.user[rows], minlength=data.users)
    return mean


def intra_list(lists: Lists, sets: ItemSets, cutoffs: Sequence[int]) -> Figures:
    """The intra-list diversity of some lists, at the cut-offs above 1; NaN for a list of fewer than two items."""
    chosen = _some(lists, sets)
    likeness = np.array([_likeness(row, sets) for row in lists.items[chosen]]).reshape(len(chosen), -1)
    figures: Figures = {}
    for k in (k for k in cutoffs if k > 1):
        length = (lists.items[chosen, :k] >= 0).sum(axis=1)
        pairs = length * (length - 1) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            figures[f"diversity@{k}"] = np.where(pairs > 0, 1 - likeness[:, k - 1] / pairs, np.nan)
    return figures


def _some(lists: Lists, sets: ItemSets) -> NDArray[np.int64]:
    """The lists to compute the diversity of, all of them where that is cheap."""
    order = np.random.default_rng(0).permutation(len(lists))[:MOST_LISTS]
    sizes = np.append(np.diff(sets.start), 0)  # the last one is that of -1, the end of a list
    cost = sizes[lists.items[order]].sum(axis=1).cumsum()
    return np.sort(order[: max(LEAST_LISTS, int(np.searchsorted(cost, MOST_MEMBERS)))])


def _likeness(items: NDArray[np.int32], sets: ItemSets) -> NDArray[np.float64]:
    """The sum of the cosines of all pairs among the first r items, shape (ranks,)."""
    total, found, together = 0.0, np.zeros(len(items)), np.zeros(sets.members)
    for rank, item in enumerate(items.tolist()):
        if item >= 0:
            members = sets.member[sets.start[item] : sets.start[item + 1]]
            weight = 1 / np.sqrt(max(1, len(members)))
            total += weight * float(together[members].sum())
            together[members] += weight
        found[rank] = total
    return found


def item_sets(data: Dataset, train: Rows) -> ItemSets:
    """Each item's tags where the catalogue has any, otherwise the people who have met it."""
    pairs = [(content.item, tag) for content in data.contents for tag in set(content.tags)]
    if not pairs:
        return _sets(data.item[train].astype(np.int64), data.user[train].astype(np.int64), data.items, data.users)
    names = {tag: number for number, tag in enumerate(sorted({tag for _, tag in pairs}))}
    items, tags = zip(*((item, names[tag]) for item, tag in pairs), strict=True)
    return _sets(np.array(items, np.int64), np.array(tags, np.int64), data.items, len(names))


def _sets(item: NDArray[np.int64], member: NDArray[np.int64], items: int, members: int) -> ItemSets:
    keys = distinct(item * members + member)
    start = np.searchsorted(keys, np.arange(items + 1, dtype=np.int64) * members)
    return ItemSets(start.astype(np.int64), keys % members, members)
