"""Lines of JSON, one object each: the keys are the columns, and values keep the types that JSON gives them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from footlight._tables.columns import Columns
from footlight._tables.errors import BadCell, shown
from footlight._tables.files import Facts, Line, encoding_of
from footlight._tables.rows import check_attributes, check_tags
from footlight.types import Item

_SET_BY_THE_SERVER = ("create_time", "update_time", "deleted")


def holds_objects(path: Path) -> bool:
    """Whether a file is of JSON, by its first character. Raises OSError."""
    with path.open(encoding=encoding_of(path), errors="surrogateescape") as file:
        return next((line for line in file if line.strip()), "").lstrip()[:1] in ("{", "[")


def read_objects(path: Path, understand: Callable[[list[str]], Columns]) -> Iterator[tuple[Columns, Line]]:
    """Every object with the columns that its keys make; empty lines are passed over."""
    with path.open(encoding=encoding_of(path), errors="surrogateescape", newline="\n") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield _line(number, text, understand)


def _line(number: int, text: str, understand: Callable[[list[str]], Columns]) -> tuple[Columns, Line]:
    try:
        row = _object(text)
        columns = understand(list(row))
        return columns, Line(number, _cells(columns, row), facts=_facts(columns, row))
    except BadCell as bad:
        return Columns(0, {}, [], ()), Line(number, fault=bad)


def _object(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadCell("line", f"expected a JSON object: {error}") from None
    if not isinstance(row, dict):
        raise BadCell("line", f"expected a JSON object on each line, got {shown(text.strip())}")
    if row.get("deleted"):
        raise BadCell("deleted", "expected an item that is not deleted; import the whole folder of an export")
    return {name: value for name, value in row.items() if name not in _SET_BY_THE_SERVER}


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number that JSON has")


def _cells(columns: Columns, row: Mapping[str, Any]) -> list[str]:
    """The fields as text; what stands in no field is among the facts."""
    fields = {place: name for name, place in columns.place.items()}
    return [_text(fields.get(place), name, row[name]) for place, name in enumerate(columns.names)]


def _text(meaning: str | None, name: str, value: Any) -> str:
    if meaning is None or value is None or (meaning == "tags" and isinstance(value, list)):
        return ""
    if isinstance(value, dict | list | bool):
        raise BadCell(name, f"expected text or a number, got {shown(json.dumps(value))}")
    return str(value)


def _facts(columns: Columns, row: Mapping[str, Any]) -> Facts:
    name = columns.name("tags")
    tags = row.get(name)
    return Facts(tags if isinstance(tags, list) else None, name, _attributes(columns, row))


def _attributes(columns: Columns, row: Mapping[str, Any]) -> dict[str, Any]:
    """Further keys, and those of an object `attributes`, as exports have it."""
    others = {columns.names[place]: row[columns.names[place]] for place in columns.others}
    if isinstance(others.get("attributes"), dict):
        others |= others.pop("attributes")
    return {name: value for name, value in others.items() if value is not None}


def with_facts(item: Item, facts: Facts) -> Item:
    """The item with what its object says beside text. Raises BadCell for what the catalogue would not take."""
    attributes = {**item.attributes, **facts.attributes}
    check_attributes(attributes)
    tags = item.tags if facts.tags is None else check_tags(facts.tags_name, facts.tags)
    return replace(item, tags=tags, attributes=attributes)
