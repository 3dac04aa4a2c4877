"""Items, events and answers as data frames of pandas, which is an option: pip install 'footlight[pandas]'.

client.put_items(items_from(pandas.read_csv("films.csv")))
client.record_events(events_from(frame))
frame(client.recommend_batch(people))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from footlight.types import Event, EventKind, Item, Recommendations, SimilarItems

_ITEM_COLUMNS = ("item_id", "title", "kind", "tags", "available_from", "available_until")


def items_from(table: Any) -> list[Item]:
    """The items of a data frame: columns item_id, title, kind, tags (lists, or text with "|" between), available_from and
    available_until; every other column is an attribute. Empty cells are left out. Raises KeyError without item_id."""
    table["item_id"]
    return [_item(row) for row in _rows(table)]


def events_from(table: Any) -> list[Event]:
    """The events of a data frame: columns user_id and item_id; kind, value, time, event_id and decision_id where they are
    there. Without a kind it is a rating where there is a value, else a play. Times without a zone are in UTC.

    Raises KeyError where a column lacks, ValueError for a kind that is none.
    """
    table[["user_id", "item_id"]]
    return [_event(row) for row in _rows(table)]


def frame(answers: Any) -> Any:
    """A data frame of an answer or of several: of recommendations a row an item, of other records a row each."""
    import pandas

    return pandas.DataFrame(list(_records(answers)))


def _item(row: dict[str, Any]) -> Item:
    tags = row.get("tags", ())
    named = {name: row[name] for name in ("title", "kind") if name in row}
    times: Any = {name: _time(row[name]) for name in ("available_from", "available_until") if name in row}
    attributes = {name: value for name, value in row.items() if name not in _ITEM_COLUMNS}
    split = [tag.strip() for tag in tags.split("|") if tag.strip()] if isinstance(tags, str) else tags
    return Item(str(row["item_id"]), **named, tags=tuple(split), attributes=attributes, **times)


def _event(row: dict[str, Any]) -> Event:
    value = float(row["value"]) if "value" in row else None
    kind = EventKind(str(row.get("kind", "play" if value is None else "rating")).lower())
    ids = {name: str(row[name]) for name in ("event_id", "decision_id") if name in row}
    return Event(str(row["user_id"]), str(row["item_id"]), kind, value, _time(row.get("time")), **ids)


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    import pandas

    time: datetime = pandas.Timestamp(value).to_pydatetime()
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    """The rows as plain values; what is empty is left out."""
    for row in table.to_dict("records"):
        yield {str(name): _plain(value) for name, value in row.items() if not _empty(value)}


def _empty(value: Any) -> bool:
    return value is None or (
        not isinstance(value, list | tuple) and value != value
    )  # NaN and NaT differ from themselves


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _records(answers: Any) -> Iterator[dict[str, Any]]:
    several = answers if isinstance(answers, Iterable) and not _is_answer(answers) else [answers]
    for one in several:
        if _is_answer(one):
            of = {"user_id": one.user_id} if isinstance(one, Recommendations) else {"like": one.item_id}
            yield from (of | _cells(line) for line in one.items)
        else:
            yield _cells(one)


def _is_answer(one: Any) -> bool:
    return isinstance(one, Recommendations | SimilarItems)


def _cells(record: Any) -> dict[str, Any]:
    if not is_dataclass(record):
        raise TypeError(f"expected an answer or records of this package, got {type(record).__name__}")
    return {field.name: _cell(getattr(record, field.name)) for field in fields(record) if field.repr}


def _cell(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
