"""One moment of a database, read while others write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url, text

from footlight_server.errors import FailedPrecondition
from footlight_server.log.schema import REVISION

SQLITE_NAME = "footlight.db"
_BUSY_MS = 30_000


def url_of(data_dir: Path, database: str = "") -> str:
    """The database of a server that was started with these two."""
    return database or f"sqlite:///{data_dir.resolve() / SQLITE_NAME}"


def connect(url: str) -> Engine:
    """An engine whose transactions begin where SQLAlchemy says; it never creates a database.

    Raises
    ------
    FailedPrecondition
        When it is SQLite and there is no such file.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return engine_of(parsed)
    if not parsed.database or not Path(parsed.database).is_file():
        raise FailedPrecondition(f"there is no database {parsed.database or url}", "NO_DATABASE")
    engine = engine_of(parsed)
    begin_as_told(engine, f"busy_timeout={_BUSY_MS}", "foreign_keys=ON", "secure_delete=ON")
    return engine


def engine_of(url: URL) -> Engine:
    """An engine that keeps no connection; ValueError where the driver is not installed."""
    try:
        return create_engine(url, poolclass=NullPool)
    except ImportError as missing:
        raise ValueError(f"{url.drivername} needs a driver that is not installed: {missing}") from missing


def begin_as_told(engine: Engine, *settings: str) -> None:
    """SQLite's driver begins no transaction of its own; ours begin when told, and read one moment until they end."""

    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """A connection to which the database stands still, whatever is written meanwhile.

    Raises
    ------
    FailedPrecondition
        When there is no database, or none of Footlight's.
    """
    engine = connect(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                check_revision(connection, make_url(url))
                yield connection
    finally:
        engine.dispose()


def check_revision(connection: Connection, url: URL) -> None:
    """Refuse a database whose tables are not those that this version knows."""
    found = revision_of(connection)
    where = url.render_as_string()
    if found is None:
        raise FailedPrecondition(f"{where} is no database of Footlight", "NO_DATABASE")
    if found > REVISION:
        raise FailedPrecondition(f"a newer Footlight made {where}", "DATABASE_TOO_NEW")
    if found < REVISION:
        raise FailedPrecondition(
            f"an older Footlight made {where}: start this version's server on it once, which brings it up to date",
            "DATABASE_TOO_OLD",
        )


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
