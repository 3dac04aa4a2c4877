"""Everyone's preferences, in memory: what the log says once every event that was overridden is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import interactions as kernels
from footlight_engines.kernels.event_order import weigh
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, POSTINGS_USED, RECORDS_USED, Columns
from footlight_engines.recommend.in_parallel import even_parts, in_parallel
from footlight_engines.recommend.preference_layout import empty, extent, lay_out, lay_out_sorted, lay_rows, roomy
from footlight_plugins import EventKind, Events
from footlight_plugins.data import PREFERENCES

WEIGHT_ONE = 16
"""Weights are whole numbers: preferences are rounded to the nearest 1/16, halves to even. So sums are exact in any order."""
_RETRACTED = np.iinfo(np.int32).min
"""The weight of a retracted preference in a stored state."""
_ARRAYS = {"person_ptr": np.int64, "item": np.int32, "weight": np.int32, "time": np.int64, "tie": np.int64}
_TOLD_OF_ROWS = ("person_length", "item_length", "person_square", "item_square", "fans")
_LAID = ("person_start", "person_room", "item_start", "item_room")


class Preferences:
    """Preferences by person and by item, kept up to date event by event.

    Of one person and one item the preference or retraction that is latest by (time, tie) holds, whatever the order of
    arrival: retractions are kept, too. A preference of 0 (less than 1/32) says that the person has met the item; it
    counts as seen, and otherwise for nothing. Skips and impressions say nothing.
    """

    def __init__(self) -> None:
        """Hold nobody's."""
        self.data = empty(0, 0, 0, 0)

    @property
    def people(self) -> int:
        """The first ordinal that no person has had so far."""
        return int(self.data.used[PEOPLE])

    @property
    def items(self) -> int:
        """The first ordinal that no item has had so far."""
        return int(self.data.used[ITEMS])

    @property
    def item_capacity(self) -> int:
        """For how many items there is room."""
        return len(self.data.item_start)

    def items_with_records(self) -> int:
        """The first ordinal from which on no item has a record."""
        x = self.data
        rows = _entries(x.person_start[: self.people], x.person_length[: self.people])
        return extent(x.item[rows])

    def figures(self) -> dict[str, float]:
        """How many people with records, items and preferences other than 0 there are."""
        x = self.data
        people, posts = np.count_nonzero(x.person_length), x.item_length.sum()
        return {"people": float(people), "items": float(np.count_nonzero(x.item_length)), "preferences": float(posts)}

    def knows(self, user: int) -> bool:
        """Whether the person has a preference other than 0."""
        squares = self.data.person_square
        return 0 <= user < len(squares) and squares.item(user) > 0

    def has(self, user: int) -> bool:
        """Whether there is any record of the person."""
        return 0 <= user < self.people and bool(self.data.person_length[user] > 0)

    def met(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """What a person has met and not taken back: items, ascending, whole weights and times; each of shape (d,)."""
        x = self.data
        first = int(x.person_start[user]) if self.has(user) else 0
        rows = slice(first, first + int(x.person_length[user]) if self.has(user) else 0)
        held = x.slot[rows] != kernels.RETRACTED
        return x.item[rows][held], x.weight[rows][held], x.time[rows][held]

    def replace(self, events: Events) -> None:
        """Hold the events' preferences and no others."""
        self.data = lay_out(preference_columns(events))

    def record(self, events: Events) -> int:
        """Follow further events; return how many there were that say something."""
        columns, done = self.reserve(events), 0
        while done < len(columns.user):
            done = kernels.record_all(self.data, columns, done)
            if done < len(columns.user):
                self.make_room()
        return len(columns.user)

    def forget(self, user: int) -> int:
        """Take a person out, retractions as well; return how many records they had."""
        if not self.has(user):
            return 0
        records = int(self.data.person_length[user])
        kernels.forget_row(self.data, user)
        return records

    def reserve(self, events: Events) -> Columns:
        """Make room for the events' people and items, and give their columns."""
        columns = preference_columns(events)
        x = self.data
        people, items = max(self.people, extent(columns.user)), max(self.items, extent(columns.item))
        if people > len(x.person_start) or items > len(x.item_start):
            self._widen(people + people // 2 + 16, items + items // 2 + 16)
        self.data.used[PEOPLE], self.data.used[ITEMS] = people, items
        return columns

    def make_room(self) -> None:
        """Pack both pools and leave much more room in them."""
        self._repack(len(self.data.person_start), len(self.data.item_start))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The preferences as compact arrays, by person, then item: the same for every order in which the events came.

        ``person_ptr`` has shape (people + 1,), the others (records,); the weight of a retracted one is the least int32.
        """
        x, people = self.data, self._people_with_records()
        lengths = x.person_length[:people]
        rows = _entries(x.person_start[:people], lengths)
        weight = np.where(x.slot[rows] == kernels.RETRACTED, np.int32(_RETRACTED), x.weight[rows])
        first = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        return {"person_ptr": first, "item": x.item[rows], "weight": weight, "time": x.time[rows], "tie": x.tie[rows]}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `arrays` gave.

        Raises
        ------
        ValueError
            When it is not that.
        """
        check_arrays(arrays, _ARRAYS)
        first, item, weight = arrays["person_ptr"], arrays["item"], arrays["weight"]
        check_pointers(first, len(item), "person_ptr")
        if any(len(arrays[name]) != len(item) for name in ("weight", "time", "tie")):
            raise ValueError("the arrays item, weight, time and tie must have one length")
        ascending = np.diff(item) > 0
        ascending[first[(first > 0) & (first < len(item))] - 1] = True  # between two people it may fall
        if not ascending.all() or item.min(initial=0) < 0:
            raise ValueError("the array 'item' must ascend within each person")
        user = np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))
        retracted = weight == _RETRACTED
        weight = np.where(retracted, np.int32(0), weight)
        records = Columns(user, np.array(item), weight, retracted, np.array(arrays["time"]), np.array(arrays["tie"]))
        self.data = lay_out_sorted(records, np.array(first))

    def _people_with_records(self) -> int:
        with_records = np.flatnonzero(self.data.person_length[: self.people])
        return int(with_records[-1]) + 1 if len(with_records) else 0

    def _widen(self, people: int, items: int) -> None:
        """Make room for so many people and items; the pools stay where they are."""
        old, new = self.data, empty(people, items, 0, 0)
        for name in (*_TOLD_OF_ROWS, *_LAID):
            getattr(new, name)[: len(getattr(old, name))] = getattr(old, name)
        rows = {name: getattr(new, name) for name in (*_TOLD_OF_ROWS, *_LAID)}
        self.data = old._replace(**rows)

    def _repack(self, people: int, items: int) -> None:
        """Move everything into new pools with capacity for so many people and items."""
        old = self.data
        new = roomy(people, items, old.person_length, old.item_length)
        for name in _TOLD_OF_ROWS:
            getattr(new, name)[: len(getattr(old, name))] = getattr(old, name)
        new.used[:] = old.used
        new.used[RECORDS_USED] = lay_rows(new.person_start, new.person_room, new.person_length)
        new.used[POSTINGS_USED] = lay_rows(new.item_start, new.item_room, new.item_length)
        kernels.spread_rows(old, new)
        kernels.spread_postings(old, new)
        self.data = new


