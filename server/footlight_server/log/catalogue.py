"""The catalogue: what can be recommended. Ids and ordinals are in memory, everything else in the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, select, update

from footlight_server.errors import InvalidArgument, NotFound
from footlight_server.log.bulk import Lookup, Prepared, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.paging import decode_token, encode_token, page_length
from footlight_server.log.records import Item, now
from footlight_server.log.revisions import SERVABLE, bump, revisions
from footlight_server.log.schema import ITEMS
from footlight_server.log.validation import check_id, check_json, check_size, check_text, check_unique
from footlight_server.log.writer import Writer

Items: TypeAlias = list[Item]  # inside the class, "list" is the method
Ordinals: TypeAlias = list[int | None]
Statuses: TypeAlias = list[tuple[str, int]]
LARGEST_PUT = 10_000
LARGEST_GET = 1_000
_LONGEST_TITLE = 1_024
_LONGEST_LABEL = 64
_MOST_TAGS = 64


@dataclass(frozen=True, slots=True)
class _Put:
    """What one put changed: ordinals by item id."""

    created: Mapping[str, int]
    replaced: Mapping[str, int]
    """Items that had a row, deleted ones included."""
    revived: int
    """How many of them had been deleted."""
    revision: int
    """The number of this change to what was servable; 0 where it was none."""


_LIVE = select(ITEMS).where(ITEMS.c.tenant == bindparam("tenant"), ITEMS.c.deleted == 0)
_LIVE_BY_ID = Lookup(_LIVE, ITEMS.c.item_id)
_FROM = Prepared(
    select(ITEMS.c.item_id, ITEMS.c.deleted)
    .where(ITEMS.c.tenant == bindparam("tenant"), ITEMS.c.ordinal >= bindparam("first"))
    .order_by(ITEMS.c.ordinal)
)
_STATUS_BY_ID = Lookup(
    select(ITEMS.c.item_id, ITEMS.c.ordinal, ITEMS.c.deleted).where(ITEMS.c.tenant == bindparam("tenant")),
    ITEMS.c.item_id,
)


class Catalogue:
    """Every item that was ever put, under an ordinal that it keeps for ever, deleted or not."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant
        self.ids: list[str] = []
        """Item ids by ordinal, deleted ones included. Read only."""
        self.servable: NDArray[np.bool_] = np.empty(0, np.bool_)
        """Shape (items,): which ordinals may be answered. Replaced when the catalogue changes, never changed itself."""
        self._ordinals: dict[str, int] = {}
        self._changes = 0
        """Counts what changed in memory."""
        self._revision = 0
        """The last change to what is servable that is known here."""
        self._load()

    @property
    def count(self) -> int:
        """How many items the catalogue has, deleted ones left out."""
        return len(self._ordinals)

    def ordinal(self, item_id: str) -> int | None:
        """The item's ordinal; None where there is no such item, or it was deleted."""
        return self._ordinals.get(item_id)

    def ordinals(self, item_ids: Iterable[str]) -> Ordinals:
        """The ordinals of many items; None for those that `ordinal` does not know."""
        return [*map(self._ordinals.get, item_ids)]

    def id_of(self, ordinal: int) -> str:
        """The id of an ordinal that the catalogue gave out."""
        return self.ids[ordinal]

    async def put(self, items: Sequence[Item]) -> tuple[int, int]:
        """Create the items that are new and replace the others, all or none. Answers how many of each.

        Raises
        ------
        InvalidArgument
            Names the field that is wrong, such as ``items[3].tags[0]``.
        """
        rows = _checked_items(items)
        put = await self._writer.submit(lambda connection: _put(connection, self._tenant, rows), self._adopt_put)
        return len(put.created) + put.revived, len(put.replaced) - put.revived

    def get(self, item_id: str) -> Item:
        """Read one item, or raise NotFound."""
        return self.batch_get((item_id,))[0]

    def batch_get(self, item_ids: Sequence[str]) -> Items:
        """Read items in the order asked; NotFound names the first id that is unknown."""
        check_size("item_ids", item_ids, LARGEST_GET)
        for item_id in item_ids:
            self._check_known(item_id)
        with self._database.reading() as connection:
            rows = _LIVE_BY_ID.rows(connection, self._tenant, tuple(dict.fromkeys(item_ids)))
        found = {item.item_id: item for item in map(_item, rows)}
        for item_id in item_ids:
            if item_id not in found:  # deleted since
                raise NotFound("item", item_id)
        return [found[item_id] for item_id in item_ids]

    def list(self, page_size: int = 0, page_token: str = "") -> tuple[Items, str]:
        """One page in the order in which items were first put, and the token of the next; empty after the last."""
        length = page_length(page_size)
        key = decode_token(page_token, int)
        query = _LIVE.where(ITEMS.c.ordinal > (key[0] if key else -1)).order_by(ITEMS.c.ordinal).limit(length + 1)
        with self._database.reading() as connection:
            rows = connection.execute(query, {"tenant": self._tenant}).all()
        token = encode_token(rows[length - 1].ordinal) if len(rows) > length else ""
        return [_item(row) for row in rows[:length]], token

    async def delete(self, item_id: str) -> None:
        """Take the item out of every later answer, or raise NotFound. Its ordinal and its events stay."""
        self._check_known(item_id)
        await self._writer.submit(lambda connection: _delete(connection, self._tenant, item_id), self._adopt_delete)

    def catch_up(self) -> bool:
        """Take over the items that other servers put, now. Answers whether there were any."""
        first = len(self.ids)
        self._extend(first, self._read(first))
        return len(self.ids) > first

    async def follow(self, highest: int, revision: int) -> None:
        """Take over the items that other servers put, up to an ordinal, and what they deleted, up to a revision."""
        if highest >= (first := len(self.ids)):
            self._extend(first, await asyncio.to_thread(self._read, first))
        while revision > self._revision:
            changes = self._changes
            rows = await asyncio.to_thread(self._read, 0)
            if changes == self._changes:  # else what was read may be older than what this server did meanwhile
                self._replace_all(rows)
                self._revision = revision

    def _check_known(self, item_id: str) -> None:
        if item_id not in self._ordinals and not (self.catch_up() and item_id in self._ordinals):
            raise NotFound("item", item_id)

    def _load(self) -> None:
        with self._database.reading() as connection:
            self._revision = revisions(connection, self._tenant).get(SERVABLE, 0)
        self._replace_all(self._read(0))

    def _read(self, first: int) -> Statuses:
        """(item id, whether it is deleted) of the items from an ordinal on."""
        with self._database.reading() as connection:
            return _FROM.rows(connection, {"tenant": self._tenant, "first": first})

    def _replace_all(self, rows: Statuses) -> None:
        self._changes += 1
        self.ids[:] = [item_id for item_id, _ in rows]
        self.servable = np.fromiter((not deleted for _, deleted in rows), np.bool_, len(rows))
        self._ordinals = {item_id: i for i, (item_id, deleted) in enumerate(rows) if not deleted}

    def _extend(self, first: int, rows: Statuses) -> None:
        """Add what was read from an ordinal on, but for what is there by now."""
        new = rows[len(self.ids) - first :]
        if new:
            self._changes += 1
            self._ordinals.update(
                (item_id, i) for i, (item_id, deleted) in enumerate(new, len(self.ids)) if not deleted
            )
            self.servable = np.concatenate([self.servable, [not deleted for _, deleted in new]])
            self.ids.extend(item_id for item_id, _ in new)

    def _adopt_put(self, put: _Put) -> None:
        self._changes += 1
        if self._missed_some_before(put):
            self._load()
            return
        self._joins(put.revision)
        self.ids.extend(put.created)
        if put.created or any(item_id not in self._ordinals for item_id in put.replaced):
            servable = np.ones(len(self.ids), np.bool_)
            servable[: len(self.servable)] = self.servable
            servable[list(put.replaced.values())] = True
            self.servable = servable
        self._ordinals.update(put.created)
        self._ordinals.update(put.replaced)

    def _joins(self, revision: int) -> None:
        """Remember a revision that this server made, unless it has yet to see the one before."""
        if revision == self._revision + 1:
            self._revision = revision

    def _missed_some_before(self, put: _Put) -> bool:
        """Whether another process, or a put whose answer was lost, has given ordinals that are not in memory."""
        first = next(iter(put.created.values()), len(self.ids))
        return first != len(self.ids) or max(put.replaced.values(), default=-1) >= len(self.ids)

    def _adopt_delete(self, deleted: tuple[str, int, int]) -> None:
        item_id, ordinal, revision = deleted
        self._changes += 1
        self._joins(revision)
        self._ordinals.pop(item_id, None)
        servable = self.servable.copy()
        servable[ordinal] = False
        self.servable = servable


