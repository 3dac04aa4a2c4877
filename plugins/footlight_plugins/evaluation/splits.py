"""Ways to hold rows back. Each is a pure function of a dataset, the rows to be split, and a seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation.dataset import Dataset, Rows, distinct, group_sizes, occurs, within_groups


@dataclass(frozen=True, slots=True)
class Split:
    """What an engine learns from and what it is asked for."""

    train: Rows
    test: Rows
    masked: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    """Rows that are neither: not learned from, and not to be answered (RecBole masks the validation rows so)."""
    candidates: NDArray[np.bool_] | None = None
    """Shape (items,): what may be answered; None: everything."""
    seed: int = 0


def all_rows(data: Dataset) -> Rows:
    """Every row."""
    return np.arange(len(data), dtype=np.int64)


def by_item(data: Dataset, rows: Rows, seed: int, share: float = 0.75) -> Split:
    """A share of each item's rows is learned from, rounded; the others are the test.

    The draw is that of ``python_stratified_split`` in Microsoft's recommenders (filter_by="item"): one number a row in
    the order of the file, from numpy's legacy generator, and the rows of an item in ascending order of their numbers.
    """
    draws = np.random.RandomState(seed).rand(len(rows))  # the published split is drawn with it
    order = np.lexsort((draws, data.item[rows]))
    keys = data.item[rows][order]
    learned = within_groups(keys) + 1 <= np.round(share * group_sizes(keys))
    return _parted(rows, order, learned, seed)


def by_user(data: Dataset, rows: Rows, seed: int, share: float = 0.2) -> Split:
    """A random share of each person's rows, rounded down, is the test; a person with one row keeps it."""
    order, place, size = _shuffled_by_user(data, rows, seed)
    return _parted(rows, order, place < size - np.floor(share * size + 1e-9).astype(np.int64), seed)


def three_ways(data: Dataset, rows: Rows, seed: int) -> tuple[Rows, Rows, Rows]:
    """RecBole's RO_RS 8:1:1 by person: the rows to learn from, those to validate with and those to test with.

    Sizes as RecBole has them: the two smaller parts are a tenth, rounded down, but one row where a tenth is less than one;
    while the person has more than one row to learn from.
    """
    order, place, size = _shuffled_by_user(data, rows, seed)
    tenth = np.floor(0.1 * size).astype(np.int64)
    test = tenth + ((tenth == 0) & (size > 1))
    valid = tenth + ((tenth == 0) & (size - test > 1))
    learned = size - test - valid
    part = (place >= learned).astype(np.int8) + (place >= learned + valid)
    ordered = rows[order]
    train, validation, tested = (np.sort(ordered[part == number]) for number in range(3))
    return train, validation, tested


def last_of_each(data: Dataset, rows: Rows, least: int = 3) -> Split:
    """The last row of everybody who has at least so many is the test. An item met before is no test: see `fresh`."""
    ordered = data.in_time(rows)
    keys = data.user[ordered]
    size = group_sizes(keys)
    last = (within_groups(keys) == size - 1) & (size >= least)
    return Split(np.sort(ordered[~last]), np.sort(ordered[last]))


def folds(rows: Rows, seed: int, count: int = 5) -> list[Split]:
    """Folds of rows as ``surprise.model_selection.KFold`` draws them."""
    order = rows.copy()
    np.random.RandomState(seed).shuffle(order)  # the published folds are drawn with it
    parts = np.array_split(order, count)
    return [Split(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i], seed=seed) for i in range(count)]


def new_items(data: Dataset, rows: Rows, seed: int, share: float = 0.1) -> Split:
    """A random share of the items that have rows is held out altogether, and ranked among itself."""
    known = distinct(data.item[rows])
    count = max(1, round(share * len(known)))
    candidates = np.zeros(data.items, np.bool_)
    candidates[np.random.default_rng(seed).choice(known, count, replace=False)] = True
    held = candidates[data.item[rows]]
    return Split(rows[~held], rows[held], candidates=candidates, seed=seed)


def new_people(data: Dataset, rows: Rows, seed: int, share: float = 0.1, known: int = 3) -> Split:
    """Of a random share of the people with enough rows, only the first few are known; the later ones are the test."""
    ordered = data.in_time(rows)
    keys = data.user[ordered]
    eligible = distinct(keys[group_sizes(keys) > known])
    count = min(len(eligible), max(1, round(share * len(eligible))))
    chosen = np.zeros(data.users, np.bool_)
    chosen[np.random.default_rng(seed).choice(eligible, count, replace=False)] = True
    tested = chosen[keys] & (within_groups(keys) >= known)
    return Split(np.sort(ordered[~tested]), np.sort(ordered[tested]), seed=seed)


def fresh(data: Dataset, split: Split) -> Split:
    """The split without test rows whose item the person has met already: they could not be answered."""
    met = np.concatenate([split.train, split.masked])
    known = occurs(pair_keys(data, split.test), pair_keys(data, met))
    return Split(split.train, split.test[~known], split.masked, split.candidates, split.seed)


def pair_keys(data: Dataset, rows: Rows) -> NDArray[np.int64]:
    """One whole number for each pair of a person and an item, shape (n,)."""
    return data.user[rows].astype(np.int64) * data.items + data.item[rows]


def _shuffled_by_user(data: Dataset, rows: Rows, seed: int) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    """An order that puts each person's rows together in random order; each row's place and the person's count in it."""
    order = np.random.default_rng(seed).permutation(len(rows))
    order = order[np.argsort(data.user[rows][order], kind="stable")]
    keys = data.user[rows][order]
    return order, within_groups(keys), group_sizes(keys)


def _parted(rows: Rows, order: Rows, learned: NDArray[np.bool_], seed: int) -> Split:
    """Rows parted by what is known of them in another order; each part in the order of the file."""
    mask = np.empty(len(rows), np.bool_)
    mask[order] = learned
    return Split(rows[mask], rows[~mask], seed=seed)
