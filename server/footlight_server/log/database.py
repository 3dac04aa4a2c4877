"""Opens the database, brings its tables up to date, and hands out connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DatabaseError

from footlight_server.errors import DataLoss, FailedPrecondition
from footlight_server.log.schema import REVISION

_BUSY_MS = 5_000
_SYNCHRONOUS = {"normal": "NORMAL", "full": "FULL"}


class Database:
    """One database: many readers, and one connection that writes (the `Writer`'s)."""

    def __init__(self, writing: Engine, reading: Engine) -> None:
        self._writing = writing
        self._reading = reading

    @staticmethod
    def open(url: str, durability: str = "normal") -> Database:
        """Open the database at an SQLAlchemy URL; create it or migrate it where needed.

        ``durability`` "normal" survives the death of the process, "full" a power cut as well.

        Raises
        ------
        ValueError
            For a malformed URL, a database in memory or an unknown durability.
        FailedPrecondition
            When a newer Footlight made the database.
        DataLoss
            When the file is not a database, or a damaged one.
        """
        parsed = _checked(url, durability)
        writing = create_engine(parsed, pool_size=2)
        reading = create_engine(parsed, pool_size=8, max_overflow=32, isolation_level="AUTOCOMMIT")
        if parsed.get_backend_name() == "sqlite":
            _prepare_sqlite(writing, reading, _SYNCHRONOUS[durability])
        database = Database(writing, reading)
        try:
            _migrate(writing)
        except BaseException as error:
            database.close()
            if isinstance(error, DatabaseError) and "database" in str(error.orig):
                raise DataLoss(f"the database {parsed.render_as_string()} cannot be read: {error.orig}") from error
            raise
        return database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A pooled connection to read with; each statement sees everything that was committed before it."""
        with self._reading.connect() as connection:
            yield connection

    def writing(self) -> Connection:
        """A connection to write with. Only the `Writer` asks for it."""
        return self._writing.connect()

    def scrub(self) -> bool:
        """Let deleted rows vanish from the write-ahead log too. False where a reader stood in the way: try again later."""
        if self._writing.dialect.name != "sqlite":
            return True
        with self._reading.connect() as connection:
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not busy

    def close(self) -> None:
        """Close every connection."""
        self._reading.dispose()
        self._writing.dispose()


def _checked(url: str, durability: str) -> URL:
    if durability not in _SYNCHRONOUS:
        raise ValueError(f"durability must be 'normal' or 'full', not {durability!r}")
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("the database must be a file: several connections share it")
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def _prepare_sqlite(writing: Engine, reading: Engine, synchronous: str) -> None:
    """The one place that knows SQLite: its settings, and transactions that begin where SQLAlchemy says."""

    def connect(connection: Any, record: object) -> None:
        connection.isolation_level = None  # the driver begins no transaction of its own
        for setting in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten
            "temp_store=MEMORY",
            "cache_size=-32000",  # KiB; an index over random ids touches pages everywhere
            "wal_autocheckpoint=8192",  # pages; the fewer checkpoints, the more changes of a page share one
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {setting}")

    event.listen(writing, "connect", connect)
    event.listen(reading, "connect", connect)
    event.listen(writing, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        if _revision(connection) != REVISION:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # Imported here: it costs as much as everything else at start-up, and a database is seldom out of date.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise FailedPrecondition(f"a newer Footlight made this database: {error}", "DATABASE_TOO_NEW") from error
