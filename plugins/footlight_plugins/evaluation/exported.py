"""Reads what ``footlight export --format jsonl`` writes: a line of JSON for each event, and one for each item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from footlight_plugins.evaluation.columns import Layout
from footlight_plugins.evaluation.dataset import DataError, Dataset
from footlight_plugins.evaluation.delimited import dataset_of, read_rows

_FIELDS = ("user_id", "item_id", "value", "time", "kind")
_LAYOUT = Layout("", len(_FIELDS), user=0, item=1, value=2, time=3, kind=4)


def read_exported(path: Path, content: bytes) -> Dataset:
    """The events of an export.

    Raises
    ------
    DataError
        When a line is malformed or nothing is there.
    """
    rows = ((number, [_cell(event.get(name)) for name in _FIELDS]) for number, event in _objects(path, content))
    columns = read_rows(path, rows, _LAYOUT)
    if len(columns["user"]) == 0:
        raise DataError(f"{path}: expected at least one event, the file is empty")
    return dataset_of(path, columns)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def described_lines(path: Path, text: str) -> Iterator[tuple[str, str, str, tuple[str, ...], dict[str, Any]]]:
    """Name, title, kind, tags and attributes of each item of an export."""
    for number, item in _objects(path, text.encode()):
        try:
            yield (
                item["item_id"],
                item["title"],
                item["kind"],
                tuple(item["tags"] or ()),
                dict(item["attributes"] or {}),
            )
        except (KeyError, TypeError, ValueError) as fault:
            raise DataError(f"{path}, line {number}: expected an item of an export: {fault!r}") from None


def _objects(path: Path, content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(content.split(b"\n"), 1):  # JSON may hold other characters that end a line
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError as fault:
                raise DataError(f"{path}, line {number}: expected JSON: {fault}") from None
            if not isinstance(found, dict):
                raise DataError(f"{path}, line {number}: expected an object, got {type(found).__name__}")
            yield number, found
