"""Which items have which kind, tag and attribute: columns of ordinals, made and changed in pieces.

A column holds the items that have something to say, in the order of their ordinals, so that an index takes room in
proportion to what the catalogue says, and a mask time in proportion to what it reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import ItemContent
from footlight_server.log.filtering import LONGEST_TEXT, Predicate, Scalar, sort_of

Mask: TypeAlias = NDArray[np.bool_]
MOST_BYTES = 32 << 20
"""At most about so much memory for masks that are kept."""


class Key(NamedTuple):
    """What a column is about."""

    sort: str
    """``kind``, ``tag``, ``number``, ``text`` or ``truth``."""
    name: str


_DTYPES: Mapping[str, Any] = {"kind": np.int8, "tag": np.int8, "number": np.float64, "text": np.int32, "truth": np.int8}


class Column:
    """The items that have something, and what: arrays of shape (n,), ordinals ascending."""

    def __init__(self, key: Key, number: int) -> None:
        self.key = key
        self.number = number
        """Counts the columns of an index."""
        self.ordinals: NDArray[np.int32] = np.empty(0, np.int32)
        self.values: NDArray[Any] = np.empty(0, _DTYPES[key.sort])

    def put(self, gone: Sequence[int], new: Sequence[int], values: Sequence[Any]) -> None:
        """Take items out, then put items in that are not there."""
        if gone:
            kept = ~np.isin(self.ordinals, np.array(gone, np.int32))
            self.ordinals, self.values = self.ordinals[kept], self.values[kept]
        if new:
            ordinals = np.concatenate([self.ordinals, np.array(new, np.int32)])
            joined = np.concatenate([self.values, np.array(values, self.values.dtype)])
            order = np.argsort(ordinals, kind="stable")
            self.ordinals, self.values = ordinals[order], joined[order]


class FacetIndex:
    """The columns of a catalogue."""

    def __init__(self) -> None:
        self._columns: dict[Key, Column] = {}
        self._of: dict[int, tuple[Column, ...]] = {}
        """The columns that an item is in."""
        self._codes: dict[str, int] = {}
        """The texts of attributes, by the order in which they were met."""
        self._masks: dict[Key | Predicate, Mask] = {}

    def put(self, contents: Sequence[ItemContent]) -> None:
        """Take over what is said of items, in place of what was said of them before. No item twice."""
        gone: dict[Column, list[int]] = defaultdict(list)
        new: dict[Column, tuple[list[int], list[Any]]] = defaultdict(lambda: ([], []))
        for content in contents:
            for column in self._of.pop(content.item, ()):
                gone[column].append(content.item)
            facts = [(self._column(key), value) for key, value in self._facts(content)]
            for column, value in facts:
                new[column][0].append(content.item)
                new[column][1].append(value)
            if facts:
                self._of[content.item] = tuple(column for column, _ in facts)
        for column in gone.keys() | new.keys():
            column.put(gone.get(column, ()), *new.get(column, ((), ())))
        self._masks.clear()

    def _facts(self, content: ItemContent) -> Iterator[tuple[Key, Any]]:
        if content.kind:
            yield Key("kind", content.kind), 1
        for tag in content.tags:
            yield Key("tag", tag), 1
        for name, value in content.attributes.items():
            if isinstance(value, str):
                if len(value.encode()) <= LONGEST_TEXT:
                    yield Key("text", name), self._codes.setdefault(value, len(self._codes))
            elif sort := sort_of(value):
                yield Key(sort, name), value

    def _column(self, key: Key) -> Column:
        if (column := self._columns.get(key)) is None:
            column = self._columns[key] = Column(key, len(self._columns))
        return column

    def sorts(self, name: str) -> list[str]:
        """Of which sorts an attribute's values are; empty where no item has it."""
        columns = (self._columns.get(Key(sort, name)) for sort in ("number", "text", "truth"))
        return [column.key.sort for column in columns if column is not None and len(column.ordinals)]

    @property
    def attributes(self) -> set[str]:
        """The attributes that can be filtered by."""
        held = (key for key, column in self._columns.items() if len(column.ordinals))
        return {key.name for key in held if key.sort not in ("kind", "tag")}

    def labels(self, item: int) -> list[int]:
        """The numbers of the item's kind and tags."""
        return [column.number for column in self._of.get(item, ()) if column.key.sort in ("kind", "tag")]

    def numbers(self, name: str, items: NDArray[np.int32]) -> NDArray[np.float64]:
        """Shape (n,) like the items: an attribute that is a number, NaN where an item has none of that name."""
        found = np.full(len(items), np.nan)
        column = self._columns.get(Key("number", name))
        if column is not None and len(column.ordinals):
            places = np.searchsorted(column.ordinals, items).clip(max=len(column.ordinals) - 1)
            there = column.ordinals[places] == items
            found[there] = column.values[places[there]]
        return found

    def having(self, key: Key, size: int) -> Mask:
        """Shape (size,): which items have a kind or a tag."""
        return self._kept(key, size) if key in self._columns else np.zeros(size, np.bool_)

    def satisfying(self, predicate: Predicate, size: int) -> Mask:
        """Shape (size,): which items' attributes are as they must be."""
        return self._kept(predicate, size)

    def _kept(self, what: Key | Predicate, size: int) -> Mask:
        """The mask, kept until the index changes. Its callers do not write to it."""
        mask = self._masks.get(what)
        if mask is None or len(mask) != size:
            mask = np.zeros(size, np.bool_)
            ordinals = self._columns[what].ordinals if isinstance(what, Key) else self._found(what)
            mask[ordinals[ordinals < size]] = True
            if len(self._masks) * size > MOST_BYTES:
                self._masks.clear()
            self._masks[what] = mask
        return mask

    def _found(self, predicate: Predicate) -> NDArray[np.int32]:
        column = self._columns.get(Key(predicate.sort, predicate.name))
        if column is None:
            return np.empty(0, np.int32)
        values = column.values
        if predicate.values:
            return column.ordinals[np.isin(values, self._coded(predicate.values))]
        above = values > predicate.low if predicate.open_low else values >= predicate.low
        below = values < predicate.high if predicate.open_high else values <= predicate.high
        return column.ordinals[above & below]

    def _coded(self, values: Sequence[Scalar]) -> list[Any]:
        return [self._codes.get(value, -1) if isinstance(value, str) else value for value in values]
