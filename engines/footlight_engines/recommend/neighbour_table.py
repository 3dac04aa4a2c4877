"""The neighbours of every item, kept exact while events come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import neighbour_updates as updates
from footlight_engines.kernels.addresses import addresses
from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.item_scores import BLOCK, Shelf
from footlight_engines.kernels.neighbour_reads import read_rows
from footlight_engines.kernels.neighbour_rows import BUCKETS, restore_bounds, restore_rows
from footlight_engines.kernels.neighbours import Rule, Scratch, Table
from footlight_engines.recommend.neighbour_training import fit_rows
from footlight_engines.recommend.preferences import Preferences, check_arrays, check_pointers
from footlight_plugins import Events, TrainingRun

_ARRAYS = {"neighbour_ptr": np.int64, "neighbour": np.int32, "overlap": np.int64, "complete": np.bool_}

_POPULAR = 8
"""An item is popular where its overlaps take so many times as long to sum up as a look at all items."""
_KEPT = 1
"""What is kept of popular items is so many numbers for each preference at most: a quarter of what that takes itself."""
GAINS = 64
"""So many items that are not listed have what they gained written down beside a row. More save rebuilding rows, and cost
memory where events come in."""
_ASKED = Shelf._fields.index("servable")
"""From here on the addresses of a shelf are those of a question's arrays."""
_BULK = 256
"""Fewer events are always followed one by one."""
_MOST = 1_000
"""The most items of a short list."""
_STEP, _ROW = 500, 10_000
"""What it costs to follow one event past one item of a history, and a row of a new table, in products of a new table."""


