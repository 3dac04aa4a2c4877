"""Writes everything as files that other programs read, under the owner's own names: the catalogue, people, events, what was
answered and made, and the bytes of corpora and assets. (Models are the engines' own: `footlight backup` keeps them.)"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, func, select

from footlight_plugins import EventKind
from footlight_server.archive.layout import Progress, quiet
from footlight_server.archive.sinks import Schema, check_parquet, open_sink
from footlight_server.archive.snapshot import snapshot, url_of
from footlight_server.archive.stored_files import copy_files
from footlight_server.archive.times import moment
from footlight_server.archive.work_rows import (
    PLAIN,
    RANKINGS,
    agent_names,
    item_names,
    pages,
    person_name,
    rankings,
    reader,
    schema_of,
)
from footlight_server.errors import FailedPrecondition, InvalidArgument
from footlight_server.log.events import last_epoch, last_position
from footlight_server.log.schema import EVENTS, ITEMS, PEOPLE, RANKING_PAGES
from footlight_server.models.files import write_synced

MANIFEST = "export.json"
"""Written last: an export without it is not complete."""
FORMAT = 1
FORMS = ("parquet", "jsonl")
_BATCH = 20_000
_KINDS = {int(kind): kind.name.lower() for kind in EventKind}


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds; its manifest says the same."""

    form: str
    time: str
    log_position: int
    erasure_epoch: int
    rows: Mapping[str, int]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class _Table:
    """One file of an export."""

    source: Table
    tenant: str
    schema: Schema
    query: Select[Any]
    read: Callable[[Row[Any]], dict[str, Any]]


def export(
    data_dir: Path, out: Path, form: str, tenant: str, database: str = "", progress: Progress = quiet
) -> Exported:
    """Write the files into an empty folder, all as of one moment, while a server may be serving.

    Raises
    ------
    FailedPrecondition
        When the folder is not empty, there is no database, or pyarrow is needed and not installed.
    """
    if form not in FORMS:
        raise InvalidArgument("format", f"must be one of {', '.join(FORMS)}, not {form!r}")
    if form == "parquet":
        check_parquet()
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FailedPrecondition(f"the folder {out} is not empty")
    with snapshot(url_of(data_dir, database)) as connection:
        tables = (*_tables(tenant), *_work(connection, tenant))
        rows = {table.source.name: _write(connection, table, out, form, progress) for table in tables}
        rows["rankings"] = _write_rankings(connection, tenant, out, form, progress)
        copy_files(connection, tenant, data_dir, out, progress)
        made = Exported(
            form=form,
            time=datetime.now(UTC).isoformat(),
            log_position=last_position(connection, tenant),
            erasure_epoch=last_epoch(connection, tenant),
            rows=rows,
        )
    write_synced(out / MANIFEST, json.dumps(asdict(made), indent=1).encode())
    return made


def _write(connection: Connection, table: _Table, out: Path, form: str, progress: Progress) -> int:
    name, mine = table.source.name, table.source.c.tenant == table.tenant
    total = connection.execute(select(func.count()).select_from(table.source).where(mine)).scalar_one()
    streaming = connection.execution_options(stream_results=True, yield_per=_BATCH)
    sink = open_sink(out, name, form, table.schema)
    done = 0
    try:
        for batch in streaming.execute(table.query).partitions(_BATCH):
            sink.write([table.read(row) for row in batch])
            done += len(batch)
            progress(name, done, total)
    finally:
        sink.close()
    return done


def _work(connection: Connection, tenant: str) -> Iterator[_Table]:
    agents, people = agent_names(connection, tenant), lru_cache(_BATCH)(partial(person_name, connection, tenant))
    for table in PLAIN:
        query = select(table).where(table.c.tenant == tenant).order_by(*table.primary_key.columns)
        yield _Table(table, tenant, schema_of(table), query, reader(table, agents, people))


def _write_rankings(connection: Connection, tenant: str, out: Path, form: str, progress: Progress) -> int:
    items, people = item_names(connection, tenant), lru_cache(_BATCH)(partial(person_name, connection, tenant))
    sink, done = open_sink(out, "rankings", form, RANKINGS), 0
    mine = RANKING_PAGES.c.tenant == tenant
    total = connection.execute(select(func.count()).select_from(RANKING_PAGES).where(mine)).scalar_one()
    keys = connection.execute(pages(tenant).with_only_columns(RANKING_PAGES.c.run, RANKING_PAGES.c.first)).all()
    try:
        for number, (run, first) in enumerate(keys, 1):
            page = connection.execute(pages(tenant).where(RANKING_PAGES.c.run == run, RANKING_PAGES.c.first == first))
            rows = [ranking for row in page for ranking in rankings(row, items, people)]
            sink.write(rows)
            done += len(rows)
            progress("rankings", number, total)
    finally:
        sink.close()
    return done


def _tables(tenant: str) -> tuple[_Table, ...]:
    return _items(tenant), _people(tenant), _events(tenant)


def _items(tenant: str) -> _Table:
    schema = {"item_id": "text", "title": "text", "kind": "text", "tags": "texts", "attributes": "json"}
    times = dict.fromkeys(("available_from", "available_until", "create_time", "update_time"), "time")
    query = select(ITEMS).where(ITEMS.c.tenant == tenant).order_by(ITEMS.c.ordinal)
    return _Table(ITEMS, tenant, schema | times | {"deleted": "flag"}, query, _item)


def _item(row: Row[Any]) -> dict[str, Any]:
    return {
        "item_id": row.item_id,
        "title": row.title,
        "kind": row.kind,
        "tags": json.loads(row.tags),
        "attributes": json.loads(row.attributes),
        "available_from": None if row.available_from is None else moment(row.available_from),
        "available_until": None if row.available_until is None else moment(row.available_until),
        "create_time": moment(row.create_time),
        "update_time": moment(row.update_time),
        "deleted": bool(row.deleted),
    }


def _people(tenant: str) -> _Table:
    query = select(PEOPLE.c.user_id).where(PEOPLE.c.tenant == tenant).order_by(PEOPLE.c.ordinal)
    return _Table(PEOPLE, tenant, {"user_id": "text"}, query, lambda row: {"user_id": row.user_id})


def _events(tenant: str) -> _Table:
    e = EVENTS.c
    who = and_(PEOPLE.c.tenant == e.tenant, PEOPLE.c.ordinal == e.user_ordinal)
    what = and_(ITEMS.c.tenant == e.tenant, ITEMS.c.ordinal == e.item_ordinal)
    columns = (e.event_id, PEOPLE.c.user_id, ITEMS.c.item_id, e.kind, e.value, e.time, e.decision_id)
    query = select(*columns).select_from(EVENTS).join(PEOPLE, who).join(ITEMS, what)
    schema = {"event_id": "text", "user_id": "text", "item_id": "text", "kind": "text", "value": "number"}
    ordered = query.where(e.tenant == tenant).order_by(e.position)
    return _Table(EVENTS, tenant, schema | {"time": "time", "decision_id": "text"}, ordered, _event)


def _event(row: Row[Any]) -> dict[str, Any]:
    event_id, user_id, item_id, kind, value, time, decision_id = tuple(row)
    return {
        "event_id": event_id,
        "user_id": user_id,
        "item_id": item_id,
        "kind": _KINDS[kind],
        "value": value,
        "time": moment(time),
        "decision_id": decision_id,
    }
