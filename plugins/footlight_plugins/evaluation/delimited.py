"""Reads ratings from text: CSV, TSV, RecBole's atomic files, MovieLens's files, SASRec's sequences.

Files of numbers go through numpy's reader, half a million lines a second. What it does not take is read line by line, so
that names may be any text and a malformed line can be named.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.data import PREFERENCES, EventKind
from footlight_plugins.evaluation.columns import Layout, layout_of, split
from footlight_plugins.evaluation.dataset import DataError, Dataset
from footlight_plugins.evaluation.numeric import read_numbers
from footlight_plugins.evaluation.progress import Progress, quiet

_TELL = 50_000
_NAMED = 5
"""How many malformed lines an error names."""


def read_delimited(path: Path, content: bytes, progress: Progress = quiet) -> Dataset:
    """The rows of a text file.

    Raises
    ------
    DataError
        When the file is empty, lacks a column, or has malformed lines.
    """
    layout = _layout(path, content)
    columns = None if layout.kind is not None else read_numbers(content, layout, progress)
    if columns is None:
        lines = content.count(b"\n") + 1
        rows = _counted(_rows(_decoded(path, content), layout), lines, progress)
        columns = read_rows(path, rows, layout)
    return dataset_of(path, columns)


def _counted(rows: Iterator[tuple[int, list[str]]], lines: int, progress: Progress) -> Iterator[tuple[int, list[str]]]:
    """The same rows; tells how far they are."""
    for count, row in enumerate(rows):
        if count % _TELL == 0:
            progress("reading", row[0], lines)
        yield row


def _layout(path: Path, content: bytes) -> Layout:
    lines = (line for line in io.BytesIO(content) if line.strip())
    first = next(lines, None)
    if first is None:
        raise DataError(f"{path}: expected at least one row, the file is empty")
    layout = layout_of(_decoded(path, first).rstrip("\r\n"), str(path))
    if layout.header and next(lines, None) is None:
        raise DataError(f"{path}: expected at least one row after the header")
    return layout


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: expected UTF-8 text") from None


def dataset_of(path: Path, columns: dict[str, NDArray[Any]]) -> Dataset:
    """The rows as a dataset. Where they have kinds, only those that say "I want this" and were not taken back.

    Raises
    ------
    DataError
        When no such row is left.
    """
    if "kind" in columns:
        columns = _preferences(columns)
        if len(columns["user"]) == 0:
            raise DataError(f"{path}: expected at least one row that says what somebody likes")
    users, user = np.unique(columns["user"], return_inverse=True)
    items, item = np.unique(columns["item"], return_inverse=True)
    time = columns.get("time")
    return Dataset(
        name=path.name,
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=columns.get("value"),
        time=None if time is None else _microseconds(time),
        users=len(users),
        items=len(items),
        item_names=tuple(str(name) for name in items.tolist()),
    )


def _preferences(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Rows of preferences without those that a later retraction of the same person and item takes back."""
    kind, rows = columns["kind"], np.arange(len(columns["kind"]))
    time = columns.get("time", rows)
    order = np.lexsort((rows, time))
    taken_back: dict[tuple[Any, Any], int] = {}
    for place, row in enumerate(order.tolist()):
        if kind[row] == EventKind.RETRACTION.name:
            taken_back[(columns["user"][row], columns["item"][row])] = place
    place_of = np.empty(len(rows), np.int64)
    place_of[order] = rows
    pairs = zip(columns["user"].tolist(), columns["item"].tolist(), strict=True)
    standing = np.array([taken_back.get(pair, -1) for pair in pairs]) < place_of
    kept = np.isin(kind, [wanted.name for wanted in PREFERENCES]) & standing
    return {name: column[kept] for name, column in columns.items() if name != "kind"}


def read_rows(path: Path, rows: Iterable[tuple[int, list[str]]], layout: Layout) -> dict[str, NDArray[Any]]:
    """The columns of rows of any text, which come with the numbers of their lines.

    Raises
    ------
    DataError
        When lines are malformed; the first of them are named.
    """
    names = list(layout.places)
    found: dict[str, list[Any]] = {name: [] for name in names}
    wrong: list[str] = []
    for number, cells in rows:
        try:
            row = _row(cells, layout)
        except ValueError as fault:
            wrong.append(f"line {number}: {fault}")
            continue
        for name, value in zip(names, row, strict=True):
            found[name].append(value)
    if wrong:
        more = f"\nand {len(wrong) - _NAMED:,} more" if len(wrong) > _NAMED else ""
        raise DataError(f"{path}: {len(wrong):,} malformed lines:\n" + "\n".join(wrong[:_NAMED]) + more)
    return {name: _ids(values) if name in ("user", "item") else np.array(values) for name, values in found.items()}


def _rows(text: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not empty, with its number; the header is left out."""
    if layout.delimiter in (",", ";"):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter)
        rows = ((reader.line_num, cells) for cells in reader)
    else:
        lines = enumerate(io.StringIO(text), 1)
        rows = ((number, split(line.rstrip("\r\n"), layout.delimiter)) for number, line in lines)
    filled = ((number, cells) for number, cells in rows if any(cell.strip() for cell in cells))
    if layout.header:
        next(filled, None)
    return filled


def _row(cells: list[str], layout: Layout) -> list[Any]:
    """The used cells of a line, read; raises ValueError with what was expected."""
    if len(cells) != layout.count:
        raise ValueError(f"expected {layout.count} columns, got {len(cells)}")
    said = {name: cells[place].strip() for name, place in layout.places.items()}
    if said.get("kind", _RATES) != _RATES and said.get("value") == "":
        said["value"] = "1"  # as the log has it: what was done without a value counts as 1
    return [_READERS[name](text) for name, text in said.items()]


def _name(text: str) -> str:
    if not text:
        raise ValueError("expected the name of a person and of an item, got an empty cell")
    return text


def _rating(text: str) -> float:
    value = _float(text)
    if not abs(value) <= 1_000:
        raise ValueError(f"expected a rating between -1,000 and 1,000, got {text[:40]!r}")
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _time(text: str) -> float:
    """Seconds since 1970, from a number or ISO 8601."""
    value = _float(text)
    if math.isfinite(value):
        return value
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a time as a number or as 2024-05-31T12:00:00Z, got {text[:40]!r}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _kind(text: str) -> str:
    if text.upper() not in EventKind.__members__:
        known = ", ".join(kind.name.lower() for kind in EventKind)
        raise ValueError(f"expected a kind, one of {known}, got {text[:40]!r}")
    return text.upper()


_RATES = EventKind.RATING.name.lower()
_READERS: dict[str, Callable[[str], Any]] = {
    "user": _name,
    "item": _name,
    "value": _rating,
    "time": _time,
    "kind": _kind,
}


def _ids(names: list[str]) -> NDArray[Any]:
    """Names as whole numbers where all of them are written so, else as text."""
    try:
        numbers = [int(name) for name in names]
    except ValueError:
        return np.array(names)
    return np.array(numbers, np.int64) if all(map(_is_plain, names)) else np.array(names)


def _is_plain(name: str) -> bool:
    return len(name) < 18 and str(int(name)) == name


def _microseconds(time: NDArray[np.float64]) -> NDArray[np.int64]:
    """Times as the log keeps them: seconds, milliseconds and microseconds are told apart by their size."""
    largest = float(np.abs(time).max(initial=0))
    factor = 1e6 if largest < 1e11 else 1e3 if largest < 1e14 else 1.0
    micros: NDArray[np.int64] = np.rint(time * factor).astype(np.int64)
    return micros
