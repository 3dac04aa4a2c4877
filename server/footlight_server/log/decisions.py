"""The answers that were given, kept so that they can be credited, replayed and evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from footlight_server.errors import NotFound
from footlight_server.log.bulk import Lookup, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.records import NOBODY, Decision
from footlight_server.log.schema import DECISIONS, ERASURES
from footlight_server.log.writer import Writer

_ERASED = Lookup(
    select(ERASURES.c.user_ordinal).where(ERASURES.c.tenant == bindparam("tenant")), ERASURES.c.user_ordinal
)


class DecisionLog:
    """Records decisions in the background: at most half a second of them is lost when the process is killed."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant
        self._write = self._insert

    def record(self, decision: Decision) -> bool:
        """Keep the decision. False when too many wait to be written: it is dropped, and the server's log says so."""
        return self._writer.later(self._write, decision)

    def get(self, decision_id: str) -> Decision:
        """The decision, or NotFound: also in the half second before it is written."""
        here = (DECISIONS.c.tenant == self._tenant, DECISIONS.c.decision_id == decision_id)
        with self._database.reading() as connection:
            row = connection.execute(select(*DECISIONS.c[1:]).where(*here)).first()
        if row is None:
            raise NotFound("decision", decision_id)
        return Decision(*row)

    def _insert(self, connection: Connection, decisions: Sequence[Decision]) -> None:
        """Runs in the writer. A decision that was on its way while its person was erased goes with them."""
        erased = self._erased(connection, {d.user for d in decisions if d.user != NOBODY})
        rows = [(self._tenant, *decision) for decision in decisions if decision.user not in erased]
        insert_rows(connection, DECISIONS, rows)

    def _erased(self, connection: Connection, users: set[int]) -> set[int]:
        return {row[0] for row in _ERASED.rows(connection, self._tenant, list(users))}