def preference_columns(events: Events) -> Columns:
    """The events that say something, with whole weights.

    Raises
    ------
    ValueError
        When an ordinal is below 0 or a value is not finite or beyond 1,000.
    """
    retracted = events.kind == EventKind.RETRACTION
    telling = retracted | np.isin(events.kind, np.array(PREFERENCES, np.int8))
    rows = events if telling.all() else events.take(telling)
    retracted = retracted[telling]
    for name in ("user", "item"):
        if getattr(rows, name).min(initial=0) < 0:
            raise ValueError(f"the events' {name} must be 0 or more")
    weight = _whole_weights(rows.value, retracted)
    user, item = (_for_kernels(column, np.int32) for column in (rows.user, rows.item))
    time, tie = (_for_kernels(column, np.int64) for column in (rows.time, rows.tie))
    return Columns(user, item, weight, _for_kernels(retracted, np.bool_), time, tie)


def _whole_weights(values: NDArray[np.float64], retracted: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Values in units of 1 / `WEIGHT_ONE`, 0 where retracted."""
    value, taken = _for_kernels(values, np.float64), _for_kernels(retracted, np.bool_)
    weight, parts = np.empty(len(value), np.int32), even_parts(len(value))
    if not all(in_parallel(lambda n: weigh(value, taken, WEIGHT_ONE, parts[n], weight), len(parts))):
        raise ValueError("the events' value must be between -1,000 and 1,000")
    return weight


def _for_kernels(column: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """The column as kernels are compiled for it; a copy only where it is not so already."""
    return np.require(column, dtype, ["C", "W"])


def check_arrays(arrays: Mapping[str, NDArray[Any]], wanted: Mapping[str, Any]) -> None:
    """Raise ValueError unless all arrays are there, one-dimensional and of their types."""
    for name, dtype in wanted.items():
        array = arrays.get(name)
        if array is None or array.ndim != 1 or array.dtype != dtype:
            raise ValueError(f"the state must have a one-dimensional array {name!r} of {np.dtype(dtype).name}")


def check_pointers(first: NDArray[np.int64], size: int, name: str) -> None:
    """Raise ValueError unless they ascend from 0 to the size."""
    if len(first) == 0 or first[0] != 0 or first[-1] != size or (np.diff(first) < 0).any():
        raise ValueError(f"the array {name!r} must ascend from 0 to {size}")


def _entries(start: NDArray[np.int64], lengths: NDArray[np.int32]) -> NDArray[np.int64]:
    """The places in the pool of all entries of rows, row after row."""
    before = np.cumsum(lengths, dtype=np.int64) - lengths
    entries = np.arange(int(lengths.sum()), dtype=np.int64)
    entries += np.repeat(start - before, lengths)
    return entries
