"""Works that are committed on the event loop itself: nobody is waited for, and no disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from footlight_server.log import Database, Writer
from footlight_server.log import writer as module
from footlight_server.log.sqlite import PromptConnection

INSERT = "INSERT INTO people VALUES ('t', ?, ?)"


def insert(prompt: PromptConnection, *ordinals: int) -> bool:
    return prompt.insert(INSERT, [(ordinal, f"user {ordinal}") for ordinal in ordinals])


def at_once(writer: Writer, *ordinals: int) -> bool:
    return writer.at_once(lambda prompt: insert(prompt, *ordinals))


def stored(database: Database) -> list[int]:
    with database.reading() as connection:
        return list(connection.execute(text("SELECT ordinal FROM people ORDER BY ordinal")).scalars())


@contextmanager
def somebody_writes(url: str) -> Iterator[None]:
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@pytest.mark.parametrize("store", ["sqlite"])
async def test_it_is_committed_when_it_returns(database: Database, writer: Writer) -> None:
    assert at_once(writer, 3) and at_once(writer, 5, 4)
    assert stored(database) == [3, 4, 5]


@pytest.mark.parametrize("store", ["sqlite"])
async def test_it_overtakes_what_waits(database: Database, writer: Writer) -> None:
    waiting = writer.submit(lambda connection: None)
    writer.later(lambda connection, records: None, 1)
    assert at_once(writer, 1) and stored(database) == [1]
    await waiting


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("ordinals", [(1,), (1, 2)])
async def test_nobody_is_waited_for(database: Database, writer: Writer, url: str, ordinals: tuple[int, ...]) -> None:
    with somebody_writes(url):
        assert not at_once(writer, *ordinals)
    assert stored(database) == []


@pytest.mark.parametrize("store", ["sqlite"])
async def test_a_row_that_cannot_be_leaves_nothing_behind(database: Database, writer: Writer) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        at_once(writer, 1, 2, 2)
    assert stored(database) == [] and at_once(writer, 1)


@pytest.mark.parametrize("store", ["sqlite"])
async def test_now_and_then_the_thread_commits_two_groups_alone(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IN_A_ROW", 2)
    done = []
    for ordinal in range(8):
        done.append(at_once(writer, ordinal))
        if not done[-1]:
            await writer.submit(lambda connection: None)
    assert done == [True, True, False, False, True, True, False, False]


async def test_a_commit_that_waits_for_the_disk_is_not_for_the_loop(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'other.db'}", "full")
    writer = Writer(database)
    try:
        assert not at_once(writer, 1)
    finally:
        await writer.close()
        database.close()


async def test_a_database_that_is_elsewhere_is_written_by_the_thread(writer: Writer, store: str) -> None:
    assert at_once(writer, 1) == (store == "sqlite")


async def test_a_submitted_work_comes_after(database: Database, writer: Writer) -> None:
    at_once(writer, 1)

    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO people VALUES ('t', 2, 'b')"))

    await writer.submit(work)
    assert stored(database)[-1] == 2