def _checked_items(items: Sequence[Item]) -> tuple[dict[str, Any], ...]:
    check_size("items", items, LARGEST_PUT)
    rows = tuple(_checked_item(f"items[{i}]", item) for i, item in enumerate(items))
    check_unique("items", [item.item_id for item in items], ".item_id")
    return rows


def _checked_item(field: str, item: Item) -> dict[str, Any]:
    """The item as the columns that a put writes."""
    if len(item.tags) > _MOST_TAGS:
        raise InvalidArgument(f"{field}.tags", f"must have at most {_MOST_TAGS} entries, not {len(item.tags)}")
    for i, tag in enumerate(item.tags):
        check_text(f"{field}.tags[{i}]", tag, _LONGEST_LABEL, 1)
    check_unique(f"{field}.tags", item.tags)
    return {
        "item_id": check_id(f"{field}.item_id", item.item_id),
        "title": check_text(f"{field}.title", item.title, _LONGEST_TITLE),
        "kind": check_text(f"{field}.kind", item.kind, _LONGEST_LABEL),
        "tags": json.dumps(item.tags, ensure_ascii=False),
        "attributes": check_json(f"{field}.attributes", item.attributes),
    }


def _put(connection: Connection, tenant: str, rows: Sequence[dict[str, Any]]) -> _Put:
    """Runs in the writer: the database says which items are there."""
    found = _STATUS_BY_ID.rows(connection, tenant, [row["item_id"] for row in rows])
    there = {item_id: (ordinal, deleted) for item_id, ordinal, deleted in found}
    time = now()
    _replace(connection, tenant, [row for row in rows if row["item_id"] in there], time)
    created = _create(connection, tenant, [row for row in rows if row["item_id"] not in there], time)
    replaced = {item_id: ordinal for item_id, (ordinal, _) in there.items()}
    revived = sum(deleted for _, deleted in there.values())
    return _Put(created, replaced, revived, bump(connection, tenant, SERVABLE) if revived else 0)


