"""Reads what lies beside a ratings file about its items: titles, tags, attributes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from footlight_plugins.data import ItemContent
from footlight_plugins.evaluation.columns import NAMES, plain_name
from footlight_plugins.evaluation.dataset import DataError
from footlight_plugins.evaluation.exported import described_lines

_TITLE = ("title", "movie_title", "name")
_TAGS = ("tags", "genres", "genre", "class", "categories", "category")
_KIND = ("kind",)
_MOVIELENS_100K = (
    *(
        "unknown",
        "Action",
        "Adventure",
        "Animation",
        "Children's",
        "Comedy",
        "Crime",
        "Documentary",
        "Drama",
        "Fantasy",
    ),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The columns 5 to 23 of MovieLens 100K's ``u.item``."""


def catalogue_beside(path: Path) -> Path | None:
    """The file about the items that belongs to a ratings file, where there is one."""
    names = {
        "u.data": "u.item",
        "ratings.dat": "movies.dat",
        "ratings.csv": "movies.csv",
        "events.jsonl": "items.jsonl",
    }
    beside = [path.with_suffix(".item")] if path.suffix == ".inter" else []
    beside += [path.with_name(names.get(path.name, "items" + path.suffix))]
    return next((file for file in beside if file != path and file.is_file()), None)


def read_catalogue(path: Path, ordinals: Mapping[str, int]) -> tuple[ItemContent, ...]:
    """What the file says of the items that have an ordinal; others are passed over.

    Raises
    ------
    DataError
        When a line is malformed.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # MovieLens's older files
        text = content.decode("latin-1")
    known = {"u.item": _movielens_100k, "movies.dat": _movielens_1m, "items.jsonl": described_lines}
    read = known.get(path.name, _table)
    found: dict[int, ItemContent] = {}
    for name, title, kind, tags, attributes in read(path, text):
        if name in ordinals:
            ordinal = ordinals[name]
            found[ordinal] = ItemContent(ordinal, title, kind, tags, attributes)
    return tuple(found[ordinal] for ordinal in sorted(found))


Described = tuple[str, str, str, tuple[str, ...], dict[str, Any]]
"""Name, title, kind, tags and attributes of an item."""


def _movielens_100k(path: Path, text: str) -> Iterator[Described]:
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("|")
        if len(cells) != 24:
            raise DataError(f"{path}, line {number}: expected 24 columns, got {len(cells)}")
        tags = tuple(name for name, flag in zip(_MOVIELENS_100K, cells[5:], strict=True) if flag == "1")
        yield cells[0], cells[1], "", tags, {"released": cells[2]}


def _movielens_1m(path: Path, text: str) -> Iterator[Described]:
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("::")
        if len(cells) != 3:
            raise DataError(f"{path}, line {number}: expected 3 columns, got {len(cells)}")
        yield cells[0], cells[1], "", tuple(cells[2].split("|")), {}


def _table(path: Path, text: str) -> Iterator[Described]:
    """A file with a header: CSV, TSV or atomic."""
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    typed = ":token" in text.partition("\n")[0]
    lines = io.StringIO(text, newline="")
    quoting: Any = csv.QUOTE_NONE if typed else csv.QUOTE_MINIMAL
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting)
    header = next(reader, [])
    names = [plain_name(cell) for cell in header]
    places = {name.lower(): place for place, name in enumerate(names)}
    item = next((places[alias] for alias in NAMES["item"] if alias in places), None)
    if item is None:
        raise DataError(f"{path}, line 1: expected a column item_id, there are {', '.join(names)[:200]}")
    numbers = {place for place, cell in enumerate(header) if cell.strip().endswith(":float")}
    for cells in reader:
        if not any(cells):
            continue
        if len(cells) != len(names):
            raise DataError(f"{path}, line {reader.line_num}: expected {len(names)} columns, got {len(cells)}")
        yield _described(cells, names, item, (" " if typed else "|", numbers))


def _described(cells: list[str], names: list[str], item: int, form: tuple[str, set[int]]) -> Described:
    title, kind = ("", "")
    tags: tuple[str, ...] = ()
    attributes: dict[str, Any] = {}
    for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
        match name.lower():
            case _ if place == item or not cell.strip():
                continue
            case lower if lower in _TITLE:
                title = cell.strip()
            case lower if lower in _KIND:
                kind = cell.strip()
            case lower if lower in _TAGS:
                tags = tuple(dict.fromkeys(tag.strip() for tag in cell.split(form[0]) if tag.strip()))
            case _:
                attributes[name] = _number(cell) if place in form[1] else cell.strip()
    return cells[item].strip(), title, kind, tags, attributes


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell.strip()
