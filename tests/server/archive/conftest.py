"""Houses to back up: a data directory and a database, with something of everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from sqlalchemy import LargeBinary, Text, select
from tests.postgresql import own_cluster

from footlight_plugins import EventKind, State
from footlight_server.archive.backup import back_up
from footlight_server.corpora.assets import AssetRecord, AssetStore
from footlight_server.corpora.store import CorpusStore
from footlight_server.log import (
    AgentLog,
    AgentRecord,
    AgentRow,
    AgentTable,
    Catalogue,
    Database,
    Decision,
    DecisionLog,
    Event,
    EventLog,
    Item,
    People,
    Writer,
)
from footlight_server.log.bulk import insert_rows
from footlight_server.log.rankings import RankingLog
from footlight_server.log.schema import METADATA
from footlight_server.models.store import Manifest, ModelStore

TENANT = "default"


class House:
    """What a server has, without the server."""

    def __init__(self, data_dir: Path, url: str = "") -> None:
        self.data_dir = data_dir
        self.url = url
        self.database = Database.open(url or f"sqlite:///{data_dir / 'footlight.db'}")
        self.writer = Writer(self.database)
        self.catalogue = Catalogue(self.database, self.writer, TENANT)
        self.people = People(self.database, TENANT)
        self.events = EventLog(self.database, self.writer, self.catalogue, self.people, TENANT)
        self.decisions = DecisionLog(self.database, self.writer, TENANT)
        self.rankings = RankingLog(self.database, self.writer, TENANT)
        self.corpora = CorpusStore(data_dir / "corpora", self.database, self.writer, TENANT)
        self.assets = AssetStore(data_dir / "assets", self.database, self.writer, TENANT)
        self.models = ModelStore(data_dir / "models")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.writer.close()
        self.database.close()

    async def furnish(self) -> None:
        """Three items of which one was deleted, Ann and Bob, Eve who was erased, and something in every table."""
        await self.catalogue.put([Item("alien", "Alien", tags=("horror",), attributes={"year": 1979}), Item("brazil")])
        await self.catalogue.put([Item("gone")])
        await self.events.append([play("a", "ann"), play("e", "eve", "brazil"), play("g", "bob", "gone")])
        await self.events.append([Event("r", "bob", "brazil", EventKind.RATING, 4.5, 1_000_001, "r-1")])
        await self.events.forget("eve")
        await self.catalogue.delete("gone")
        self.decisions.record(Decision("r-1", "recommend", "popular", 1, 3, 2, 7, b"\x00\xff", 5))
        self.ranked = [self.rankings.record(("popular", 1, 3), user, [0, 1], [2.0, 1.0]) for user in (0, 2)]
        await self._furnish_files()
        await self._furnish_agents()
        await self.writer.submit(_furnish_the_rest)

    async def _furnish_files(self) -> None:
        await self.upload({"a/b.txt": b"hills", "c.txt": b"dales"})
        asset = AssetRecord("asset", "g-1", "gan", 1, 2, "image/png", {"n": 1}, 3)
        await self.assets.add(self.assets.write(asset, b"a picture"))
        self.models.save("popular", State({"counts": np.arange(3)}, {}), Manifest("popular", log_position=3))

    async def upload(self, files: dict[str, bytes]) -> str:
        """Store a corpus."""
        upload = self.corpora.begin("land")
        for path, data in files.items():
            upload.open(path, len(data))
            upload.write(data)
        return (await upload.commit()).corpus_id

    async def _furnish_agents(self) -> None:
        agents = AgentTable(self.database, self.writer, TENANT)
        made = await agents.insert(AgentRecord("robot", "q", {"observation": 4}, {}, 2**62, 6))
        row = AgentRow(made.ordinal, 1, 1, "s", "request", observation=2, reward=-0.1, mask=b"\x01\x00")
        await self.writer.submit(lambda connection: AgentLog(self.database, TENANT).insert_rows(connection, [row]))

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the database."""
        with self.database.reading() as connection:
            tables = METADATA.sorted_tables
            return {t.name: sorted(map(tuple, connection.execute(select(t))), key=repr) for t in tables}

    def files(self) -> dict[str, bytes]:
        """Every model, corpus and asset, by its path."""
        folders = (self.data_dir / name for name in ("models", "corpora", "assets"))
        paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(self.data_dir).as_posix(): path.read_bytes() for path in paths}


def play(event_id: str, user: str, item: str = "alien") -> Event:
    return Event(event_id, user, item, EventKind.PLAY, time=1_000_000)


def _furnish_the_rest(connection: Any) -> None:
    """A row in each table that has none yet, whatever its columns are."""
    for table in METADATA.sorted_tables:
        if connection.execute(select(table).limit(1)).first() is None:
            row = tuple(_some(column.name, column.type) for column in table.columns)
            insert_rows(connection, table, [row])


def _some(name: str, kind: Any) -> Any:
    if name == "tenant":
        return TENANT
    return "{}" if isinstance(kind, Text) else b"\x00\xff" if isinstance(kind, LargeBinary) else 3


Open = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens houses by the name of their data directory; they are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        async def open_one(name: str = "old", url: str = "") -> House:
            return await stack.enter_async_context(House(tmp_path / name, url))

        yield open_one


@pytest.fixture
async def house(open_house: Open) -> House:
    """A furnished house on SQLite."""
    made = await open_house()
    await made.furnish()
    return made


@pytest.fixture
def backup_file(house: House, tmp_path: Path) -> Path:
    """A backup of the furnished house."""
    return back_up(house.data_dir, tmp_path / "backup.tar").file


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    cluster = own_cluster()
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)