def _replace(connection: Connection, tenant: str, rows: Sequence[dict[str, Any]], time: int) -> None:
    if not rows:
        return
    statement = update(ITEMS).where(ITEMS.c.tenant == tenant, ITEMS.c.item_id == bindparam("key"))
    columns = ("title", "kind", "tags", "attributes")
    values: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns}
    connection.execute(
        statement.values(values | {"update_time": time, "deleted": 0}),
        [{"key": row["item_id"]} | {f"new_{column}": row[column] for column in columns} for row in rows],
    )


def _create(connection: Connection, tenant: str, rows: Sequence[dict[str, Any]], time: int) -> dict[str, int]:
    first = (
        1
        + connection.execute(
            select(func.coalesce(func.max(ITEMS.c.ordinal), -1)).where(ITEMS.c.tenant == tenant)
        ).scalar_one()
    )
    insert_rows(
        connection,
        ITEMS,
        [
            (tenant, i, r["item_id"], r["title"], r["kind"], r["tags"], r["attributes"], time, time, 0)
            for i, r in enumerate(rows, first)
        ],
    )
    return {row["item_id"]: ordinal for ordinal, row in enumerate(rows, first)}


def _delete(connection: Connection, tenant: str, item_id: str) -> tuple[str, int, int]:
    """The row stays for its ordinal, without what it said."""
    here = (ITEMS.c.tenant == tenant, ITEMS.c.item_id == item_id, ITEMS.c.deleted == 0)
    ordinal = connection.execute(select(ITEMS.c.ordinal).where(*here)).scalar()
    if ordinal is None:
        raise NotFound("item", item_id)
    blank = {"title": "", "kind": "", "tags": "[]", "attributes": "{}", "update_time": now(), "deleted": 1}
    connection.execute(update(ITEMS).where(*here).values(blank))
    return item_id, ordinal, bump(connection, tenant, SERVABLE)


def _item(row: Sequence[Any]) -> Item:
    """The item of a row with all the table's columns."""
    _, _, item_id, title, kind, tags, attributes, create_time, update_time, _ = row
    return Item(item_id, title, kind, tuple(json.loads(tags)), json.loads(attributes), create_time, update_time)
