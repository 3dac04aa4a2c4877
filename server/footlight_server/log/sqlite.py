"""The one place that knows SQLite: its settings, and transactions that begin where SQLAlchemy says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect

from footlight_server.log.schema import METADATA

_BUSY_MS = 5_000  # how long a transaction waits for that of another process
_MANY = 1_000_000  # rows that a table is taken to have
_SOME = 100  # rows that share all but the last columns of an index
_READERS = 8  # connections to read with that are kept; more are closed when the crowd that needed them has gone
_WRITER_CACHE, _READER_CACHE = 32_000, 4_000  # KiB of pages that each connection keeps in memory at most
_SYNCHRONOUS = {"normal": "NORMAL", "full": "FULL"}


def open_sqlite(url: URL, durability: str) -> tuple[Engine, Engine]:
    """The engines to write and to read with. Several processes may share the file.

    Raises
    ------
    ValueError
        For a database in memory.
    """
    if not url.database or url.database == ":memory:":
        raise ValueError("the database must be a file: several connections share it")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    writing = create_engine(url, pool_size=2)
    # The last one that was given back is taken first: a few connections hold pages, and not all of them the same ones.
    reading = create_engine(url, pool_size=_READERS, max_overflow=32, pool_use_lifo=True, isolation_level="AUTOCOMMIT")
    event.listen(writing, "connect", _setter(durability, _WRITER_CACHE))
    event.listen(reading, "connect", _setter(durability, _READER_CACHE))
    # The lock is taken before anything is read, so that the next position cannot be handed out twice.
    event.listen(writing, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return writing, reading


def _setter(durability: str, cache: int) -> Callable[[Any, object], None]:
    """Sets a new connection up; ``cache`` is in KiB."""

    def connect(connection: Any, record: object) -> None:
        connection.isolation_level = None  # the driver begins no transaction of its own
        for setting in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            f"synchronous={_SYNCHRONOUS[durability]}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten
            "temp_store=MEMORY",
            f"cache_size=-{cache}",  # an index over random ids touches pages everywhere
            "wal_autocheckpoint=8192",  # pages; the fewer checkpoints, the more changes of a page share one
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {setting}")

    return connect


class PromptConnection:
    """Commits a few rows at once, and waits for nobody: neither for another writer, nor for a disk.

    A commit in the write-ahead log without a sync is two calls of the system, some 15 microseconds: a tenth of what it takes
    to hand rows to another thread and to hear of them again. It moves nothing from that log to the database file, which
    would wait for the disk; see `footlight_server.log.writer.Writer.at_once`.
    """

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        for setting in ("synchronous=NORMAL", "secure_delete=ON", "wal_autocheckpoint=0", "cache_size=-8000"):
            self._connection.execute(f"PRAGMA {setting}")

    def insert(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> bool:
        """Run an INSERT once for each row, in one transaction. False where somebody else is writing: nothing is written.

        Raises
        ------
        sqlite3.Error
            When it cannot be written; nothing is.
        """
        execute = self._connection.execute
        try:
            if len(rows) == 1:  # a statement alone is a transaction of its own, which costs two thirds
                execute(statement, rows[0])
                return True
            execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
            execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:  # whichever kind of it
                return False
            raise
        return True

    def rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Everything that a query finds."""
        return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def insert_statement(table: Table) -> str:
    """The INSERT of one row that has a value for each column, in order."""
    return (
        f"INSERT INTO {table.name} ({', '.join(table.columns.keys())}) VALUES ({', '.join('?' * len(table.columns))})"
    )


def truncate_log(connection: Connection) -> bool:
    """Move everything from the write-ahead log to the database file. False where a reader stood in the way."""
    # It holds the lock of the writers: to wait here for a reader would make every write wait.
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_MS}")
    return not busy


def advise_planner(connection: Connection) -> None:
    """Tell the query planner that nearly every row has the same tenant.

    Without statistics SQLite believes that an equality leaves ten rows, and reads all events of the tenant in order to
    find five hundred by their ids. Statistics that ANALYZE gathers would depend on when it ran; these always hold.
    """
    connection.exec_driver_sql("ANALYZE alembic_version")  # a table of one row: makes the table of statistics
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    rows = [row for table in METADATA.tables.values() for row in _statistics(table)]
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", rows)
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # read them


def is_advised(connection: Connection) -> bool:
    """Whether the planner has been told."""
    return inspect(connection).has_table("sqlite_stat1")


def _statistics(table: Table) -> list[tuple[str, str, str]]:
    """Rows of (table, index, rows and then rows with the same first, first two, ... columns)."""
    clustered = table.dialect_options["sqlite"]["with_rowid"] is False
    key = table.name if clustered else f"sqlite_autoindex_{table.name}_1"
    rows = [(table.name, key, _counts(len(table.primary_key.columns), True))]
    return rows + [
        (table.name, str(index.name), _counts(len(index.columns), bool(index.unique))) for index in table.indexes
    ]


def _counts(width: int, unique: bool) -> str:
    """The tenant says nothing, the columns after it something, and all columns of a key leave one row."""
    counts = [_MANY, _MANY] + [_SOME] * (width - 2) + [1 if unique else _SOME]
    return " ".join(map(str, counts[: width + 1] if width > 1 else [_MANY, 1]))
