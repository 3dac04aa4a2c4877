"""Watches the database for what other servers write: one cheap statement, some forty times a second.

Polling costs a server some ten microseconds each time, whatever the others do. Being told (LISTEN and NOTIFY) exists in
one of the two databases only, takes a lock at every commit there, and needs a poll beside it for when the connection breaks.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, func, literal_column, select, union_all

from footlight_server.errors import FootlightError, Unavailable
from footlight_server.log.bulk import Prepared
from footlight_server.log.database import Database
from footlight_server.log.schema import ERASURES, EVENTS, PEOPLE, REVISIONS

log = logging.getLogger(__name__)

POLL_S = 0.025
RETRY_S = 0.25
"""How long to wait for a database that does not answer."""
NONE = -1


@dataclass(frozen=True, slots=True)
class Heads:
    """How far everything is that only grows."""

    position: int
    epoch: int
    person: int
    """The highest ordinal of a person; -1 where there is none."""
    revisions: Mapping[str, int]


def _highest(name: str, table: Table, column: str) -> Select[Any]:
    value = func.coalesce(func.max(table.c[column]), NONE)
    return select(literal_column(f"'{name}'"), value).where(table.c.tenant == bindparam("tenant"))


_HEADS = Prepared(
    union_all(
        _highest(".position", EVENTS, "position"),
        _highest(".erased", ERASURES, "log_position"),
        _highest(".epoch", ERASURES, "epoch"),
        _highest(".person", PEOPLE, "ordinal"),
        select(REVISIONS.c.topic, REVISIONS.c.number).where(REVISIONS.c.tenant == bindparam("tenant")),
    )
)


def read_heads(connection: Connection, tenant: str) -> Heads:
    """How far everything is now; all of it at one moment."""
    found = dict(_HEADS.rows(connection, {"tenant": tenant}))
    own = {name: int(found.pop(f".{name}")) for name in ("position", "erased", "epoch", "person")}
    return Heads(max(own["position"], own["erased"], 0), max(own["epoch"], 0), own["person"], revisions=found)


@dataclass(slots=True)
class _Watched:
    """One tenant whose heads are read, and who is told."""

    tenant: str
    moved: Callable[[Heads], None]
    every: int
    last: Heads | None = None


class HeadWatch:
    """A thread that reads the heads of every tenant at work, and tells the event loop when they have moved."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: tuple[_Watched, ...] = ()  # replaced as a whole: the thread goes through it
        self._stop = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="footlight-heads", daemon=True)
        self._thread.start()

    def add(self, tenant: str, moved: Callable[[Heads], None], every: int = 1) -> None:
        """Look at this tenant as well, from now on; where a look costs a statement, only every so many times."""
        self._watched = (*self._watched, _Watched(tenant, moved, every))

    def remove(self, tenant: str) -> None:
        """Look at this tenant no more."""
        self._watched = tuple(watched for watched in self._watched if watched.tenant != tenant)

    def _run(self) -> None:
        away = False
        while not self._stop.is_set():
            try:
                with self._database.reading() as connection:
                    away = False
                    self._watch(connection)
            except FootlightError as fault:
                if not away:
                    log.warning("what other servers write is not seen: %s", fault.message)
                away = True
                self._stop.wait(RETRY_S)

    def _watch(self, connection: Connection) -> None:
        """Look until the end, or until the database goes away. The connection is kept."""
        version = data_version_of(connection) if connection.dialect.name == "sqlite" else None
        seen: object = None
        read: tuple[_Watched, ...] = ()
        looks = 0
        while not self._stop.wait(POLL_S):
            # SQLite says for nothing whether anything was written by another connection, those of this server included.
            now = version() if version is not None else None
            watched = self._watched
            if now is not None and now == seen and watched is read:
                continue
            looks += 1
            for one in watched:
                if now is not None or looks % one.every == 0:
                    self._look(connection, one)
            seen, read = now, watched

    def _look(self, connection: Connection, watched: _Watched) -> None:
        heads = read_heads(connection, watched.tenant)
        if heads == watched.last:
            return
        watched.last = heads
        try:
            self._loop.call_soon_threadsafe(watched.moved, heads)
        except RuntimeError:
            self._stop.set()  # the event loop has ended

    async def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join)


def data_version_of(connection: Connection) -> Callable[[], int]:
    """Answers a number that changes when another connection has committed something to SQLite's file.

    The driver is asked directly: through SQLAlchemy it would take five times as long, forty times a second.
    """
    driver: Any = connection.connection.driver_connection

    def version() -> int:
        try:
            return int(driver.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise Unavailable(f"the database is not available: {error}") from error

    return version
