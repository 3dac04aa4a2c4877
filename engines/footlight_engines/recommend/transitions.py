"""The counts of what comes near what in people's histories, kept up to date along with the preferences."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import sequences as kernels
from footlight_engines.kernels.sequences import Counts, Order
from footlight_engines.recommend.preferences import Preferences

_ONE = 256
"""The weight of a pair of neighbours: weights are whole numbers of 1/256."""
_CHUNKS = 64

Report = Callable[[float, int, Mapping[str, float]], None]


class Transitions:
    """Counts of pairs up to some places apart.

    An item whose counts would touch every other one on average (n_i times gaps at least the number of items) keeps a row
    of them, made when it is first needed: 4 bytes for each item of the catalogue. All other items are counted from the
    histories of those who like them whenever they are asked for, which costs no more than reading a row.
    """

    def __init__(self, preferences: Preferences, gaps: int, decay: float, backward: float) -> None:
        """Hold no histories yet."""
        weights = np.arange(1, gaps + 1, dtype=np.float64) ** -decay
        forward, back = (np.concatenate([[0.0], _ONE * factor * weights]) for factor in (1.0, backward))
        self._preferences, self._gaps = preferences, gaps
        self._forward, self._backward = np.rint(forward).astype(np.int32), np.rint(back).astype(np.int32)
        self._clear()

    def rebuild(self, report: Report | None = None) -> int:
        """Read all histories anew and count the rows of popular items; return how many those are."""
        x, people = self._preferences.data, self._preferences.people
        self._clear()
        self._order = _laid_out(x.person_length)
        kernels.put_all(x, self._order, people)
        self._make_room()
        heavy = np.flatnonzero(self._is_heavy(np.arange(self._preferences.items))).astype(np.int32)
        self._give_slots(heavy)
        chunks = [chunk for chunk in np.array_split(heavy, _CHUNKS) if len(chunk)]
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
            counting = (pool.submit(kernels.count_slots, x, self._order, self._counts, chunk) for chunk in chunks)
            for done, future in enumerate(list(counting), 1):
                future.result()
                if report is not None:
                    report(done / len(chunks), done, {})
        return len(heavy)

    def follow(self, users: NDArray[np.int32]) -> int:
        """Carry the changed histories of some people into the counts; return how many pairs were counted."""
        self._make_room()
        done = 0
        for user in users[users < self._preferences.people].tolist():
            likes = kernels.likes_in_order(self._preferences.data, user)
            done += kernels.follow_change(self._order, self._counts, user, likes)
            if not kernels.has_room(self._order, user, len(likes)):
                self._order = _repacked(self._order, len(likes))
            kernels.put_row(self._order, user, likes)
        return done

    def read(self, recent: NDArray[np.int32], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of weight * sqrt(count) over some items, in units of 1/16, for all others: shape (items,)."""
        self._prepare(recent)
        scores = np.zeros(len(self._counts.slot))
        kernels.read_out(self._preferences.data, self._order, self._counts, recent, weight, self._spare, scores)
        return scores[: len(self._preferences.data.fans)]

    def parts(
        self, recent: NDArray[np.int32], weight: NDArray[np.float64], items: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """What each of the recent items adds in `read`, shape (items, recent)."""
        self._prepare(recent)
        parts = np.zeros((len(items), len(recent)))
        x = self._preferences.data
        kernels.read_parts(x, self._order, self._counts, recent, weight, self._spare, items, parts)
        return parts

    def _clear(self) -> None:
        self._order = _laid_out(np.empty(0, np.int32))
        self._counts = Counts(np.empty(0, np.int32), np.zeros((0, 0), np.int32), self._forward, self._backward)
        self._spare = np.zeros((2, 0), np.int32)
        self._slots = 0

    def _is_heavy(self, items: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._preferences.data.fans[items].astype(np.int64) * self._gaps >= self._preferences.items

    def _prepare(self, recent: NDArray[np.int32]) -> None:
        """Count the rows of the items that should have one and do not."""
        self._make_room()
        new = recent[(self._counts.slot[recent] < 0) & self._is_heavy(recent)]
        if len(new):
            self._give_slots(new)
            kernels.count_slots(self._preferences.data, self._order, self._counts, new)

    def _give_slots(self, items: NDArray[np.int32]) -> None:
        counts, needed = self._counts, self._slots + len(items)
        if needed > len(counts.row):
            rows = np.zeros((needed + self._slots // 4, counts.row.shape[1]), np.int32)
            rows[: self._slots] = counts.row[: self._slots]
            self._counts = counts = counts._replace(row=rows)
        counts.slot[items] = np.arange(self._slots, needed)
        self._slots = needed

    def _make_room(self) -> None:
        """For all people and items that the preferences have room for."""
        x, order, counts = self._preferences.data, self._order, self._counts
        if (more := len(x.person_start) - len(order.start)) > 0:
            self._order = order._replace(
                start=np.pad(order.start, (0, more)),
                length=np.pad(order.length, (0, more)),
                room=np.pad(order.room, (0, more)),
            )
        if (more := len(x.item_start) - len(counts.slot)) > 0:
            slot = np.concatenate([counts.slot, np.full(more, -1, np.int32)])
            self._counts = counts._replace(slot=slot, row=np.pad(counts.row, ((0, 0), (0, more))))
            self._spare = np.zeros((2, len(slot)), np.int32)


def _laid_out(rooms: NDArray[np.int32]) -> Order:
    """Empty rows, one after the other, with a quarter of the whole to spare."""
    ends = np.cumsum(rooms, dtype=np.int64)
    size = int(ends[-1]) if len(ends) else 0
    pool = size + size // 4 + 64
    return Order(
        start=ends - rooms,
        length=np.zeros(len(rooms), np.int32),
        room=rooms.copy(),
        item=np.zeros(pool, np.int32),
        known=np.zeros(pool, np.int32),
        place=np.zeros(pool, np.int32),
        used=np.array([size], np.int64),
    )


def _repacked(order: Order, more: int) -> Order:
    """The same rows in a pool with room for as much again, and for a row of so many items to move to."""
    rooms = np.where(order.length > 0, order.length + (order.length >> 2) + 2, 0).astype(np.int32)
    new = _laid_out(rooms)
    spare = int(new.used[0]) + 2 * more + 64
    new = new._replace(**{name: np.pad(getattr(new, name), (0, spare)) for name in ("item", "known", "place")})
    lengths = order.length.astype(np.int64)
    before = np.cumsum(lengths) - lengths
    entry = np.arange(int(lengths.sum()))
    source, target = (entry + np.repeat(one.start - before, lengths) for one in (order, new))
    for name in ("item", "known", "place"):
        getattr(new, name)[target] = getattr(order, name)[source]
    new.length[:] = order.length
    return new
