"""The one thread that writes, in groups that share a commit.

What waits in the queue while one group is being committed makes up the next one, so that a commit's cost is shared by
as many works as there are and nobody waits longer than for the group before.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from footlight_server.errors import Unavailable
from footlight_server.log.database import Database

T = TypeVar("T")
Record = TypeVar("Record")
_Write: TypeAlias = Callable[[Connection, Sequence[Any]], None]

_log = logging.getLogger(__name__)
_GROUP = 2_048  # works in one commit at most
_BACKLOG = 65_536  # background records that may wait
_FLUSH_S = 0.25  # how long background records wait for a group to join


@dataclass(slots=True)
class _Job:
    """A work and whoever waits for it; nobody does for background records."""

    work: Callable[[Connection], Any]
    adopt: Callable[[Any], None] | None = None
    future: asyncio.Future[Any] | None = None
    result: Any = None
    error: Exception | None = None

    def release(self) -> None:
        """On the event loop, after the commit: caches first, then whoever waits, if they still do."""
        if self.error is None and self.adopt is not None:
            try:
                self.adopt(self.result)
            except Exception as error:
                _log.exception("a committed work could not be taken over")
                self.error = error
        if self.future is None or self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Runs works in transactions, in the order in which they were submitted.

    A work is a function of the connection and must have no other effect: when a work of its group fails, it runs again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._background: deque[tuple[_Write, Any]] = deque()
        self._dropped = 0
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="footlight-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Connection], T], adopt: Callable[[T], None] | None = None) -> T:
        """Run the work in a transaction and answer its result once that is committed.

        ``adopt(result)`` runs on the event loop after the commit, in the order of the commits and even where the
        caller has been cancelled meanwhile: the place to bring caches up to date.

        Raises
        ------
        Unavailable
            When the database cannot be written, or the writer is closed.
        Exception
            Whatever the work raises; nothing of it is written then.
        """
        if self._closing:
            raise Unavailable("the server is stopping")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(work, adopt, future))
        return await future

    def later(self, write: Callable[[Connection, Sequence[Record]], None], record: Record) -> bool:
        """Write the record within half a second; all that wait for the same ``write`` are handed to it together.

        False when too many wait: the record is dropped, and the log says so.
        """
        if self._closing or len(self._background) >= _BACKLOG:
            self._dropped += 1
            return False
        self._background.append((write, record))
        return True

    async def close(self) -> None:
        """Write everything that waits, then stop. Closing twice is harmless."""
        self._closing = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        with self._database.writing() as connection:
            more = True
            while more:
                jobs, more = self._next_jobs()
                background = self._next_background()
                if group := background + jobs:
                    _run(connection, group)
                    _release(jobs)
                    _report(background, self._take_dropped())

    def _next_jobs(self) -> tuple[list[_Job], bool]:
        """The jobs that wait, at least one unless it is time to flush background records; False at the end."""
        jobs: list[_Job] = []
        try:
            job = self._queue.get(timeout=_FLUSH_S)
            while job is not None:
                jobs.append(job)
                if len(jobs) == _GROUP:
                    return jobs, True
                job = self._queue.get_nowait()
        except Empty:
            return jobs, True
        return jobs, False

    def _next_background(self) -> list[_Job]:
        """All background records that wait: those recorded before a job was submitted are written before it."""
        grouped: dict[_Write, list[Any]] = defaultdict(list)
        for _ in range(len(self._background)):
            write, record = self._background.popleft()
            grouped[write].append(record)
        return [_Job(partial(_write, write, records)) for write, records in grouped.items()]

    def _take_dropped(self) -> int:
        dropped, self._dropped = self._dropped, 0
        return dropped


def _write(write: _Write, records: Sequence[Any], connection: Connection) -> None:
    write(connection, records)


def _run(connection: Connection, jobs: list[_Job]) -> None:
    """Run the jobs in one transaction; where one fails, halve the group until it fails alone."""
    try:
        with connection.begin():
            for job in jobs:
                job.result = job.work(connection)
    except Exception as error:
        if len(jobs) == 1:
            jobs[0].error = _in_the_domain(error)
            return
        half = len(jobs) // 2
        _run(connection, jobs[:half])
        _run(connection, jobs[half:])


def _in_the_domain(error: Exception) -> Exception:
    """A full disk or a locked database is nobody's mistake, and may pass."""
    if not isinstance(error, OperationalError):
        return error
    translated = Unavailable(f"the database cannot be written: {error.orig}")
    translated.__cause__ = error
    return translated


def _release(jobs: list[_Job]) -> None:
    if not jobs or jobs[0].future is None:
        return
    try:
        jobs[0].future.get_loop().call_soon_threadsafe(_release_all, jobs)
    except RuntimeError:
        _log.warning("the event loop ended before %d committed works could be answered", len(jobs))


def _release_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.release()


def _report(background: list[_Job], dropped: int) -> None:
    for job in background:
        if job.error is not None:
            _log.error("background records could not be written", exc_info=job.error)
    if dropped:
        _log.warning("%d background records were dropped: they come faster than they can be written", dropped)
