"""An acknowledged event survives the death of the process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from footlight_plugins import EventKind
from footlight_server.log import Catalogue, Database, Event, EventLog, Item, People, Writer

APPENDER = """
import asyncio, sys
from footlight_plugins import EventKind
from footlight_server.log import Catalogue, Database, Event, EventLog, Item, People, Writer

async def main():
    database = Database.open(sys.argv[1])
    writer = Writer(database)
    catalogue = Catalogue(database, writer, "default")
    await catalogue.put([Item("alien")])
    log = EventLog(database, writer, catalogue, People(database, "default"), "default")

    async def append(worker):
        for i in range(1_000_000):
            names = [f"{worker}-{i}-{j}" for j in range(10)]
            await log.append([Event(name, f"user {i % 50}", "alien", EventKind.PLAY, time=i) for name in names])
            sys.stdout.write("".join(name + "\\n" for name in names))
            sys.stdout.flush()

    await asyncio.gather(*(append(worker) for worker in range(4)))

asyncio.run(main())
"""


def killed_in_mid_append(url: str, lines: int) -> list[str]:
    """The events that were acknowledged before the process was killed."""
    process = subprocess.Popen([sys.executable, "-c", APPENDER, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        names = [out.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        names += out.readlines()
    process.wait()
    return [name.rstrip("\n") for name in names if name.endswith("\n")]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
async def test_acknowledged_events_are_there_once_after_a_kill(url: str) -> None:
    acknowledged = await asyncio.to_thread(killed_in_mid_append, url, 500)
    database = Database.open(url)
    with database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT event_id, position FROM events ORDER BY position").all()
    database.close()
    stored = [row.event_id for row in rows]
    assert set(acknowledged) <= set(stored) and len(acknowledged) >= 500
    assert len(set(stored)) == len(stored) and [row.position for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
async def test_log_goes_on_where_the_killed_process_stopped(url: str) -> None:
    acknowledged = await asyncio.to_thread(killed_in_mid_append, url, 50)
    database = Database.open(url)
    writer = Writer(database)
    catalogue = Catalogue(database, writer, "default")
    log = EventLog(database, writer, catalogue, People(database, "default"), "default")
    before = log.position
    again = await log.append([Event(acknowledged[0], "user 0", "alien", EventKind.PLAY, time=0)])
    more = await log.append([Event("new", "user 0", "alien", EventKind.PLAY)])
    assert (again.duplicates, more.position) == (1, before + 1)
    await catalogue.put([Item("brazil")])
    await writer.close()
    database.close()
