"""The one place that knows PostgreSQL: its settings, and the lock that gives positions an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, text
from sqlalchemy.exc import DBAPIError

_SYNCHRONOUS = {"normal": "off", "full": "on"}  # "off" hands a commit to the database and does not wait for its disk
_SETTINGS = {
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",  # a server that hangs in mid-transaction must not stop the others
}
# Whatever is written is found by a key. Of a table that grows fast the planner thinks otherwise until it is analysed, and
# the plans of the foreign keys' own checks are kept for long.
_KEYED = {"enable_seqscan": "off"}
# Any number does, as long as every server on the database takes the same: the bytes of "footligh".
_WRITING = int.from_bytes(b"footligh", "big")
_LOCK = f"SELECT pg_advisory_xact_lock({_WRITING})"
# Of a host that vanished without a word, nothing would ever be heard. What the URL says takes precedence.
_CONNECTING = {
    "connect_timeout": "3",  # seconds
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
    "application_name": "footlight",
}


def open_postgresql(url: URL, durability: str) -> tuple[Engine, Engine]:
    """The engines to write and to read with. Several servers may share the database.

    Raises
    ------
    ValueError
        For another driver than psycopg, or where psycopg is not installed.
    """
    if url.get_driver_name() != "psycopg":
        raise ValueError("PostgreSQL is spoken to by psycopg: --database must begin with postgresql+psycopg://")
    url = url.set(query=_CONNECTING | dict(url.query))
    try:
        writing = create_engine(url, pool_size=2)
        # Pinged before use: a connection may have died while it lay in the pool, and a read cannot be begun again.
        reading = create_engine(url, pool_size=8, max_overflow=32, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    except ImportError as missing:
        raise ValueError(f"PostgreSQL needs psycopg, pip install 'footlight[postgresql]': {missing}") from missing
    synchronous = {"synchronous_commit": _SYNCHRONOUS[durability]}
    event.listen(writing, "connect", _setter(_SETTINGS | _KEYED | synchronous))
    event.listen(reading, "connect", _setter(_SETTINGS))
    event.listen(writing, "begin", _take_turn)
    return writing, reading


def _setter(settings: Mapping[str, str]) -> Callable[[Any, object], None]:
    def connect(connection: Any, record: object) -> None:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()

    return connect


def _take_turn(connection: Connection) -> None:
    """Wait until no other server writes to this database.

    Positions, ordinals and epochs are one above the highest that is committed. The lock makes that right: it is taken
    before anything is read, every statement of the transaction (READ COMMITTED) sees whatever was committed before it,
    and PostgreSQL lets go of it only after the commit has become visible. So positions are committed in their order
    too, and a follower that sees one has seen all before it. An advisory lock costs no write, unlike a locked row,
    which would be written at each commit; one for the database is enough, because a server commits the works of
    all its tenants together. It goes with the transaction, however that ends: nobody can forget to release it.
    """
    connection.exec_driver_sql(_LOCK)


def copy_rows(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows that have one value for each column of the table, in order.

    Raises
    ------
    sqlalchemy.exc.DBAPIError
        As any statement of this connection would.
    """
    quoted = connection.dialect.identifier_preparer.format_table(table)
    statement = f"COPY {quoted} FROM STDIN"
    dbapi: Any = connection.dialect.dbapi
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except dbapi.Error as error:
        raise _wrapped(connection, statement, error) from error


def vacuum(connection: Connection, tables: Iterable[Table]) -> None:
    """Take deleted rows out of tables and their indexes, and give their space free to be written over."""
    quoted = map(connection.dialect.identifier_preparer.format_table, tables)
    connection.exec_driver_sql(f"VACUUM {', '.join(quoted)}")


def vacuumed_at(connection: Connection, tables: Iterable[Table]) -> int:
    """When the last of the tables was vacuumed, in microseconds since 1970; 0 where one never was."""
    query = text(
        "SELECT CAST(1000000 * extract(epoch FROM min(coalesce(last_vacuum, 'epoch'))) AS bigint)"
        " FROM pg_stat_user_tables WHERE relname = ANY(:names)"
    )
    return int(connection.execute(query, {"names": [table.name for table in tables]}).scalar() or 0)


def _wrapped(connection: Connection, statement: str, error: Any) -> DBAPIError:
    """SQLAlchemy does not see what the driver does by itself, so it is told of errors and of a lost connection."""
    lost = connection.dialect.is_disconnect(error, connection.connection.driver_connection, None)
    if lost:
        connection.invalidate(error)
    dbapi: Any = connection.dialect.dbapi
    wrapped: DBAPIError = DBAPIError.instance(statement, None, error, dbapi.Error, connection_invalidated=lost)
    return wrapped
