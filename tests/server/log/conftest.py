"""A log of its own for every test, in SQLite and again in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.postgresql import STORES, new_database

from footlight_server.log import Catalogue, Database, DecisionLog, EventLog, Item, People, Writer

TENANT = "default"


@pytest.fixture(params=STORES, scope="session")
def store(request: pytest.FixtureRequest) -> str:
    """Which database is under test. What is about SQLite's file says so by ``parametrize("store", ["sqlite"])``."""
    name: str = request.param
    return name


@pytest.fixture
def url(store: str, tmp_path: Path) -> Iterator[str]:
    with new_database(store, tmp_path) as address:
        yield address


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    started = Writer(database)
    yield started
    await started.close()


@pytest.fixture
async def catalogue(database: Database, writer: Writer) -> Catalogue:
    """Three items: Alien, Brazil and Casablanca."""
    made = Catalogue(database, writer, TENANT)
    await made.put([Item("alien", "Alien"), Item("brazil", "Brazil"), Item("casablanca", "Casablanca")])
    return made


@pytest.fixture
def people(database: Database) -> People:
    return People(database, TENANT)


@pytest.fixture
def events(database: Database, writer: Writer, catalogue: Catalogue, people: People) -> EventLog:
    return EventLog(database, writer, catalogue, people, TENANT)


@pytest.fixture
def decisions(database: Database, writer: Writer) -> DecisionLog:
    return DecisionLog(database, writer, TENANT)
