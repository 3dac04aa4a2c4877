"""Rows as lines of JSON, the same whichever database they come from or go to."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, func, inspect, select
from sqlalchemy import table as light_table

from footlight_server.archive.layout import PART_ROWS, TableFacts
from footlight_server.log.postgresql import copy_rows

_COMPRESSION = 1  # rows of ids hardly get smaller with more, only slower
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def facts_of(connection: Connection, table: Table) -> TableFacts:
    """What a manifest says about a table."""
    columns = tuple(table.columns.keys())
    binary = tuple(c.name for c in table.columns if isinstance(c.type, LargeBinary))
    rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return TableFacts(table.name, columns, binary, rows)


def read_parts(connection: Connection, table: Table, facts: TableFacts) -> Iterator[tuple[bytes, int]]:
    """The table in compressed parts, with the number of rows in each."""
    places = [facts.columns.index(name) for name in facts.binary]
    streaming = connection.execution_options(stream_results=True, yield_per=PART_ROWS)
    for rows in streaming.execute(select(table)).partitions(PART_ROWS):
        lines = "".join(f"{_encode(_neutral(row, places))}\n" for row in rows)
        yield gzip.compress(lines.encode(), _COMPRESSION, mtime=0), len(rows)


def write_part(connection: Connection, facts: TableFacts, part: bytes) -> int:
    """Insert the rows of a part; answers how many.

    Raises
    ------
    ValueError, EOFError, OSError, zlib.error
        When the part is damaged.
    """
    places = [facts.columns.index(name) for name in facts.binary]
    rows = [_stored(facts, json.loads(line), places) for line in gzip.decompress(part).splitlines()]
    if connection.dialect.name == "postgresql":
        copy_rows(connection, _target(facts), rows)
    elif rows:
        connection.execute(_target(facts).insert(), [dict(zip(facts.columns, row, strict=True)) for row in rows])
    return len(rows)


def is_empty(connection: Connection, name: str) -> bool:
    """Whether a table has no row."""
    if not inspect(connection).has_table(name):  # of an older revision, which had none of that name
        return True
    return connection.execute(select(1).select_from(light_table(name)).limit(1)).first() is None


def _target(facts: TableFacts) -> Table:
    """The table as the backup knew it: a later revision may have changed it."""
    return Table(facts.name, MetaData(), *map(Column[Any], facts.columns))


def _neutral(row: Sequence[Any], binary: list[int]) -> list[Any]:
    values = list(row)
    for place in binary:
        if values[place] is not None:
            values[place] = base64.b64encode(values[place]).decode()
    return values


def _stored(facts: TableFacts, values: list[Any], binary: list[int]) -> list[Any]:
    if len(values) != len(facts.columns):
        raise ValueError(f"a row has {len(values)} values instead of {len(facts.columns)}")
    for place in binary:
        if values[place] is not None:
            values[place] = base64.b64decode(values[place], validate=True)
    return values
