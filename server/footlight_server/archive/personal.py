"""Everything that the database keeps of one person, table by table.

Each table either has a reader here or is named among those that hold nobody; a test holds that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, select

from footlight_plugins import EventKind
from footlight_server.archive.work_rows import agent_names, item_names, pages, rankings, reader
from footlight_server.log.records import NOBODY
from footlight_server.log.schema import (
    AGENT_LOG,
    AGENTS,
    ASSETS,
    AUDIT,
    CONVERSATION_TURNS,
    CORPORA,
    CORPUS_FILES,
    DECISIONS,
    DEPLOYMENTS,
    ERASURES,
    EVENTS,
    ITEMS,
    LEASES,
    LISTENERS,
    PEOPLE,
    RANKING_PAGES,
    REVISIONS,
    TOKENS,
    TRAININGS,
)

Fields = Mapping[str, Any]
Record = tuple[str, Fields]
"""What it is, and its fields by name."""

IMPERSONAL = {
    ITEMS: "the house's own",
    ERASURES: "a mark that somebody was erased, without a name",
    DEPLOYMENTS: "the house's own",
    TRAININGS: "the house's own",
    AGENTS: "the house's own",
    CORPORA: "the house's own",
    CORPUS_FILES: "the house's own",
    REVISIONS: "counters",
    LEASES: "of servers",
    LISTENERS: "how far each was told",
    TOKENS: "of programs",
    AUDIT: "people have pseudonyms there",
}
"""The tables that hold nothing of people, and why."""


@dataclass(frozen=True)
class Person:
    """Somebody, in one moment of the database."""

    connection: Connection
    tenant: str
    user_id: str

    @cached_property
    def ordinal(self) -> int:
        """-1 for somebody whom the log does not know."""
        query = select(PEOPLE.c.ordinal).where(PEOPLE.c.tenant == self.tenant, PEOPLE.c.user_id == self.user_id)
        found = self.connection.execute(query).scalar()
        return NOBODY if found is None else int(found)

    @cached_property
    def items(self) -> Mapping[int, str]:
        """The names of items."""
        return item_names(self.connection, self.tenant)

    def rows(self, table: Table, *where: ColumnElement[bool]) -> Iterator[Fields]:
        """Rows of a table under the owner's names."""
        read = reader(table, agent_names(self.connection, self.tenant), lambda _: self.user_id)
        query = select(table).where(table.c.tenant == self.tenant, *where).order_by(*table.primary_key.columns)
        return map(read, self.connection.execute(query))


def _people(person: Person) -> Iterator[Fields]:
    if person.ordinal != NOBODY:
        yield {"user_id": person.user_id}


def _events(person: Person) -> Iterator[Fields]:
    for row in person.rows(EVENTS, EVENTS.c.user_ordinal == person.ordinal):
        named = {name: value for name, value in row.items() if name not in ("item_ordinal", "tie")}
        yield named | {"item_id": person.items[row["item_ordinal"]], "kind": EventKind(row["kind"]).name.lower()}


def _decisions(person: Person) -> Iterator[Fields]:
    return person.rows(DECISIONS, DECISIONS.c.user_ordinal == person.ordinal)


def _rankings(person: Person) -> Iterator[Fields]:
    for page in person.connection.execute(pages(person.tenant)):
        if person.ordinal in np.frombuffer(page.people, "<i4"):
            of_page = rankings(page, person.items, lambda user: person.user_id if user == person.ordinal else "")
            yield from (ranking for ranking in of_page if ranking["user_id"] == person.user_id)


def _steps(person: Person) -> Iterator[Fields]:
    """Decisions that agents made for the person, their rewards, and the ends of their sessions."""
    c = AGENT_LOG.c
    made = select(c.agent, c.position).where(c.tenant == person.tenant, c.person == person.ordinal)
    for agent, position in person.connection.execute(made).all():
        here = c.agent == agent
        yield from person.rows(AGENT_LOG, here, (c.position == position) | (c.decision == position))


def _turns(person: Person) -> Iterator[Fields]:
    return person.rows(CONVERSATION_TURNS, CONVERSATION_TURNS.c.user_id == person.user_id)


def _assets(person: Person) -> Iterator[Fields]:
    mine = select(DECISIONS.c.decision_id).where(
        DECISIONS.c.tenant == person.tenant, DECISIONS.c.user_ordinal == person.ordinal
    )
    return person.rows(ASSETS, ASSETS.c.decision_id.in_(mine))


READERS: Mapping[Table, Callable[[Person], Iterator[Fields]]] = {
    PEOPLE: _people,
    EVENTS: _events,
    DECISIONS: _decisions,
    RANKING_PAGES: _rankings,
    AGENT_LOG: _steps,
    CONVERSATION_TURNS: _turns,
    ASSETS: _assets,
}
"""How each table that holds something of people is read."""


def records(connection: Connection, tenant: str, user_id: str) -> Iterator[Record]:
    """Everything of a person. Reads the database as it goes."""
    person = Person(connection, tenant, user_id)
    for table, read in READERS.items():
        if person.ordinal == NOBODY and table is not CONVERSATION_TURNS:
            continue  # who never had an event may have talked
        kind = "rankings" if table is RANKING_PAGES else table.name
        for fields in read(person):
            yield kind, fields
