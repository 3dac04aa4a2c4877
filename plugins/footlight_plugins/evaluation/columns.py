"""Which column of a ratings file is what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from footlight_plugins.evaluation.dataset import DataError

NAMES = {
    "user": ("user_id", "userid", "user", "session_id", "sessionid", "person"),
    "item": ("item_id", "itemid", "item", "movieid", "movie_id", "artist_id", "artistid", "product_id", "asin"),
    "value": ("rating", "value", "score", "stars"),
    "time": ("timestamp", "time", "datetime", "date"),
    "kind": ("kind",),
}
"""The names under which the columns go, in lower case. Others are passed over."""

_NO_RATING = 1e8
_TYPES = ("token", "token_seq", "float", "float_seq")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns stand, counted from 0."""

    delimiter: str
    """Empty: any white space."""
    count: int
    """How many cells a line has."""
    user: int
    item: int
    value: int | None = None
    time: int | None = None
    kind: int | None = None
    """What the person did, by the names of `EventKind` in lower case."""
    header: bool = True

    @property
    def places(self) -> dict[str, int]:
        """Where each column stands that is read."""
        found = {"user": self.user, "item": self.item, "value": self.value, "time": self.time, "kind": self.kind}
        return {name: place for name, place in found.items() if place is not None}


def layout_of(first: str, file: str) -> Layout:
    """Understand the first line of a file: a header with names, or a row of numbers without one.

    Rows without a header are person, item, rating, time, as those of MovieLens, or the first two or three of them. Two
    columns with blanks between them are the sequence files of SASRec.

    Raises
    ------
    DataError
        When a needed column is missing, or a name comes twice.
    """
    delimiter = _delimiter(first)
    cells = split(first, delimiter)
    if all(_is_number(cell) for cell in cells):
        if not 2 <= len(cells) <= 4:
            raise DataError(f"{file}, line 1: expected 2 to 4 columns where there is no header, got {len(cells)}")
        return _unnamed(cells, delimiter)
    return _named([plain_name(cell) for cell in cells], delimiter, file)


def _unnamed(cells: Sequence[str], delimiter: str) -> Layout:
    """By place; a third of three columns is a time where it is too large for a rating."""
    value = 2 if len(cells) > 2 else None
    time = 3 if len(cells) > 3 else None
    if len(cells) == 3 and float(cells[2]) > _NO_RATING:
        value, time = None, 2
    return Layout(delimiter, len(cells), 0, 1, value, time, header=False)


def _named(names: Sequence[str], delimiter: str, file: str) -> Layout:
    lower = [name.lower() for name in names]
    twice = sorted({name for name in lower if lower.count(name) > 1})
    if twice:
        raise DataError(f"{file}, line 1: expected each column once, {twice[0]!r} comes twice")
    place = {
        meaning: next((lower.index(alias) for alias in aliases if alias in lower), None)
        for meaning, aliases in NAMES.items()
    }
    user, item = place["user"], place["item"]
    if user is None or item is None:
        lacking = "user" if user is None else "item"
        wanted = " or ".join(NAMES[lacking][:3])
        raise DataError(f"{file}, line 1: expected a column {wanted}, there are {', '.join(names)[:200]}")
    return Layout(delimiter, len(names), user, item, place["value"], place["time"], place["kind"])


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line without quotes."""
    return line.split(delimiter) if delimiter else line.split()


def plain_name(cell: str) -> str:
    """A column's name without the type that atomic files put after it.

    >>> plain_name("user_id:token")
    'user_id'
    """
    name, _, kind = cell.strip().strip('"').rpartition(":")
    return name if kind in _TYPES else cell.strip().strip('"')


def _delimiter(line: str) -> str:
    for delimiter in ("::", "\t", ",", ";"):
        if delimiter in line:
            return delimiter
    return ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
