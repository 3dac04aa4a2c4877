"""Who did what, and when: entries that are only ever added, each sealed with the hash of the one before it.

No RPC reads or changes them. Whoever changes the database by hand breaks the chain, which `verify` finds; whoever takes
away its end is found by the last hash, where the operator has noted it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from footlight_server.log.bulk import Prepared, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.records import now
from footlight_server.log.schema import AUDIT
from footlight_server.log.writer import Writer

START = bytes(32)
"""What stands before the first entry."""

_LAST = Prepared(
    select(AUDIT.c.number, AUDIT.c.digest)
    .where(AUDIT.c.tenant == bindparam("tenant"))
    .order_by(AUDIT.c.number.desc())
    .limit(1)
)


class Entry(NamedTuple):
    """One thing that was done, or tried."""

    number: int
    """From 1 on, without a gap."""
    time: int
    """In microseconds since 1970."""
    subject: str
    """Who did it, as tokens name them."""
    action: str
    """The RPC, or the command."""
    target: str
    """To what: a JSON object."""
    outcome: str
    """OK, or the reason of the refusal."""
    digest: bytes
    """SHA-256 over the digest before it and everything here."""


class Verified(NamedTuple):
    """What `verify` found."""

    entries: int
    head: str
    """The last digest, in hexadecimal."""
    problem: str
    """What is wrong, and where; empty where nothing is."""


class AuditTrail:
    """One tenant's entries."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant

    async def append(self, subject: str, action: str, target: Mapping[str, object], outcome: str) -> None:
        """Add an entry; it is committed when this returns."""
        said = (subject, action, json.dumps(target, ensure_ascii=False, sort_keys=True), outcome)
        await self._writer.submit(lambda connection: append_entry(connection, self._tenant, *said))


def append_entry(connection: Connection, tenant: str, subject: str, action: str, target: str, outcome: str) -> None:
    """Add an entry in a transaction that writes."""
    last = _LAST.rows(connection, {"tenant": tenant})
    number, before = (int(last[0][0]), bytes(last[0][1])) if last else (0, START)
    facts = (number + 1, now(), subject, action, target, outcome)
    insert_rows(connection, AUDIT, [(tenant, *facts, digest(before, tenant, facts))])


def digest(before: bytes, tenant: str, facts: tuple[int, int, str, str, str, str]) -> bytes:
    """The seal of an entry."""
    text = json.dumps([tenant, *facts], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def entries(connection: Connection, tenant: str) -> Iterator[Entry]:
    """All entries of a tenant, in their order."""
    query = select(*AUDIT.c[1:]).where(AUDIT.c.tenant == tenant).order_by(AUDIT.c.number)
    for row in connection.execute(query):
        yield Entry(*row)


def tenants(connection: Connection) -> list[str]:
    """Those who have entries."""
    return [str(row[0]) for row in connection.execute(select(AUDIT.c.tenant).distinct().order_by(AUDIT.c.tenant))]


def verify(connection: Connection, tenant: str) -> Verified:
    """Reckon every digest anew."""
    before, count = START, 0
    for entry in entries(connection, tenant):
        count += 1
        if entry.number != count:
            return Verified(count - 1, before.hex(), f"entry {count} is missing: entry {entry.number} follows")
        if digest(before, tenant, entry[:6]) != bytes(entry.digest):
            return Verified(count - 1, before.hex(), f"entry {count} is not what was written, or the one before it")
        before = bytes(entry.digest)
    return Verified(count, before.hex(), "")
