"""Runs training jobs, each after those before it in its lane, and tells whoever watches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from footlight_server.errors import FootlightError, Unavailable
from footlight_server.jobs.order import Order, Report
from footlight_server.jobs.process import JobProcess, reports, spawn, tell_to_stop
from footlight_server.log.leases import Fence, LeaseLost
from footlight_server.log.records import Training, TrainingState, now
from footlight_server.log.trainings import TrainingTable

log = logging.getLogger(__name__)

RECORD_SECONDS = 1.0
"""So often the progress of a job is written down."""
RETRY_SECONDS = 1.0
"""So often a change of state is tried to be written down while the database is away."""
LANES = (False, True)
"""Whether what a job learns from is a corpus: that takes minutes or hours, what is learned from the log mostly seconds."""


@dataclass(slots=True)
class Job:
    """One job that has not ended."""

    training: Training
    order: Order
    changed: asyncio.Condition
    changes: int = 0
    process: JobProcess | None = None
    started: float = 0.0
    begun: bool = False
    """Whether it left the queue."""
    cancelled: bool = False
    left: bool = False
    """Whether another server looks after it now."""
    next_record: float = 0.0
    """When its progress is next worth a commit, on the clock of `time.monotonic`."""


def remaining_seconds(job: Job) -> float | None:
    """How long it will go on at the pace it has had so far. None while that is anybody's guess."""
    elapsed = time.monotonic() - job.started
    fraction = job.training.fraction
    if job.process is None or fraction < 0.01 or elapsed < 0.5:
        return None
    return elapsed * (1 - fraction) / fraction


