"""The rows of the catalogue: checked, put, deleted, read. Each change has a number, which is in every row that it wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, select, update

from footlight_plugins import ItemContent
from footlight_server.errors import InvalidArgument, NotFound
from footlight_server.log.bulk import Lookup, Prepared, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.records import Item, now
from footlight_server.log.revisions import CATALOGUE, bump
from footlight_server.log.schema import ITEMS
from footlight_server.log.validation import check_id, check_json, check_size, check_text, check_time, check_unique

Row: TypeAlias = dict[str, Any]
LARGEST_PUT = 10_000
_LONGEST_TITLE = 1_024
_LONGEST_LABEL = 64
_MOST_TAGS = 64
_WRITTEN = ("title", "kind", "tags", "attributes", "available_from", "available_until")
_BLANK = {"title": "", "kind": "", "tags": "[]", "attributes": "{}", "available_from": None, "available_until": None}


class Status(NamedTuple):
    """What the server keeps in memory of an item."""

    ordinal: int
    item_id: str
    deleted: int
    available_from: int | None
    available_until: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """What one put or deletion did."""

    revision: int
    created: int
    updated: int
    items: list[Status]
    """In the order of the ordinals."""


_C = ITEMS.c
_STATUS = (_C.ordinal, _C.item_id, _C.deleted, _C.available_from, _C.available_until)
_MINE = _C.tenant == bindparam("tenant")
LIVE = select(ITEMS).where(_MINE, _C.deleted == 0)
"""Every column of the items that are not deleted; takes ``tenant``."""
LIVE_BY_ID = Lookup(LIVE, _C.item_id)
_STATUS_BY_ID = Lookup(select(*_STATUS).where(_MINE), _C.item_id)
_ALL = Prepared(select(*_STATUS).where(_MINE).order_by(_C.ordinal))
_CHANGED = _C.revision > bindparam("after")
# Sorted here, not there: to have the order for nothing, a database would read every item.
_SINCE = Prepared(select(*_STATUS).where(_MINE, _CHANGED))
_CONTENT = (_C.ordinal, _C.title, _C.kind, _C.tags, _C.attributes, _C.available_from, _C.revision)
_CONTENTS = Prepared(select(*_CONTENT).where(_MINE, _C.deleted == 0).order_by(_C.ordinal))
_CONTENTS_SINCE = Prepared(select(*_CONTENT).where(_MINE, _CHANGED))
_TIMES = Prepared(select(_C.create_time, _C.update_time, _C.deleted).where(_MINE).order_by(_C.ordinal))
_NEXT = Prepared(select(func.coalesce(func.max(_C.ordinal), -1) + 1).where(_MINE))


def checked_items(items: Sequence[Item]) -> tuple[Row, ...]:
    """The items as the columns that a put writes.

    Raises
    ------
    InvalidArgument
        Names the field that is wrong, such as ``items[3].tags[0]``.
    """
    check_size("items", items, LARGEST_PUT)
    rows = tuple(_checked_item(f"items[{i}]", item) for i, item in enumerate(items))
    check_unique("items", [item.item_id for item in items], ".item_id")
    return rows


def _checked_item(field: str, item: Item) -> Row:
    if len(item.tags) > _MOST_TAGS:
        raise InvalidArgument(f"{field}.tags", f"must have at most {_MOST_TAGS} entries, not {len(item.tags)}")
    for i, tag in enumerate(item.tags):
        check_text(f"{field}.tags[{i}]", tag, _LONGEST_LABEL, 1)
    check_unique(f"{field}.tags", item.tags)
    _check_window(field, item)
    return {
        "item_id": check_id(f"{field}.item_id", item.item_id),
        "title": check_text(f"{field}.title", item.title, _LONGEST_TITLE),
        "kind": check_text(f"{field}.kind", item.kind, _LONGEST_LABEL),
        "tags": json.dumps(item.tags, ensure_ascii=False),
        "attributes": check_json(f"{field}.attributes", item.attributes),
        "available_from": item.available_from,
        "available_until": item.available_until,
    }


def _check_window(field: str, item: Item) -> None:
    start, end = item.available_from, item.available_until
    if start is not None:
        check_time(f"{field}.available_from", start)
    if end is not None:
        check_time(f"{field}.available_until", end)
    if start is not None and end is not None and start >= end:
        raise InvalidArgument(f"{field}.available_until", "must be later than available_from")


def put(connection: Connection, tenant: str, rows: Sequence[Row]) -> Change:
    """Runs in the writer: the database says which items are there."""
    found = map(Status._make, _STATUS_BY_ID.rows(connection, tenant, [row["item_id"] for row in rows]))
    there = {status.item_id: status for status in found}
    time, revision = now(), bump(connection, tenant, CATALOGUE)
    old, new = [row for row in rows if row["item_id"] in there], [row for row in rows if row["item_id"] not in there]
    _replace(connection, tenant, old, {"update_time": time, "deleted": 0, "revision": revision})
    first = int(_NEXT.rows(connection, {"tenant": tenant})[0][0])
    insert_rows(connection, ITEMS, [_inserted(tenant, i, row, time, revision) for i, row in enumerate(new, first)])
    replaced = sorted(_status(there[row["item_id"]].ordinal, row) for row in old)
    revived = sum(there[row["item_id"]].deleted for row in old)
    created = [_status(ordinal, row) for ordinal, row in enumerate(new, first)]
    return Change(revision, len(new) + revived, len(old) - revived, replaced + created)


def _status(ordinal: int, row: Row) -> Status:
    return Status(ordinal, row["item_id"], 0, row["available_from"], row["available_until"])


def _replace(connection: Connection, tenant: str, rows: Sequence[Row], marks: Row) -> None:
    if not rows:
        return
    statement = update(ITEMS).where(_C.tenant == tenant, _C.item_id == bindparam("key"))
    values: Row = {column: bindparam(f"new_{column}") for column in _WRITTEN}
    connection.execute(
        statement.values(values | marks),
        [{"key": row["item_id"]} | {f"new_{column}": row[column] for column in _WRITTEN} for row in rows],
    )


def _inserted(tenant: str, ordinal: int, row: Row, time: int, revision: int) -> tuple[Any, ...]:
    """A row in the order of the table's columns."""
    said = (row["item_id"], row["title"], row["kind"], row["tags"], row["attributes"])
    return tenant, ordinal, *said, time, time, 0, row["available_from"], row["available_until"], revision


