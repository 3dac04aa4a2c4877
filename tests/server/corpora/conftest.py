"""A corpus store and an asset store of their own for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from footlight_server.corpora.assets import AssetStore
from footlight_server.corpora.store import CorpusStore
from footlight_server.log import Database, Writer


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
def store(tmp_path: Path, database: Database, writer: Writer) -> CorpusStore:
    return CorpusStore(tmp_path / "corpora", database, writer, "default")


@pytest.fixture
def assets(tmp_path: Path, database: Database, writer: Writer) -> AssetStore:
    return AssetStore(tmp_path / "assets", database, writer, "default")