class Runner:
    """The jobs in two lanes, of which one job each runs at a time: a recommender does not wait for hours until pictures are
    learned, and no more than that at once, because one uses all cores.
    """

    def __init__(
        self,
        table: TrainingTable,
        directory: Path,
        finished: Callable[[str, int, Fence], Awaitable[None]],
        fence: Fence,
    ) -> None:
        """Everything is written under the ``fence``: a server that stood still is not to end a job that another runs."""
        self._table = table
        self._directory = directory
        self._finished = finished
        self._fence = fence
        self._lanes: dict[bool, asyncio.Queue[Job]] = {lane: asyncio.Queue() for lane in LANES}
        self._jobs: dict[str, Job] = {}
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work the lanes off."""
        self._tasks = [asyncio.create_task(self._work(lane), name="training-jobs") for lane in self._lanes.values()]

    def directory_of(self, training_id: str) -> Path:
        """The job's own folder."""
        return self._directory / training_id

    def put(self, training: Training, order: Order) -> Job:
        """Queue a job that the table knows already."""
        job = Job(training, order, asyncio.Condition())
        self._jobs[training.training_id] = job
        self._lanes[bool(order.corpus_id)].put_nowait(job)
        return job

    def get(self, training_id: str) -> Job | None:
        """A job that has not ended."""
        return self._jobs.get(training_id)

    def jobs(self) -> list[Job]:
        """The jobs that have not ended."""
        return list(self._jobs.values())

    async def watch(self, job: Job) -> AsyncIterator[Training]:
        """The job now and after every change, until it has ended or another server has it. A slow watcher skips."""
        seen = -1
        while not job.left:
            async with job.changed:
                await job.changed.wait_for(lambda: job.changes > seen or job.left or self._stopping)  # noqa: B023
                seen = job.changes
            if self._stopping:
                raise Unavailable("the server is stopping; the training goes on when it starts again")
            yield job.training
            if job.training.state.ended:
                return

    async def cancel(self, job: Job) -> None:
        """Stop a job, and return when it has stopped."""
        job.cancelled = True
        if not job.begun:
            await self._end(job, TrainingState.CANCELLED)
            return
        if job.process is not None:
            tell_to_stop(job.process)
        async with job.changed:
            await job.changed.wait_for(lambda: job.training.state.ended or job.left or self._stopping)

    async def _work(self, lane: asyncio.Queue[Job]) -> None:
        while not self._stopping:
            job = await lane.get()
            if job.cancelled or self._stopping:
                continue
            job.begun = True
            try:
                await self._run(job)
            except LeaseLost:
                await self._leave(job)
            except Exception as fault:
                log.exception("training %s could not be run", job.training.training_id)
                with contextlib.suppress(LeaseLost):
                    await self._end(job, TrainingState.FAILED, error=str(fault))

    async def _leave(self, job: Job) -> None:
        """Another server looks after the job now: its row, its folder and its version are not this server's any more."""
        log.warning("training %s was taken over by another server", job.training.training_id)
        self._jobs.pop(job.training.training_id, None)
        if job.process is not None and job.process.returncode is None:
            tell_to_stop(job.process)
        job.left = True
        async with job.changed:
            job.changed.notify_all()

    async def _run(self, job: Job) -> None:
        job.process = process = await spawn(job.order)
        job.started = time.monotonic()
        await self._change(job, state=TrainingState.RUNNING)
        if job.cancelled or self._stopping:
            tell_to_stop(process)
        last = await self._listen(job, process)
        await process.wait()
        if not self._stopping or last.version:
            await self._conclude(job, last, process.returncode or 0)

    async def _listen(self, job: Job, process: JobProcess) -> Report:
        """Pass progress on; answer the last report."""
        last = Report()
        async for last in reports(process):
            if not (last.error or last.version or last.stopped):
                figures = last.metrics or job.training.metrics
                await self._change(job, fraction=last.fraction, step=last.step, metrics=figures, notes=last.notes)
        return last

    async def _conclude(self, job: Job, last: Report, code: int) -> None:
        job.training = replace(
            job.training, notes=last.notes or job.training.notes, metrics=last.metrics or job.training.metrics
        )
        if last.version:
            await self._succeed(job, last.version)
        elif job.cancelled:
            await self._end(job, TrainingState.CANCELLED)
        elif last.error:
            await self._end(job, TrainingState.FAILED, error=last.error)
        else:
            await self._end(job, TrainingState.FAILED, error=f"the training process ended with code {code}")

    async def _succeed(self, job: Job, version: int) -> None:
        try:
            await self._finished(job.training.deployment, version, self._fence)
        except LeaseLost:
            raise
        except Exception as fault:
            log.exception("version %d of %r cannot serve", version, job.training.deployment)
            await self._end(job, TrainingState.FAILED, error=f"version {version} was made but cannot serve: {fault}")
        else:
            await self._end(job, TrainingState.SUCCEEDED, fraction=1.0, model_version=version)

    async def _end(self, job: Job, state: TrainingState, **changes: Any) -> None:
        await self._change(job, state=state, end_time=now(), **changes)
        self._jobs.pop(job.training.training_id, None)
        await asyncio.to_thread(shutil.rmtree, self.directory_of(job.training.training_id), True)

    async def _change(self, job: Job, **changes: Any) -> None:
        before = job.training
        after = replace(before, **changes)
        if after.state is not before.state:
            await self._record(after)
        elif time.monotonic() >= job.next_record:  # for those who watch through another server
            job.next_record = time.monotonic() + RECORD_SECONDS
            with contextlib.suppress(FootlightError):
                await self._table.update(after, self._fence)
        job.training = after
        async with job.changed:
            job.changes += 1
            job.changed.notify_all()

    async def _record(self, training: Training) -> None:
        """Write a change of state down. The database may be away: the job and those behind it wait for it."""
        while True:
            try:
                await self._table.update(training, self._fence)
                return
            except Unavailable as away:
                log.warning("training %s cannot be recorded yet: %s", training.training_id, away.message)
                if self._stopping:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    async def stop(self) -> None:
        """Stop the jobs that run, without ending them: the next start of the server resumes them."""
        self._stopping = True
        running = [job.process for job in self._jobs.values() if job.process is not None]
        for job in list(self._jobs.values()):
            async with job.changed:
                job.changed.notify_all()  # whoever watches is told
        for process in running:
            tell_to_stop(process)
        for process in running:
            await process.wait()
        for task in self._tasks:
            task.cancel()
