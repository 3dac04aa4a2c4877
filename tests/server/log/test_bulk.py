"""Rows in bulk: the same whichever way the driver takes them."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from footlight_server.log import Database, Writer
from footlight_server.log.bulk import insert_rows
from footlight_server.log.people import find_people
from footlight_server.log.schema import DECISIONS, EVENTS, PEOPLE

FEW, MANY = 3, 250
ODD = ["\\", "\\N", "tab\t", "line\n", "人", "👩‍🚀", "'", '"', "%s", ":name", "", " "]


def people(count: int, first: int = 0) -> list[tuple[str, int, str]]:
    return [("t", i, f"user {i}") for i in range(first, first + count)]


def stored_people(database: Database) -> list[tuple[str, int, str]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(PEOPLE).order_by(PEOPLE.c.ordinal))]


@pytest.mark.parametrize("count", [0, 1, FEW, 64, 99, 100, MANY, 585])
async def test_any_number_of_rows_is_inserted(database: Database, writer: Writer, count: int) -> None:
    await writer.submit(lambda connection: insert_rows(connection, PEOPLE, people(count)))
    assert stored_people(database) == people(count)


@pytest.mark.parametrize("count", [FEW, MANY])
async def test_odd_characters_and_bytes_come_back(database: Database, writer: Writer, count: int) -> None:
    rows = [("t", f"d{i}", ODD[i % len(ODD)], "", 1, 2, -1, 2**62, bytes([0, i % 256, 92]), 9) for i in range(count)]
    await writer.submit(lambda connection: insert_rows(connection, DECISIONS, rows))
    with database.reading() as connection:
        stored = {tuple(row) for row in connection.execute(select(DECISIONS))}
    assert stored == set(rows)


@pytest.mark.parametrize("count", [FEW, MANY])
async def test_a_row_that_is_there_refuses_them_all(database: Database, writer: Writer, count: int) -> None:
    await writer.submit(lambda connection: insert_rows(connection, PEOPLE, people(1, count - 1)))
    with pytest.raises(IntegrityError):
        await writer.submit(lambda connection: insert_rows(connection, PEOPLE, people(count)))
    assert len(stored_people(database)) == 1


async def test_an_event_of_nobody_is_refused(writer: Writer) -> None:
    rows = [("t", i, f"e{i}", 0, 0, 1, None, 0, 0, "") for i in range(1, MANY)]
    with pytest.raises(IntegrityError):
        await writer.submit(lambda connection: insert_rows(connection, EVENTS, rows))


async def test_refused_rows_leave_the_others_of_their_group(database: Database, writer: Writer) -> None:
    works = [writer.submit(partial(insert_many, first=first)) for first in (0, MANY // 2, MANY)]
    answers = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(answer, IntegrityError) for answer in answers] == [False, True, False]
    assert stored_people(database) == people(2 * MANY)


def insert_many(connection: Connection, first: int) -> None:
    insert_rows(connection, PEOPLE, people(MANY, first))


@pytest.mark.parametrize("asked", [0, 1, 7, 555])
async def test_any_number_of_rows_is_looked_up(database: Database, writer: Writer, asked: int) -> None:
    await writer.submit(lambda connection: insert_rows(connection, PEOPLE, people(MANY)))
    names = [f"user {i}" for i in range(asked)]
    with database.reading() as connection:
        found = find_people(connection, "t", names)
    assert found == {f"user {i}": i for i in range(min(asked, MANY))}
