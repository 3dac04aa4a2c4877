"""Who alone may write something that several servers could: the holder of its lease, until it expires.

A lease is a row. Its holder prolongs it while it needs it; another server that wants it says so in the row, and the
holder gives it back when it has finished. Whoever died is not waited for: a lease that has expired can be taken. A
server that was only paused meanwhile cannot write any more: each taking has a new number, the fence, and whatever is
written under a lease is written in a transaction that has found holder and fence unchanged (Kleppmann 2016, "How to do
distributed locking"; Gray and Cheriton 1989, "Leases").
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, Update, bindparam, select, text, update

from footlight_server.log.bulk import Prepared, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.revisions import LEASES as TOPIC
from footlight_server.log.revisions import bump
from footlight_server.log.schema import LEASES
from footlight_server.log.writer import Writer

LIFE_S = 2.0
"""How long a lease holds without being prolonged: what a server that died makes the others wait at most."""
_LIFE = int(LIFE_S * 1e6)
_L = LEASES.c
_HOLDS = Prepared(
    select(_L.fence).where(
        _L.tenant == bindparam("tenant"),
        _L.name == bindparam("name"),
        _L.holder == bindparam("holder"),
        _L.fence == bindparam("fence"),
    )
)
_PROLONG = Prepared(
    text(
        "UPDATE leases SET expires = :expires"
        " WHERE tenant = :tenant AND name = :name AND holder = :holder AND fence = :fence RETURNING name"
    )
)
_CLOCK = Prepared(text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"))


Fence: TypeAlias = Callable[[Connection], None]
"""Called inside a transaction before it writes: raises LeaseLost where another server has taken over."""


class LeaseLost(Exception):
    """Another server has taken what this one meant to write; nothing was written."""


@dataclass(slots=True)
class Lease:
    """The right to write something, as its holder knows it."""

    name: str
    fence: int
    until: float
    """On `time.monotonic` of this process; nobody else can take the lease before."""
    used: bool = field(default=True)
    """Whether it was used since it was last prolonged."""

    @property
    def holds(self) -> bool:
        """Whether it has certainly not been taken by another server. A look at the clock, nothing more."""
        return time.monotonic() < self.until


class LeaseTable:
    """The rows, as one server takes and gives them back."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        """This run of this server, as a person can read it too."""
        self._transaction: object = None
        self._checked: set[tuple[str, int]] = set()

    async def take(self, name: str, ask: bool = True) -> Lease | None:
        """Take the lease. None where another server has it; where ``ask``, it is asked to give it back."""
        began = time.monotonic()
        fence = await self._writer.submit(lambda connection: self._take(connection, name, ask))
        return None if fence is None else Lease(name, fence, began + LIFE_S)

    async def prolong(self, leases: Sequence[Lease]) -> list[Lease]:
        """Let the leases live on, expired or not. Answers those that another server has taken."""
        began = time.monotonic()
        kept = await self._writer.submit(lambda connection: self._prolong(connection, leases))
        for lease in leases:
            if lease.name in kept:
                lease.until = began + LIFE_S
        return [lease for lease in leases if lease.name not in kept]

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take the leases; whoever asked for one has it from then on."""
        for lease in leases:
            lease.until = 0.0
        await self._writer.submit(lambda connection: self._give_back(connection, leases))

    async def free_all(self) -> None:
        """Let every lease of every tenant expire now: only where it is certain that no other server lives."""
        statement = update(LEASES).values(expires=0)
        await self._writer.submit(lambda connection: _execute(connection, statement))

    def wanted(self) -> set[str]:
        """The leases of this server that others ask for."""
        query = select(_L.name).where(_L.tenant == self._tenant, _L.holder == self.holder, _L.wanted != "")
        with self._database.reading() as connection:
            return {name for (name,) in connection.execute(query)}

    def check(self, connection: Connection, lease: Lease) -> None:
        """Within a transaction that writes: make sure of the lease. One statement for all that the transaction holds.

        With SQLite mostly none: its leases expire by the very clock that ``holds`` looks at, and nobody takes one while
        this transaction has the database's only lock to write.

        Raises
        ------
        LeaseLost
            When another server has taken it.
        """
        if lease.holds and connection.dialect.name == "sqlite":
            return
        if (transaction := connection.get_transaction()) is not self._transaction:
            self._transaction, self._checked = transaction, set()
        key = lease.name, lease.fence
        if key in self._checked:
            return
        values = {"tenant": self._tenant, "name": lease.name, "holder": self.holder, "fence": lease.fence}
        if not _HOLDS.rows(connection, values):
            raise LeaseLost(lease.name)
        self._checked.add(key)

    def fence(self, lease: Lease) -> Fence:
        """`check` of one lease."""
        return lambda connection: self.check(connection, lease)

    def _take(self, connection: Connection, name: str, ask: bool) -> int | None:
        now = clock(connection)
        row = connection.execute(select(_L.holder, _L.fence, _L.expires, _L.wanted).where(*self._is(name))).first()
        if row is None:
            insert_rows(connection, LEASES, [(self._tenant, name, self.holder, 1, now + _LIFE, "")])
            return 1
        # An expiry further ahead than a lease lives is of a clock that was set back, or of an earlier boot.
        if row.holder in (self.holder, "") or not now < row.expires <= now + _LIFE:
            wanted = "" if row.wanted == self.holder else row.wanted
            values = {"holder": self.holder, "fence": row.fence + 1, "expires": now + _LIFE, "wanted": wanted}
            connection.execute(update(LEASES).where(*self._is(name)).values(values))
            return int(row.fence) + 1
        if ask and not row.wanted:
            connection.execute(update(LEASES).where(*self._is(name)).values(wanted=self.holder))
            bump(connection, self._tenant, TOPIC)
        return None

    def _prolong(self, connection: Connection, leases: Sequence[Lease]) -> set[str]:
        values = {"tenant": self._tenant, "holder": self.holder, "expires": clock(connection) + _LIFE}
        return {
            lease.name
            for lease in leases
            if _PROLONG.rows(connection, values | {"name": lease.name, "fence": lease.fence})
        }

    def _give_back(self, connection: Connection, leases: Sequence[Lease]) -> None:
        expires = clock(connection) + _LIFE  # whoever asked has so long to take it up
        for lease in leases:
            here = (*self._is(lease.name), _L.holder == self.holder, _L.fence == lease.fence)
            statement = update(LEASES).where(*here).values(holder=_L.wanted, wanted="", expires=expires)
            connection.execute(statement)
        bump(connection, self._tenant, TOPIC)

    def _is(self, name: str) -> tuple[ColumnElement[bool], ...]:
        return _L.tenant == self._tenant, _L.name == name


def _execute(connection: Connection, statement: Update) -> None:
    connection.execute(statement)


def clock(connection: Connection) -> int:
    """Microseconds on the one clock by which all servers on this database let leases expire.

    PostgreSQL's own clock, as it is now and not when the transaction began, which may have waited for its turn. SQLite
    has none, and its servers share one machine: there it is that machine's monotonic clock, which nobody can set.
    """
    if connection.dialect.name == "sqlite":
        return time.monotonic_ns() // 1_000
    return int(_CLOCK.rows(connection, {})[0][0])
