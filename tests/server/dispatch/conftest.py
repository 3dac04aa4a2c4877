"""A log, a catalogue and a store of models, in SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from footlight_server.log import Catalogue, Database, EventLog, Item, People, Writer
from footlight_server.models.store import ModelStore

TENANT = "default"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'footlight.db'}")
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
def events(database: Database, writer: Writer, catalogue: Catalogue) -> EventLog:
    return EventLog(database, writer, catalogue, People(database, TENANT), TENANT)


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")
