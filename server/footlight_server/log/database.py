"""Opens the database, brings its tables up to date, and hands out connections."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, inspect, make_url, text
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from footlight_server.errors import DataLoss, FailedPrecondition, FootlightError, Unavailable
from footlight_server.log.postgresql import open_postgresql, vacuum, vacuumed_at
from footlight_server.log.schema import PERSONAL, REVISION
from footlight_server.log.sqlite import PromptConnection, advise_planner, is_advised, open_sqlite, truncate_log
from footlight_server.log.turns import Turns

_DURABILITIES = ("normal", "full")
_PASSING = ("25006", "25P03")  # PostgreSQL: became a read-only standby; waited too long inside a transaction
_STORES: dict[str, Callable[[URL, str], tuple[Engine, Engine]]] = {
    "sqlite": open_sqlite,
    "postgresql": open_postgresql,
}


class Database:
    """One database: many readers, and one connection that writes (the `Writer`'s)."""

    def __init__(self, writing: Engine, reading: Engine) -> None:
        self._writing = writing
        self._reading = reading
        self._turns: Turns | None = None
        self.waits_for_disk = False
        """Whether what is acknowledged has reached the disk."""
        self._prompt: PromptConnection | None = None
        self._unscrubbed = writing.dialect.name == "sqlite"  # a process that died may have left what it erased
        self._closed = False
        for engine in (writing, reading):
            event.listen(engine, "checkin", self._given_back)

    @staticmethod
    def open(url: str, durability: str = "normal") -> Database:
        """Open the database at an SQLAlchemy URL; create its tables or migrate them where needed.

        With ``durability`` "normal" a commit survives the death of this process; with "full" it has reached the disk.

        Raises
        ------
        ValueError
            For a malformed URL, a database in memory, an unknown kind of database or an unknown durability.
        FailedPrecondition
            When a newer Footlight made the database.
        Unavailable
            When the database does not answer or cannot be written.
        DataLoss
            When the file is not a database, or a damaged one.
        """
        if durability not in _DURABILITIES:
            raise ValueError(f"durability must be 'normal' or 'full', not {durability!r}")
        parsed = make_url(url)
        if (prepare := _STORES.get(parsed.get_backend_name())) is None:
            raise ValueError(f"the database must be sqlite or postgresql, not {parsed.get_backend_name()!r}")
        database = Database(*prepare(parsed, durability))
        database.waits_for_disk = durability == "full"
        try:
            _migrate(database._writing)
        except SQLAlchemyError as error:
            database.close()
            if (known := in_the_domain(error, f"{parsed.render_as_string()} cannot be opened")) is None:
                raise
            raise known from error
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A pooled connection to read with; each statement sees everything that was committed before it.

        Raises
        ------
        Unavailable
            When the database does not answer; it may later.
        DataLoss
            When it is damaged.
        """
        try:
            with self._reading.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            if (known := in_the_domain(error, "it cannot be read")) is None:
                raise
            raise known from error

    def take_turns(self) -> None:
        """Be told that other servers write to the same database, all the time perhaps."""
        if self._writing.dialect.name == "sqlite" and self._turns is None:
            self._turns = Turns(Path(str(self._writing.url.database)))

    def turn(self) -> AbstractContextManager[None]:
        """To be held around a transaction that writes. PostgreSQL queues writers itself."""
        return nullcontext() if self._turns is None else self._turns.take()

    def writing(self) -> Connection:
        """A connection to write with. Only the `Writer` asks for it. After an error it connects anew by itself."""
        return self._writing.connect()

    def prompt(self) -> PromptConnection | None:
        """The event loop's own connection, for a few rows that are committed at once; always from the same thread.

        None where that would make the loop wait: for a server of a database, for a disk, for other servers' turns.
        """
        if self._writing.dialect.name != "sqlite" or self.waits_for_disk or self._turns is not None:
            return None
        if self._prompt is None:
            self._prompt = PromptConnection(str(self._writing.url.database))
        return self._prompt

    def scrub(self) -> bool:
        """Let deleted rows vanish from the write-ahead log too.

        False where a reader stood in the way: the writer tries again whenever it has nothing else to do.
        """
        if self._writing.dialect.name == "sqlite":
            with self.reading() as connection:
                self._unscrubbed = not truncate_log(connection)
        return not self._unscrubbed

    def vacuum(self, erased_at: int) -> bool:
        """Let PostgreSQL take out what was deleted, unless it has done so since the last erasure.

        Returns
        -------
        Whether there was anything to do; with SQLite there never is: it writes over what is deleted at once.
        """
        if self._writing.dialect.name != "postgresql":
            return False
        with self.reading() as connection:
            if vacuumed_at(connection, PERSONAL) > erased_at:
                return False
            vacuum(connection, PERSONAL)
        return True

    def finish_scrubbing(self) -> None:
        """Scrub where that was not possible before; what an earlier process left is scrubbed as well."""
        if self._unscrubbed:
            with contextlib.suppress(FootlightError):  # the database is away: later, then
                self.scrub()

    def _given_back(self, driver_connection: Any, _: object) -> None:
        """A pool that was disposed of would keep a connection that comes back after that, open."""
        if self._closed and driver_connection is not None:
            driver_connection.close()

    def close(self) -> None:
        """Close every connection; those in use are closed once they are given back."""
        self._closed = True
        if self._prompt is not None:
            self._prompt.close()
        self._reading.dispose()
        self._writing.dispose()
        if self._turns is not None:
            self._turns.close()


def in_the_domain(error: Exception, problem: str) -> FootlightError | None:
    """What is the database's own trouble, and nobody's mistake: a lost server, a full disk, a lock that is held.

    None for everything else. ``problem`` says what could not be done.
    """
    if isinstance(error, PoolTimeout):
        return Unavailable(f"the database is too busy: {problem}")
    if not isinstance(error, DBAPIError):
        return None
    cause = " ".join(str(error.orig).split())
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated or state in _PASSING:
        return Unavailable(f"the database is not available: {problem} ({cause})")
    if type(error) is DatabaseError:  # SQLite's "malformed" and "not a database"
        return DataLoss(f"the database is damaged: {problem} ({cause})")
    return None


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        if outdated := _revision(connection) != REVISION:
            _upgrade(connection)
        if connection.dialect.name == "sqlite" and (outdated or not is_advised(connection)):
            advise_planner(connection)


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