def delete(connection: Connection, tenant: str, item_id: str) -> Change:
    """The row stays for its ordinal, without what it said."""
    here = (_C.tenant == tenant, _C.item_id == item_id, _C.deleted == 0)
    ordinal = connection.execute(select(_C.ordinal).where(*here)).scalar()
    if ordinal is None:
        raise NotFound("item", item_id)
    marks = {"update_time": now(), "deleted": 1, "revision": bump(connection, tenant, CATALOGUE)}
    connection.execute(update(ITEMS).where(*here).values(_BLANK | marks))
    return Change(marks["revision"], 0, 0, [Status(ordinal, item_id, 1, None, None)])


def read_statuses(database: Database, tenant: str, after: int | None = None) -> list[Status]:
    """Every item, or those that were changed after a revision, in the order of the ordinals."""
    with database.reading() as connection:
        if after is None:
            rows = _ALL.rows(connection, {"tenant": tenant})
        else:
            rows = sorted(_SINCE.rows(connection, {"tenant": tenant, "after": after}))
    return [*map(Status._make, rows)]


def read_contents(database: Database, tenant: str, after: int | None = None) -> tuple[list[ItemContent], int]:
    """What the catalogue says of every item; or of those that were changed after a revision, of deleted ones nothing.

    The second is a revision up to which no change is missing.
    """
    with database.reading() as connection:
        if after is None:
            rows = _CONTENTS.rows(connection, {"tenant": tenant})
        else:
            rows = sorted(_CONTENTS_SINCE.rows(connection, {"tenant": tenant, "after": after}))
    return [content_of(*row[:6]) for row in rows], max((row[6] for row in rows), default=after or 0)


def read_as_of(database: Database, tenant: str, time: int) -> tuple[NDArray[np.bool_], int]:
    """Shape (items,): which items were there at a time; and how many of them were changed or deleted since.

    An item that was deleted and put again is taken to have been there all the time.
    """
    with database.reading() as connection:
        rows = _TIMES.rows(connection, {"tenant": tenant})
    created, updated, deleted = np.array(rows, np.int64).reshape(-1, 3).T
    there = (created <= time) & ((deleted == 0) | (updated > time))
    return there, int(np.count_nonzero(there & (updated > time)))


def content_of(
    ordinal: int, title: str, kind: str, tags: str, attributes: str, available_from: int | None = None
) -> ItemContent:
    """What an engine is told of an item, from the columns."""
    return ItemContent(ordinal, title, kind, tuple(json.loads(tags)), json.loads(attributes), available_from or 0)


def item_of(row: Sequence[Any]) -> Item:
    """The item of a row with all the table's columns."""
    _, _, item_id, title, kind, tags, attributes, create_time, update_time, _, start, end, _ = row
    facts = (title, kind, tuple(json.loads(tags)), json.loads(attributes))
    return Item(item_id, *facts, create_time, update_time, start, end)
