"""Rows become items and events; the limits are those of the catalogue and the log."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from footlight._tables.columns import Columns
from footlight._tables.errors import BadCell, shown
from footlight.types import Event, EventKind, Item

__all__ = ["BadCell", "check_attributes", "check_tags", "event_from_row", "item_from_row"]

MAX_ID_BYTES = 256
MAX_TITLE_BYTES = 1_024
MAX_LABEL_BYTES = 64  # of a kind or a tag
MAX_TAGS = 64
MAX_ATTRIBUTES_BYTES = 16 << 10
MAX_VALUE = 1_000.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_SECONDS = 7_258_118_400  # the start of the year 2200
_FINER_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # from which number on it counts how many parts of a second
_YEAR = re.compile(r"\((\d{4})\)\s*$")
_WHOLE_NUMBER = re.compile("0|-?[1-9][0-9]{0,14}")
_DECIMAL_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_TRUTHS = {"true": True, "false": False}
_LINE_ENDS = frozenset("\t\n\r")
_KINDS = {kind.value: kind for kind in EventKind}


def item_from_row(columns: Columns, cells: list[str]) -> Item:
    """Raises BadCell for a cell that the catalogue would not take."""
    _check_count(columns, cells)
    title = _text(columns, cells, "title", MAX_TITLE_BYTES)
    start, end = _time(columns, cells, "available_from"), _time(columns, cells, "available_until")
    if start and end and start >= end:
        raise BadCell(columns.name("available_until"), f"expected a time after {columns.name('available_from')}")
    return Item(
        item_id=_id(columns, cells, "item_id"),
        title=title,
        kind=_text(columns, cells, "kind", MAX_LABEL_BYTES) or ("film" if columns.films else ""),
        tags=_tags(columns, cells),
        attributes=_attributes(columns, cells, title),
        available_from=start,
        available_until=end,
    )


def event_from_row(columns: Columns, cells: list[str]) -> Event:
    """Raises BadCell for a cell that the log would not take."""
    _check_count(columns, cells)
    user_id, item_id = _id(columns, cells, "user_id"), _id(columns, cells, "item_id")
    value = _value(columns, cells)
    kind = _kind(columns, cells, value)
    time = _time(columns, cells, "time")
    event_id = _id(columns, cells, "event_id") if _cell(columns, cells, "event_id") else ""
    return Event(user_id, item_id, kind, value, time, event_id or _derived_id(user_id, item_id, kind, value, time))


def _derived_id(user_id: str, item_id: str, kind: EventKind, value: float | None, time: datetime | None) -> str:
    """The same row gives the same id. Lengths go in, so that no two rows can read the same."""
    when = "" if time is None else time.isoformat()
    parts = (user_id, item_id, kind.value, "" if value is None else repr(value), when)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _check_count(columns: Columns, cells: list[str]) -> None:
    if len(cells) != columns.count:
        raise BadCell("line", f"expected {columns.count} cells, found {len(cells)}")


def _cell(columns: Columns, cells: list[str], field: str) -> str:
    place = columns.place.get(field)
    return "" if place is None else cells[place].strip()


def _id(columns: Columns, cells: list[str], field: str) -> str:
    text = _text(columns, cells, field, MAX_ID_BYTES)
    if not text:
        raise BadCell(columns.name(field), "expected an id, it is empty")
    return text


def _text(columns: Columns, cells: list[str], field: str, max_bytes: int) -> str:
    text = _cell(columns, cells, field)
    _check_text(columns.name(field), text, max_bytes)
    return text


def _check_text(name: str, text: str, max_bytes: int, allowed: frozenset[str] = frozenset()) -> None:
    if text.isascii() and text.isprintable() and len(text) <= max_bytes:
        return  # nearly every cell
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadCell(name, f"expected UTF-8, got {shown(text)}") from None
    if size > max_bytes:
        raise BadCell(name, f"expected at most {max_bytes:,} bytes, got {size:,}")
    if any(unicodedata.category(character) == "Cc" and character not in allowed for character in text):
        raise BadCell(name, f"expected no control characters, got {shown(text)}")


def _tags(columns: Columns, cells: list[str]) -> tuple[str, ...]:
    name, cell = columns.name("tags"), _cell(columns, cells, "tags")
    if columns.films and cell == "(no genres listed)":
        return ()
    return check_tags(name, cell.split(columns.tag_separator))


def check_tags(name: str, labels: Sequence[Any]) -> tuple[str, ...]:
    """Labels, each once, without empty ones. Raises BadCell for what is no label."""
    for label in labels:
        if not isinstance(label, str):
            raise BadCell(name, f"expected labels of text, got {shown(str(label))}")
    tags = tuple(dict.fromkeys(label.strip() for label in labels if label.strip()))
    for tag in tags:
        _check_text(name, tag, MAX_LABEL_BYTES)
    if len(tags) > MAX_TAGS:
        raise BadCell(name, f"expected at most {MAX_TAGS} labels, got {len(tags)}")
    return tags


def _attributes(columns: Columns, cells: list[str], title: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    year = _YEAR.search(title) if columns.films else None
    if year:
        attributes["year"] = int(year[1])
    for place in columns.others:
        text = cells[place].strip()
        _check_text(columns.names[place], text, MAX_ATTRIBUTES_BYTES, _LINE_ENDS)
        if text:
            attributes[columns.names[place]] = _fact(columns, place, text)
    check_attributes(attributes)
    return attributes


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Raises BadCell where they are larger than the catalogue takes, or no text."""
    try:
        size = len(json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError:
        raise BadCell("line", "expected UTF-8") from None
    if size > MAX_ATTRIBUTES_BYTES:
        limit = f"expected further columns of at most {MAX_ATTRIBUTES_BYTES:,} bytes together"
        raise BadCell("line", f"{limit} when written as JSON, got {size:,}")


def _fact(columns: Columns, place: int, text: str) -> str | float | bool:
    """A number where the header says so; where it says no types, also what can be nothing else: 1995, but not 007."""
    if place in columns.numbers:
        return _finite(columns.names[place], text)
    return text if columns.typed else _read_fact(text)


def _read_fact(text: str) -> str | float | bool:
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if _DECIMAL_NUMBER.fullmatch(text):
        return float(text)
    return _TRUTHS.get(text.lower(), text)


def _finite(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadCell(name, f"expected a finite number, got {shown(text)}")
    return number


def _value(columns: Columns, cells: list[str]) -> float | None:
    text = _cell(columns, cells, "value")
    if not text:
        return None
    value = _finite(columns.name("value"), text)
    if abs(value) > MAX_VALUE:
        raise BadCell(columns.name("value"), f"expected a number from -1,000 to 1,000, got {shown(text)}")
    return value


def _kind(columns: Columns, cells: list[str], value: float | None) -> EventKind:
    """What the row says; else a rating where the file has values, else a play."""
    text = _cell(columns, cells, "kind").lower()
    must_rate = value is not None or ("value" in columns.place and "kind" not in columns.place)
    kind = _KINDS.get(text) if text else EventKind.RATING if must_rate else EventKind.PLAY
    if kind is None:
        raise BadCell(columns.name("kind"), f"expected one of {', '.join(_KINDS)}, got {shown(text)}")
    if kind is EventKind.RATING and value is None:
        raise BadCell(columns.name("value"), "expected the rating, it is empty")
    return kind


def _time(columns: Columns, cells: list[str], field: str) -> datetime | None:
    name, text = columns.name(field), _cell(columns, cells, field)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return _in_range(name, text, _iso_time(name, text))
    seconds = number / next((parts for least, parts in _FINER_UNITS if number >= least), 1.0)
    if not 0 <= seconds < _LATEST_SECONDS:  # NaN fails as well
        raise BadCell(name, f"expected seconds since 1970, before the year 2200, got {shown(text)}")
    return _EPOCH + timedelta(microseconds=round(seconds * 1e6))


def _iso_time(name: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(name, f"expected seconds since 1970 or ISO 8601, got {shown(text)}") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _in_range(name: str, text: str, time: datetime) -> datetime:
    if not 0 <= (time - _EPOCH).total_seconds() < _LATEST_SECONDS:
        raise BadCell(name, f"expected a time between the years 1970 and 2200, got {shown(text)}")
    return time