class NeighbourTable:
    """Candidates for the k neighbours of every item of some preferences, which it keeps up to date along with itself."""

    def __init__(self, rule: Rule, preferences: Preferences, spare: int, gains: int = GAINS) -> None:
        """Hold no items yet; ``spare`` is how many candidates a row keeps beyond k, ``gains`` how many gains of others."""
        self._rule = rule
        self._candidates = rule.k + spare
        self._preferences = preferences
        self._table = _table(0, self._candidates, gains)
        self._scratch = _scratch(0, 0, self._candidates)
        self._shelf = _shelf(preferences.data, self._table, np.empty(0, np.bool_), np.empty(0, np.int32))
        self._addresses = addresses(self._shelf)
        self._fresh = True
        self._put_off = 0

    @property
    def pending(self) -> int:
        """How many events were recorded without being carried into the rows; `settle` computes these anew."""
        return self._put_off

    def settle(self) -> None:
        """Compute all rows anew where events were put off."""
        if self._put_off:
            self.rebuild()

    def parts(self) -> tuple[Interactions, Table, Scratch]:
        """The arrays for the kernels, with room for all items."""
        x = self._preferences.data
        items, people = len(x.item_start), len(x.person_start)
        if items > len(self._table.length):
            self._table = _grown(self._table, items)
        if items > len(self._scratch.place) or people > len(self._scratch.fan):
            self._scratch = _scratch(people, items, self._candidates)
        return x, self._table, self._scratch

    def shelf(self, servable: NDArray[np.bool_], exclude: NDArray[np.int32]) -> NDArray[np.int64]:
        """The addresses of the arrays that scoring reads; made anew when one of them was.

        ``servable`` and ``exclude`` are those of the question, contiguous.
        """
        if self._put_off:
            self.settle()
        x, table, shelf = self._preferences.data, self._table, self._shelf
        if shelf.person_start is not x.person_start or shelf.neighbour is not table.neighbour:
            x, table, _ = self.parts()
            self._shelf = _shelf(x, table, servable, exclude)
            self._addresses = addresses(self._shelf)
        elif shelf.servable is not servable or shelf.exclude is not exclude:
            self._shelf = shelf._replace(servable=servable, exclude=exclude)
            self._addresses[_ASKED:] = addresses((servable, exclude))
        return self._addresses

    def read_short_list(self, size: int) -> None:
        """Bring the rows of the first items on the short list of the last question up to date."""
        self.read_rows(self._shelf.short_item[:size].copy())

    def read_history(self, user: int) -> None:
        """Bring the rows of everything that a person prefers up to date."""
        x, first = self._preferences.data, self._preferences.data.person_start[user]
        rows = slice(first, first + x.person_length[user])
        self.read_rows(x.item[rows][x.weight[rows] != 0])

    def read_rows(self, items: NDArray[np.int32]) -> None:
        """Bring the rows of some items up to date."""
        self.settle()
        read_rows(*self.parts(), items, self._rule)

    def rebuild(self, run: TrainingRun | None = None) -> None:
        """Compute all rows from the preferences, with one thread a core.

        Raises
        ------
        CallEnded
            When the run is stopping.
        """
        self._start_anew(self._popular_items())
        fit_rows(self._preferences.data, self._table, self._rule.shrinkage, run)
        self._fresh, self._put_off = True, 0

    def follow(self, events: Events) -> int:
        """Record events in the preferences and carry them into the table; return how many entries were touched.

        Where computing all rows anew is cheaper, as when a log is replayed, that is put off until a row is read.
        """
        if self._put_off or self._is_bulk(len(events)):
            recorded = self._preferences.record(events)
            self._put_off += recorded
            self._fresh = False
            return recorded
        columns = self._preferences.reserve(events)
        done = touched = 0
        while done < len(columns.user):
            x, table, scratch = self.parts()
            self._fresh = False
            done, more = updates.follow(x, table, scratch, columns, done, self._rule)
            touched += more
            if done < len(columns.user):
                self._preferences.make_room()
        return touched

    def forget(self, user: int) -> int:
        """Take a person out of the preferences and the table; return how many entries were touched."""
        if not self._preferences.has(user):
            return 0
        self._fresh = False
        if self._put_off:
            return self._preferences.forget(user)
        return int(updates.forget(*self.parts(), user, self._rule))

    def neighbours(self, item: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """An item's neighbours, best first, and their similarities."""
        if not 0 <= item < self._preferences.items:
            return np.empty(0, np.int32), np.empty(0, np.float64)
        self.read_rows(np.array([item], np.int32))
        _, table, _ = self.parts()
        size = table.eligible[item]
        return table.neighbour[item, :size].copy(), table.similarity[item, :size].copy()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The table as a new training makes it, packed; what was followed since the last one is trained anew for it.

        ``neighbour_ptr`` has shape (items + 1,), ``complete`` (items,), ``popular`` (D,), ``popular_overlap`` (D, items),
        the others (candidates,).
        """
        if not self._fresh:
            self.rebuild()
        items = self._preferences.items_with_records()
        lengths = self._table.length[:items]
        listed = np.arange(self._candidates) < lengths[:, None]
        return {
            "neighbour_ptr": np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]),
            "neighbour": self._table.neighbour[:items][listed],
            "overlap": self._table.overlap[:items][listed],
            "complete": self._table.complete[:items].copy(),
            "popular": self._popular(),
            "popular_overlap": self._table.popular_overlap[:, :items].copy(),
        }

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `arrays` gave for the preferences as they are now.

        Raises
        ------
        ValueError
            When it is not that.
        """
        check_arrays(arrays, _ARRAYS)
        first, neighbour, overlap = (arrays[name] for name in ("neighbour_ptr", "neighbour", "overlap"))
        items = self._preferences.items
        check_pointers(first, len(neighbour), "neighbour_ptr")
        if len(first) != items + 1 or len(arrays["complete"]) != items or len(overlap) != len(neighbour):
            raise ValueError("the arrays of the neighbours must fit the preferences")
        if np.diff(first).max(initial=0) > self._candidates or not _in_range(neighbour, items):
            raise ValueError("the array 'neighbour' must hold items, and not too many for each")
        self._start_anew(_popular_of(arrays, items))
        kept = arrays.get("popular_overlap", np.empty((0, items), np.int64))
        self._table.popular_overlap[:, :items] = kept
        self._table.complete[:items] = arrays["complete"]
        restore_rows(self._table, *(np.array(a) for a in (first, neighbour, overlap)))
        restore_bounds(self._table, items, self._rule.shrinkage)
        self._fresh, self._put_off = True, 0

    def _is_bulk(self, events: int) -> bool:
        """Whether it takes less to compute all rows anew than to follow so many events one by one."""
        if events < _BULK:
            return False
        lengths = self._preferences.data.person_length[: self._preferences.people].astype(np.int64)
        mean = int(lengths.sum()) // (int(np.count_nonzero(lengths)) + 1) + 1
        anew = int((lengths**2).sum()) + _ROW * self._preferences.items
        return events * mean * _STEP > anew

    def _popular(self) -> NDArray[np.int32]:
        """The popular items in the order of the rows that are kept of them."""
        popular = np.flatnonzero(self._table.popular >= 0)
        return popular[np.argsort(self._table.popular[popular])].astype(np.int32)

    def _popular_items(self) -> NDArray[np.int32]:
        """The items of which all overlaps are kept, the most popular last."""
        x, items = self._preferences.data, self._preferences.items
        people = x.item_length[:items].astype(np.int64)
        mean = int(people.sum()) // max(self._preferences.people, 1) + 1
        wanted = int(np.count_nonzero(people * mean > _POPULAR * items))
        size = min(wanted, _KEPT * int(people.sum()) // max(items, 1))
        return np.argsort(x.item_length, kind="stable")[len(x.item_length) - size :].astype(np.int32)

    def _start_anew(self, popular: NDArray[np.int32]) -> None:
        x = self._preferences.data
        self._table = _table(len(x.item_start), self._candidates, self._table.gainer.shape[1], len(popular))
        self._table.popular[popular] = np.arange(len(popular), dtype=np.int32)
        self._scratch = _scratch(len(x.person_start), len(x.item_start), self._candidates)
        self._table.root[:] = np.sqrt(x.item_square)


def _in_range(ordinals: NDArray[np.int32], size: int) -> bool:
    return bool(((ordinals >= 0) & (ordinals < size)).all())


def _grown(old: Table, items: int) -> Table:
    """The same table with room for more items."""
    new = _table(items, old.neighbour.shape[1], old.gainer.shape[1], len(old.popular_overlap))
    for name in Table._fields:
        target, source = getattr(new, name), getattr(old, name)
        target[tuple(map(slice, source.shape))] = source
    return new


def _popular_of(arrays: Mapping[str, NDArray[Any]], items: int) -> NDArray[np.int32]:
    """The popular items of a stored state; those of older versions have none."""
    popular = arrays.get("popular", np.empty(0, np.int32))
    kept = arrays.get("popular_overlap", np.empty((0, items), np.int64))
    if popular.dtype != np.int32 or kept.dtype != np.int64 or kept.shape != (len(popular), items):
        raise ValueError("the array 'popular_overlap' must have a row of whole numbers for each of 'popular'")
    if not _in_range(popular, items) or len(np.unique(popular)) != len(popular):
        raise ValueError("the array 'popular' must hold different items")
    return popular


def _table(items: int, candidates: int, gains: int, popular: int = 0) -> Table:
    """Rows without candidates, all complete. Entries beyond a row's length are never read, so they are left as they are."""
    return Table(
        neighbour=np.empty((items, candidates), np.int32),
        overlap=np.empty((items, candidates), np.int64),
        similarity=np.empty((items, candidates), np.float64),
        length=np.zeros(items, np.int32),
        eligible=np.zeros(items, np.int32),
        complete=np.ones(items, np.bool_),
        bound=np.zeros(items, np.float64),
        gainer=np.empty((items, gains), np.int32),
        gain=np.empty((items, gains), np.int64),
        gains=np.zeros(items, np.int32),
        last=np.full(items, -1, np.int32),
        slack_then=np.ones(items, np.float64),
        slack_read=np.ones(items, np.float64),
        read_at=np.zeros(items, np.int64),
        changed_at=np.zeros(items, np.int64),
        root=np.zeros(items, np.float64),
        slack=np.ones(1, np.float64),
        tick=np.ones(1, np.int64),
        popular=np.full(items, -1, np.int32),
        popular_overlap=np.zeros((popular, items), np.int64),
    )


def _shelf(x: Interactions, table: Table, servable: NDArray[np.bool_], exclude: NDArray[np.int32]) -> Shelf:
    items = len(table.length)
    read = {name: getattr(x, name) for name in ("person_start", "person_length", "item", "weight", "slot")}
    read |= {name: getattr(table, name) for name in ("neighbour", "similarity", "eligible", "read_at", "tick")}
    blocks = -(-items // BLOCK)
    total = np.zeros(blocks * BLOCK)
    return Shelf(
        **read,
        total=total,
        total_bits=total.view(np.int64),
        peak_bits=np.zeros(blocks, np.int64),
        found=np.empty(len(total) + 1, np.int32),
        found_bits=np.empty(len(total) + 1, np.int64),
        short_item=np.empty(_MOST, np.int32),
        short_score=np.empty(_MOST),
        servable=servable,
        exclude=exclude,
    )


def _scratch(people: int, items: int, candidates: int) -> Scratch:
    single = np.empty(items, np.float32)
    return Scratch(
        cell=np.zeros((items, 2), np.int64),
        fan=np.zeros(people, np.int32),
        touched=np.empty(items, np.int32),
        place=np.empty(items, np.int32),
        summed=np.zeros((items, 2), np.int64),
        score=np.empty(items, np.float64),
        single=single,
        bits=single.view(np.int32),
        frequency=np.empty(BUCKETS, np.int32),
        best_score=np.empty(candidates, np.float64),
        best_item=np.empty(candidates, np.int32),
        tick=np.zeros(1, np.int64),
    )
