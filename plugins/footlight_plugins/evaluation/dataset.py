"""A ratings file in memory: who met what, in which order, and what the catalogue says of the items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import EventKind, Events, ItemContent

Rows = NDArray[np.int64]
"""Indices of rows of a `Dataset`, shape (n,)."""

Values = Literal["keep", "binary"]
"""How a row becomes an event: a RATING with the file's value, or a PLAY with value 1."""


class DataError(ValueError):
    """A file cannot be used; the message names the file, the line where there is one, and what was expected."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Interactions as columns in the order of the file, each of shape (n,). People and items are ordinals from 0 on."""

    name: str
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    value: NDArray[np.float64] | None
    """The ratings; None where the file has none."""
    time: NDArray[np.int64] | None
    """Microseconds since 1970; None where the file has none: its rows are in the order of time then."""
    users: int
    items: int
    test: NDArray[np.bool_] | None = None
    """True for the rows of the test part, where the file is split already."""
    contents: tuple[ItemContent, ...] = ()
    """What the catalogue beside the file says of the items that it has."""
    item_names: tuple[str, ...] = ()
    """The file's own names by ordinal."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Where it came from: file and sha256."""

    def __len__(self) -> int:
        return len(self.user)

    def counts(self) -> dict[str, Any]:
        """Sizes and origin, as JSON can hold them."""
        return {
            "name": self.name,
            **self.facts,
            "people": self.users,
            "items": self.items,
            "rows": len(self),
            "ratings": self.value is not None,
            "times": self.time is not None,
            "described_items": len(self.contents),
        }

    def events(self, rows: Rows, values: Values) -> Events:
        """Rows as what an engine gets.

        Where the file has no times, a row's time is its place in the person's history, in seconds: nothing ages then
        that ages by days.
        """
        keep = values == "keep" and self.value is not None
        time = places(self.user) * 1_000_000 if self.time is None else self.time
        return Events(
            user=self.user[rows],
            item=self.item[rows],
            kind=np.full(len(rows), EventKind.RATING if keep else EventKind.PLAY, np.int8),
            value=self.value[rows] if keep and self.value is not None else np.ones(len(rows)),
            time=time[rows],
            tie=rows.astype(np.int64),
        )

    def in_time(self, rows: Rows) -> Rows:
        """The rows ordered by person, then time, then place in the file."""
        if self.time is None:
            return rows[np.argsort(self.user[rows], kind="stable")]
        return rows[np.lexsort((rows, self.time[rows], self.user[rows]))]


def places(user: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many rows of the same person come before each row, shape (n,).

    >>> places(np.array([7, 3, 7, 7], np.int32)).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(user, kind="stable")
    found = np.empty(len(user), np.int64)
    found[order] = within_groups(user[order])
    return found


def within_groups(keys: NDArray[Any]) -> NDArray[np.int64]:
    """The place of each element in its run of equal neighbours, shape (n,).

    >>> within_groups(np.array([4, 4, 4, 9, 9])).tolist()
    [0, 1, 2, 0, 1]
    """
    n = len(keys)
    first = np.ones(n, np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, n))
    return np.arange(n, dtype=np.int64) - np.repeat(starts, sizes)


def group_sizes(keys: NDArray[Any]) -> NDArray[np.int64]:
    """The size of each element's run of equal neighbours, shape (n,).

    >>> group_sizes(np.array([4, 4, 4, 9, 9])).tolist()
    [3, 3, 3, 2, 2]
    """
    starts = np.flatnonzero(within_groups(keys) == 0)
    sizes = np.diff(np.append(starts, len(keys)))
    return np.repeat(sizes, sizes)


def distinct(keys: NDArray[Any]) -> NDArray[Any]:
    """The different elements, ascending: `numpy.unique` by sorting, several times as fast on long arrays."""
    ordered = np.sort(keys)
    found: NDArray[Any] = ordered[within_groups(ordered) == 0]
    return found


def occurs(keys: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which keys occur among others, shape (n,): `numpy.isin` for few keys among many others, which are not sorted."""
    wanted = distinct(keys)
    if len(wanted) == 0:
        return np.zeros(len(keys), np.bool_)
    place = np.minimum(np.searchsorted(wanted, among), len(wanted) - 1)
    found = np.zeros(len(wanted), np.bool_)
    found[place[wanted[place] == among]] = True
    return found[np.searchsorted(wanted, keys)]
