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
from sqlalchemy.exc import IntegrityError

from footlight_server.errors import FootlightError, Unavailable
from footlight_server.log.database import Database, in_the_domain
from footlight_server.log.sqlite import PromptConnection

T = TypeVar("T")
Record = TypeVar("Record")
_Write: TypeAlias = Callable[[Connection, Sequence[Any]], None]

_log = logging.getLogger(__name__)
_GROUP = 2_048  # works in one commit at most
_BACKLOG = 65_536  # background records that may wait
_UNSURE = "the connection was lost during the commit, so it may have been written; repeat it as it is"
_IN_A_ROW = 4_096  # works at once before the thread has its turn
_FLUSH_S = 0.25  # how long background records wait for a group to join


@dataclass(slots=True)
class _Job:
    """A work and whoever waits for it; nobody does for background records."""

    work: Callable[[Connection], Any]
    adopt: Callable[[Any], None] | None = None
    future: asyncio.Future[Any] | None = None
    result: Any = None
    error: Exception | None = None
    records: int = 0
    """How many background records it holds."""
    unsure: bool = False
    """Whether it may have been committed although it failed."""

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
        self._kept: list[_Job] = []  # background works that wait for the database to come back
        self._kept_records = 0
        self._dropped = 0
        self._connection: Connection | None = None
        self._closing = False
        self._in_a_row = 0  # works that were done at once
        self._resting = 0  # so many groups of the thread have to be committed before the next one is
        self._thread = threading.Thread(target=self._serve, name="footlight-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Connection], T], adopt: Callable[[T], None] | None = None) -> T:
        """Run the work in a transaction and answer its result once that is committed.

        ``adopt(result)`` runs on the event loop after the commit, in the order of the commits and even where the
        caller has been cancelled meanwhile: the place to bring caches up to date.

        Raises
        ------
        Unavailable
            When the database cannot be written now, or the writer is closed. Where the connection was lost during the
            commit, the work may have been written: repeat it under the same ids.
        Exception
            Whatever the work raises; nothing of it is written then.
        """
        if self._closing:
            raise Unavailable("the server is stopping")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(work, adopt, future))
        return await future

    def at_once(self, work: Callable[[PromptConnection], bool]) -> bool:
        """Do a work of microseconds here and now, on the event loop, committed when this returns.

        It overtakes what was submitted before and is not committed yet. False where it was not done, and has to be
        submitted: while somebody else writes; where the database would make the loop wait; and now and then for two groups,
        so that the thread's commit, alone for once, moves the write-ahead log to the database file, and its next one begins
        the log anew. Both wait for the disk.

        Raises
        ------
        sqlite3.Error
            Whatever the work raises; nothing of it is written then.
        """
        if self._closing or self._resting or (prompt := self._database.prompt()) is None or not work(prompt):
            return False
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW:
            self._in_a_row, self._resting = 0, 2
        return True

    @property
    def is_prompt(self) -> bool:
        """Whether anything can be done `at_once` at all."""
        return not self._closing and self._database.prompt() is not None

    def later(self, write: Callable[[Connection, Sequence[Record]], None], record: Record) -> bool:
        """Write the record within half a second; all that wait for the same ``write`` are handed to it together.

        Records wait for a database that is away. False when too many wait: the record is dropped, and the log says so.
        """
        if self._closing or len(self._background) + self._kept_records >= _BACKLOG:
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
        more = True
        while more:
            jobs, more = self._next_jobs()
            background = self._kept + self._next_background()
            if group := background + jobs:
                self._run(group)
                self._release(jobs)
                self._after(background)
            else:
                self._database.finish_scrubbing()
        self._disconnect()
        if self._kept:
            _log.error("%d background records are lost", self._kept_records)

    def _run(self, jobs: list[_Job]) -> None:
        """Run the jobs in one transaction; where one fails, halve the group until it fails alone."""
        committing = False
        try:
            self._connection = connection = self._connection or self._database.writing()
            with self._database.turn(), connection.begin():
                for job in jobs:
                    job.result = job.work(connection)
                committing = True
        except Exception as error:
            unsure = committing and self._connection is not None and self._connection.invalidated
            if (away := in_the_domain(error, _UNSURE if unsure else "nothing was written")) is not None:
                self._give_up(jobs, away, unsure)
            elif len(jobs) == 1:
                # What is there already after a commit of unknown outcome is what that commit wrote.
                written = jobs[0].unsure and isinstance(error, IntegrityError)
                jobs[0].error = None if written else error
            else:
                half = len(jobs) // 2
                self._run(jobs[:half])
                self._run(jobs[half:])

    def _give_up(self, jobs: list[_Job], away: FootlightError, unsure: bool) -> None:
        """Fail the whole group: the database is away, and to halve the group would be to ask it again and again.

        Where the connection broke while the commit was on its way, nobody can say whether it was done. Then the caller
        repeats the call, and ids decide: an event, a request or a reward that is there already is not written again
        and is answered as the first time would have been. Positions are read anew in each transaction, and what is in
        memory is brought up to date from the answer (see `EventLog`), so that both outcomes lead to the same state.
        """
        for job in jobs:
            job.error, job.unsure = type(away)(away.message), job.unsure or unsure  # each caller raises one of its own
        self._disconnect()

    def _disconnect(self) -> None:
        """Let go of the connection; the next group makes a new one."""
        if self._connection is not None:
            if not self._connection.invalidated:
                self._connection.invalidate()
            self._connection.close()
        self._connection = None

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
        return [_Job(partial(_write, write, records), records=len(records)) for write, records in grouped.items()]

    def _after(self, background: list[_Job]) -> None:
        """Keep what could not be written because the database is away, and say what is lost."""
        away = [job for job in background if isinstance(job.error, Unavailable)]
        if away and not self._kept:
            _log.warning("background records wait: %s", away[0].error)
        self._kept = [_Job(job.work, records=job.records, unsure=job.unsure) for job in away]
        self._kept_records = sum(job.records for job in away)
        for job in background:
            if job.error is not None and job not in away:
                _log.error("background records could not be written", exc_info=job.error)
        dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.warning("%d background records were dropped: they come faster than they can be written", dropped)

    def _release(self, jobs: list[_Job]) -> None:
        if not jobs or jobs[0].future is None:
            return
        try:
            jobs[0].future.get_loop().call_soon_threadsafe(self._release_all, jobs)
        except RuntimeError:
            _log.warning("the event loop ended before %d committed works could be answered", len(jobs))

    def _release_all(self, jobs: list[_Job]) -> None:
        self._resting = max(0, self._resting - 1)
        for job in jobs:
            job.release()


def _write(write: _Write, records: Sequence[Any], connection: Connection) -> None:
    write(connection, records)
