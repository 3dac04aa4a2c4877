"""The queue of training jobs, which of several servers one works off: whichever holds its lease.

The rows are the truth. A job whose row says that it was cancelled is stopped by the server that runs it, and a job
whose server died is resumed by the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from footlight_server.errors import FootlightError, NotFound, Unavailable
from footlight_server.jobs.order import Order
from footlight_server.jobs.runner import Job, Runner
from footlight_server.log.leases import LIFE_S, Fence, Lease, LeaseLost
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import Training, TrainingState, now
from footlight_server.log.trainings import TrainingTable

log = logging.getLogger(__name__)

LEASE = "trainings"
LOOK_S = LIFE_S / 4
"""While jobs wait, so often is looked whether the server that runs them is dead."""


class TrainingQueue:
    """Puts jobs into the table, and works them off while this server is the one to do so."""

    def __init__(
        self,
        table: TrainingTable,
        leasing: Leasing,
        make_runner: Callable[[Fence], Runner],
        make_order: Callable[[Training], Awaitable[Order]],
    ) -> None:
        self._table = table
        self._leasing = leasing
        self._make_runner = make_runner
        self._make_order = make_order
        self._runner: Runner | None = None
        self._lease: Lease | None = None
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._stopping = False

    async def start(self) -> None:
        """Take up the jobs that have not ended, unless another server has."""
        await self._tend()
        self._task = asyncio.create_task(self._work(), name="training-queue")

    def look(self) -> None:
        """Some row has changed."""
        self._news.set()
        self._news = asyncio.Event()

    def get(self, training_id: str) -> Job | None:
        """A job that this server runs, or is to run."""
        return self._runner.get(training_id) if self._runner is not None else None

    async def put(self, training: Training) -> None:
        """Queue a job."""
        await self._table.insert(training)
        await self._tend()

    async def watch(self, training_id: str) -> AsyncIterator[tuple[Training, Job | None]]:
        """A job now and after every change, until it has ended; with the job itself where this server runs it."""
        last: Training | None = None
        while last is None or not last.state.ended:
            news = self._news
            if self._runner is not None and (job := self._runner.get(training_id)) is not None:
                async for last in self._runner.watch(job):
                    yield last, job
                continue  # it has ended, or another server looks after it
            if (training := await asyncio.to_thread(self._table.get, training_id)) != last:
                last = training
                yield training, None
            if not training.state.ended:
                await self._wait(news)

    async def cancel(self, training_id: str) -> None:
        """Stop a job. Where this server runs it, it has stopped when this returns; otherwise it is about to."""
        if self._runner is not None and (job := self._runner.get(training_id)) is not None:
            await self._runner.cancel(job)
        else:
            await self._table.cancel(training_id)

    async def _work(self) -> None:
        while True:
            news = self._news
            try:
                waiting = await self._tend()
            except FootlightError as away:
                log.warning("the training jobs could not be looked after: %s", away.message)
                waiting = True
            await self._wait(news, LOOK_S if waiting else None)

    async def _wait(self, news: asyncio.Event, seconds: float | None = LOOK_S) -> None:
        if self._stopping:
            raise Unavailable("the server is stopping; the training goes on when it starts again")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await news.wait()

    async def _tend(self) -> bool:
        """Do what is to be done now. Answers whether there are jobs that have not ended."""
        async with self._lock:
            if self._lease is not None and await self._leasing.keep([self._lease]):
                log.warning("another server has taken over the training jobs")
                await self._let_go()
            waiting = await asyncio.to_thread(self._table.unfinished)
            if waiting and self._lease is None and not self._stopping:
                self._lease = await self._leasing.claim(LEASE)
                if self._lease is not None:
                    self._runner = self._make_runner(self._leasing.table.fence(self._lease))
                    self._runner.start()
            if self._lease is not None and self._runner is not None:
                try:
                    await self._run(self._lease, self._runner, waiting)
                except LeaseLost:
                    await self._let_go()
            return bool(waiting)

    async def _run(self, lease: Lease, runner: Runner, waiting: list[Training]) -> None:
        for training in waiting:
            await self._take_up(lease, runner, training)
        unfinished = {training.training_id for training in waiting}
        for job in runner.jobs():
            if job.training.training_id not in unfinished and self._table.get(job.training.training_id).state.ended:
                asyncio.get_running_loop().create_task(runner.cancel(job))
        if not waiting and not runner.jobs():
            self._lease = self._runner = None
            await runner.stop()
            await self._leasing.release(lease)

    async def _take_up(self, lease: Lease, runner: Runner, training: Training) -> None:
        if runner.get(training.training_id) is not None:
            return
        try:
            order = await self._make_order(training)
        except NotFound as gone:  # its plug-in or its corpus is no longer there
            error = f"it could not be resumed: {gone.message}"
            failed = replace(training, state=TrainingState.FAILED, error=error, end_time=now())
            await self._table.update(failed, self._leasing.table.fence(lease))
            return
        if not self._table.get(training.training_id).state.ended:  # it may have ended while this was prepared
            runner.put(training, order)

    async def _let_go(self) -> None:
        lease, self._lease = self._lease, None
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.stop()
        if lease is not None and lease.holds:
            await self._leasing.release(lease)

    async def stop(self) -> None:
        """Stop the job that runs, without ending it: another server, or the next start, resumes it."""
        self._stopping = True
        self._task.cancel()
        self._news.set()
        async with self._lock:
            await self._let_go()
