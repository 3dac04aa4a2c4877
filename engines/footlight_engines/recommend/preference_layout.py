"""Lays preferences out in memory: from events in any order to rows by person and by item, on all cores."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import event_order as kernels
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, POSTINGS_USED, RECORDS_USED, Columns, Interactions
from footlight_engines.recommend.in_parallel import Range, even_parts, in_parallel, weighed_parts

_SPARE = 8
"""A pool has room for so many times what lies in it. Memory that was never touched is only an address, and moving
everything to a larger pool stalls whoever asks meanwhile: it is to happen once in a long while, not at every doubling."""
_SPARE_WHERE_MEMORY_IS_SCARCE = 2


def lay_out(events: Columns) -> Interactions:
    """The preferences that events in any order come to."""
    people, items = extent(events.user), extent(events.item)
    order, _ = _ordered(events.item, np.empty(0, _row_type(events)), items)
    order, ends = _ordered(events.user, order, people)
    first = np.concatenate([np.zeros(1, np.int64), ends])
    lengths, parts = np.zeros(people, np.int32), weighed_parts(ends)
    in_parallel(lambda n: kernels.keep_latest(events, order, first, parts[n], lengths), len(parts))
    return _lay_rows_out(events, order, first, lengths)


def lay_out_sorted(records: Columns, first: NDArray[np.int64]) -> Interactions:
    """The preferences of records by person, then item, each pair once; ``first`` (P + 1,) is where each person's begin."""
    order = np.arange(len(records.user), dtype=_row_type(records))
    return _lay_rows_out(records, order, first, np.diff(first).astype(np.int32))


def _row_type(events: Columns) -> Any:
    return np.int32 if len(events.user) < 2**31 else np.int64


def _lay_rows_out(
    events: Columns, order: NDArray[Any], first: NDArray[np.int64], lengths: NDArray[np.int32]
) -> Interactions:
    """Both sides from rows of events: a person's are the first in ``order`` from ``first[user]`` on, ascending by item."""
    people, items, parts = len(lengths), extent(events.item), weighed_parts(np.cumsum(lengths, dtype=np.int64))
    counts = np.zeros((len(parts), items), np.int64)
    x = roomy(people, items, lengths, np.zeros(items, np.int32))
    x.used[PEOPLE], x.used[ITEMS] = people, items
    x.person_length[:] = lengths
    x.used[RECORDS_USED] = lay_rows(x.person_start, x.person_room, lengths)
    in_parallel(lambda n: kernels.lay_people(x, events, order, first, parts[n]), len(parts))
    in_parallel(lambda n: kernels.count_posts(x, parts[n], counts[n]), len(parts))
    return _post(x, parts, counts)


def _post(x: Interactions, parts: list[Range], counts: NDArray[np.int64]) -> Interactions:
    """Fill the items' rows; ``counts`` (parts, I) says how many postings of each item each part of the people has."""
    x.item_length[:] = counts.sum(axis=0)
    x = _with_posting_pool(x)
    x.used[POSTINGS_USED] = lay_rows(x.item_start, x.item_room, x.item_length)
    places = np.cumsum(counts, axis=0) - counts
    in_parallel(lambda n: kernels.post_people(x, parts[n], places[n]), len(parts))
    shares = weighed_parts(np.cumsum(x.item_length, dtype=np.int64))
    in_parallel(lambda n: kernels.sum_items(x, shares[n]), len(shares))
    return x


def _ordered(key: NDArray[np.int32], order: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Rows ascending by ``key[row]`` (0 to size - 1), equals as in ``order``; and where the rows of each key end."""
    parts = even_parts(len(key))
    counts = np.zeros((len(parts), size), np.int64)
    in_parallel(lambda n: kernels.count_keys(key, order, parts[n], counts[n]), len(parts))
    ends = np.cumsum(counts.sum(axis=0))
    places = np.cumsum(counts, axis=0) - counts
    places += ends - counts.sum(axis=0)
    ordered = np.empty(len(key), order.dtype)
    in_parallel(lambda n: kernels.place_rows(key, order, parts[n], places[n], ordered), len(parts))
    return ordered, ends


def extent(ordinals: NDArray[np.int32]) -> int:
    """The first ordinal above all of them."""
    return int(ordinals.max(initial=-1)) + 1


def lay_rows(start: NDArray[np.int64], room: NDArray[np.int32], lengths: NDArray[np.int32]) -> int:
    """Lay rows one after the other; return where the last one ends."""
    room[:] = _rooms(lengths)
    ends = np.cumsum(room, dtype=np.int64)
    start[:] = ends - room
    return int(ends[-1]) if len(ends) else 0


def roomy(people: int, items: int, records: NDArray[np.int32], postings: NDArray[np.int32]) -> Interactions:
    """Rows and pools with room for rows of these lengths, and to spare."""
    try:
        return empty(people, items, _pool_size(records, _SPARE), _pool_size(postings, _SPARE))
    except MemoryError:
        spare = _SPARE_WHERE_MEMORY_IS_SCARCE
        return empty(people, items, _pool_size(records, spare), _pool_size(postings, spare))


def _with_posting_pool(x: Interactions) -> Interactions:
    """The same with a pool of postings that has room for rows of the lengths that are in it."""
    for spare in (_SPARE, _SPARE_WHERE_MEMORY_IS_SCARCE):
        size = _pool_size(x.item_length, spare)
        with suppress(MemoryError):
            return x._replace(person=np.zeros(size, np.int32), posted=np.zeros(size, np.int32))
    raise MemoryError("there is no memory for everybody's preferences")


def empty(people: int, items: int, records: int, postings: int) -> Interactions:
    """Rows and pools of these sizes, all zero."""
    return Interactions(
        person_start=np.zeros(people, np.int64),
        person_length=np.zeros(people, np.int32),
        person_room=np.zeros(people, np.int32),
        item=np.zeros(records, np.int32),
        weight=np.zeros(records, np.int32),
        time=np.zeros(records, np.int64),
        tie=np.zeros(records, np.int64),
        slot=np.zeros(records, np.int32),
        item_start=np.zeros(items, np.int64),
        item_length=np.zeros(items, np.int32),
        item_room=np.zeros(items, np.int32),
        person=np.zeros(postings, np.int32),
        posted=np.zeros(postings, np.int32),
        person_square=np.zeros(people, np.int64),
        item_square=np.zeros(items, np.int64),
        fans=np.zeros(items, np.int32),
        used=np.zeros(4, np.int64),
    )


def _rooms(lengths: NDArray[np.int32]) -> NDArray[np.int64]:
    """The room that packed rows get: a quarter more than they need, and none where they are empty."""
    rooms = np.zeros(len(lengths), np.int64)
    np.add(lengths, (lengths >> 2) + 2, out=rooms, where=lengths > 0)
    return rooms


def _pool_size(lengths: NDArray[np.int32], times: int) -> int:
    """Room for the rows, so many times, and for the longest one to move."""
    return times * int(_rooms(lengths).sum()) + 2 * int(lengths.max(initial=0)) + 64
