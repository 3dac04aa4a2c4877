"""Group commit: order, isolation of failures, durability before the answer, background records."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import Connection, text

from footlight_server.errors import Unavailable
from footlight_server.log import Database, Writer


def insert(connection: Connection, ordinal: int) -> int:
    connection.execute(text("INSERT INTO people VALUES ('t', :o, :u)"), {"o": ordinal, "u": f"user {ordinal}"})
    return ordinal


def answer(connection: Connection, number: int) -> int:
    return number


def insert_all(connection: Connection, ordinals: Sequence[int]) -> None:
    for ordinal in ordinals:
        insert(connection, ordinal)


def stored(database: Database) -> list[int]:
    with database.reading() as connection:
        return list(connection.execute(text("SELECT ordinal FROM people ORDER BY ordinal")).scalars())


def held(writer: Writer) -> threading.Event:
    """Keep the writer busy until the event is set, so that what is submitted meanwhile makes one group."""
    go = threading.Event()
    task = asyncio.ensure_future(writer.submit(lambda connection: go.wait(5)))
    task.add_done_callback(lambda done: done.exception())
    return go


async def test_result_comes_after_the_commit(database: Database, writer: Writer) -> None:
    assert await writer.submit(lambda connection: insert(connection, 7)) == 7
    assert stored(database) == [7]


async def test_failure_in_a_group_hurts_only_itself(database: Database, writer: Writer) -> None:
    go = held(writer)
    await asyncio.sleep(0.05)
    works = [writer.submit(partial(insert, ordinal=o)) for o in (0, 1, 1, 2, 3)]
    waiting = asyncio.gather(*works, return_exceptions=True)
    await asyncio.sleep(0)
    go.set()
    results = await waiting
    assert [r for r in results if not isinstance(r, BaseException)] == [0, 1, 2, 3]
    assert stored(database) == [0, 1, 2, 3]


async def test_failed_work_leaves_nothing_behind(database: Database, writer: Writer) -> None:
    def work(connection: Connection) -> None:
        insert(connection, 1)
        raise KeyError("afterwards")

    with pytest.raises(KeyError):
        await writer.submit(work)
    assert stored(database) == []


async def test_works_are_adopted_in_the_order_of_submission(writer: Writer) -> None:
    adopted: list[int] = []
    await asyncio.gather(*(writer.submit(partial(answer, number=i), adopted.append) for i in range(500)))
    assert adopted == list(range(500))


async def test_cancelled_caller_does_not_undo_the_work(database: Database, writer: Writer) -> None:
    adopted: list[int] = []
    go = held(writer)
    task = asyncio.create_task(writer.submit(lambda connection: insert(connection, 1), adopted.append))
    await asyncio.sleep(0)
    task.cancel()
    go.set()
    await writer.submit(lambda connection: None)
    assert (stored(database), adopted) == ([1], [1])


async def test_background_record_is_written_by_itself(database: Database, writer: Writer) -> None:
    writer.later(insert_all, 1)
    for _ in range(100):
        await asyncio.sleep(0.02)
        if stored(database):
            break
    assert stored(database) == [1]


async def test_background_records_come_before_later_works(writer: Writer) -> None:
    for ordinal in range(10):
        writer.later(insert_all, ordinal)
    count = await writer.submit(lambda connection: connection.execute(text("SELECT count(*) FROM people")).scalar())
    assert count == 10


async def test_background_failure_leaves_works_alone(
    database: Database, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    await writer.submit(lambda connection: insert(connection, 1))
    writer.later(insert_all, 1)
    await writer.submit(lambda connection: insert(connection, 2))
    await writer.close()
    assert stored(database) == [1, 2]
    assert "background records could not be written" in caplog.text


async def test_background_queue_is_bounded(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("footlight_server.log.writer._BACKLOG", 3)
    go = held(writer)
    await asyncio.sleep(0.05)
    accepted = [writer.later(insert_all, ordinal) for ordinal in range(5)]
    go.set()
    assert accepted == [True, True, True, False, False]


async def test_closing_writes_everything_that_waits(database: Database, writer: Writer) -> None:
    tasks = [asyncio.create_task(writer.submit(partial(insert, ordinal=i))) for i in range(50)]
    await asyncio.sleep(0)
    writer.later(insert_all, 50)
    await writer.close()
    await asyncio.gather(*tasks)
    assert stored(database) == list(range(51))


async def test_closed_writer_refuses_work(writer: Writer) -> None:
    await writer.close()
    with pytest.raises(Unavailable):
        await writer.submit(lambda connection: None)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_database_that_cannot_be_written_is_unavailable(writer: Writer) -> None:
    with pytest.raises(Unavailable, match="readonly"):
        await writer.submit(
            lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON") and insert(connection, 1)
        )
