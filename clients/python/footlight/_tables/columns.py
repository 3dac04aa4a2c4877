"""Which column of a file is what."""

from __future__ import annotations

from dataclasses import dataclass, field

from footlight._tables.errors import BadCell, shown
from footlight._tables.files import is_typed

# The names under which the fields go in plain files, in MovieLens and in atomic files.
_ITEM_NAMES = {
    "item_id": ("item_id", "movieid", "itemid", "item"),
    "title": ("title", "movie_title", "name"),
    "kind": ("kind",),
    "tags": ("tags", "genres", "genre", "class", "categories"),
    "available_from": ("available_from",),
    "available_until": ("available_until",),
}
_EVENT_NAMES = {
    "user_id": ("user_id", "userid", "user"),
    "item_id": ("item_id", "movieid", "itemid", "item"),
    "value": ("value", "rating"),
    "kind": ("kind",),
    "time": ("time", "timestamp"),
    "event_id": ("event_id",),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of a file, understood.

    Attributes:
        count: how many columns there are.
        place: where each field stands, counted from 0.
        names: the header's own names, for errors and attributes, without their types.
        others: where the columns stand that are no field.
        films: whether the header says that the items are films, as those of MovieLens do.
        typed: whether the header says types, as that of an atomic file does.
        numbers: the columns that hold numbers, where the header says so.
    """

    count: int
    place: dict[str, int]
    names: list[str]
    others: tuple[int, ...]
    films: bool = False
    typed: bool = False
    numbers: frozenset[int] = frozenset()
    ignored: tuple[str, ...] = field(default=())

    def name(self, field: str) -> str:
        """What the file calls a field."""
        return self.names[self.place[field]] if field in self.place else field

    @property
    def tag_separator(self) -> str:
        """What stands between tags."""
        return " " if self.typed else "|"

    @property
    def item_name(self) -> str:
        """What the file calls the item's id."""
        return self.name("item_id")

    @property
    def key_name(self) -> str:
        """The column that must not repeat: the item's id, or the event's where there is one."""
        return "line" if "user_id" in self.place and "event_id" not in self.place else self.name(self._key_field)

    @property
    def _key_field(self) -> str:
        return "event_id" if "event_id" in self.place else "item_id"


def item_columns(header: list[str]) -> Columns:
    """Raises BadCell for a header without the item's id, or with a name twice."""
    return _columns(header, _ITEM_NAMES, ("item_id",))


def event_columns(header: list[str]) -> Columns:
    """Raises BadCell for a header without the ids of user and item, or with a name twice."""
    columns = _columns(header, _EVENT_NAMES, ("user_id", "item_id"))
    ignored = tuple(columns.names[index] for index in columns.others)
    return Columns(columns.count, columns.place, columns.names, (), columns.films, ignored=ignored)


def _columns(header: list[str], known: dict[str, tuple[str, ...]], required: tuple[str, ...]) -> Columns:
    typed = is_typed(header[0])
    names = [name.strip().rpartition(":")[0] if is_typed(name) else name.strip() for name in header]
    _check_names(names)
    place = _places(names, known)
    for wanted in required:
        if wanted not in place:
            raise BadCell("header", f"expected a column {wanted}, there are {shown(', '.join(names))}")
    return Columns(
        count=len(names),
        place=place,
        names=names,
        others=tuple(index for index in range(len(names)) if index not in place.values()),
        films="movieId" in names or "movie_title" in names,
        typed=typed,
        numbers=frozenset(index for index, name in enumerate(header) if typed and name.strip().endswith(":float")),
    )


def _places(names: list[str], known: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Where each field stands; of several names that mean a field, the first in the list of names holds."""
    lower = [name.lower() for name in names]
    return {
        meaning: next(lower.index(alias) for alias in aliases if alias in lower)
        for meaning, aliases in known.items()
        if any(alias in lower for alias in aliases)
    }


def _check_names(names: list[str]) -> None:
    for index, name in enumerate(names):
        if not name or not name.isprintable():
            raise BadCell("header", f"expected printable names of columns, got {shown(name)}")
        if name in names[:index]:
            raise BadCell("header", f"expected each column once, {shown(name)} comes twice")
