"""Statements that run often: compiled once, plain tuples to and from the driver, and portable all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    Column,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    true,
)

from footlight_server.log.postgresql import copy_rows

_CHUNKS = (500, 50, 5, 1)  # lengths of IN lists: each is a statement that the database prepares once


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of database takes it."""

    sql: str
    literals: dict[str, Any]
    """The values that the statement itself names."""
    names: Sequence[str] | None
    """Its parameters in order; None where they go by name."""


class Prepared:
    """A statement with named parameters, compiled once for each kind of database.

    SQLAlchemy finds a compiled statement again by walking the expression; where a statement takes ten microseconds,
    that walk costs more than the statement.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run it and fetch every row, as the driver's own tuples."""
        compiled = self._for(connection)
        values = compiled.literals | values
        by_place = values if compiled.names is None else tuple(values[name] for name in compiled.names)
        result = connection.exec_driver_sql(compiled.sql, by_place)
        cursor: Any = result.cursor
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        result.close()
        return rows

    def many(self, connection: Connection, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> None:
        """Run it once for each row, whose values are those of the columns in order."""
        compiled = self._for(connection)
        if compiled.names is None:
            connection.exec_driver_sql(compiled.sql, [dict(zip(columns, row, strict=True)) for row in rows])
        else:
            connection.exec_driver_sql(compiled.sql, list(rows))

    def run(self, connection: Connection, values: tuple[Any, ...]) -> None:
        """Run it once with its values by place."""
        connection.exec_driver_sql(self._for(connection).sql, values)

    def _for(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        if dialect.driver not in self._compiled:
            compiled: Any = self._statement.compile(dialect=dialect)
            literals = {name: value for name, value in compiled.params.items() if value is not None}
            names = compiled.positiontup if compiled.positional else None
            self._compiled[dialect.driver] = _Compiled(str(compiled), literals, names)
        return self._compiled[dialect.driver]


class Lookup:
    """Finds the rows whose column has one of many values.

    The query must take its tenant from ``bindparam("tenant")``.
    """

    def __init__(self, query: Select[Any], column: Column[Any]) -> None:
        self._by_size = {size: Prepared(query.where(_one_of(column, size))) for size in _CHUNKS}
        self._by_array = Prepared(_among(query, column))

    def rows(self, connection: Connection, tenant: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows found, in no order. No value may come twice."""
        if not values:
            return []
        if connection.dialect.name == "postgresql":
            return self._by_array.rows(connection, {"tenant": tenant, "values": list(values)})
        found: list[tuple[Any, ...]] = []
        start = 0
        while start < len(values):
            size = next(size for size in _CHUNKS if size <= len(values) - start)
            chunk = {f"v{i}": value for i, value in enumerate(values[start : start + size])}
            found += self._by_size[size].rows(connection, chunk | {"tenant": tenant})
            start += size
        return found


def _one_of(column: Column[Any], size: int) -> Any:
    return column.in_([bindparam(f"v{i}", type_=column.type) for i in range(size)])


def _among(query: Select[Any], column: Column[Any]) -> Select[Any]:
    """One probe of the index for each value, whatever PostgreSQL thinks of a table that it has not analysed yet.

    OFFSET 0 keeps the planner from pulling the inner query up, to read every row of the tenant in its stead.
    """
    values = func.unnest(bindparam("values", type_=ARRAY(column.type))).table_valued("value", name="wanted")
    values = values.render_derived()
    probe = query.where(column == values.c.value).correlate(values).offset(literal_column("0")).lateral("found")
    return select(*probe.c).select_from(values.join(probe, true()))


_ROWS = (512, 64, 8)  # rows of one INSERT: 512 of 16 columns are within SQLite's 32,766 values
_COPIED = 100  # rows from which on a COPY is worth its round trips
_INSERTS: dict[tuple[str, int], Prepared] = {}


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert tuples that have one value for each column of the table, in order.

    PostgreSQL takes many rows by COPY. Where the driver takes values by place, many rows go into one statement: SQLite's
    driver lets go of the interpreter and asks for it again at every statement, and an event loop that is busy makes it
    wait each time.
    """
    start = 0
    if connection.dialect.positional:
        for size in _ROWS:
            while len(rows) - start >= size:
                values = tuple(chain.from_iterable(rows[start : start + size]))
                _insert(table, size).run(connection, values)
                start += size
    elif len(rows) >= _COPIED:
        copy_rows(connection, table, rows)
        return
    if start < len(rows):
        _insert(table, 1).many(connection, rows[start:], table.columns.keys())


def _insert(table: Table, size: int) -> Prepared:
    if (prepared := _INSERTS.get((table.name, size))) is None:
        statement = insert(table)
        if size > 1:
            statement = statement.values([dict.fromkeys(table.columns.keys())] * size)
        prepared = _INSERTS[table.name, size] = Prepared(statement)
    return prepared
