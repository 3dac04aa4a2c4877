"""Keeps the states on disk near to the end of the log, so that a start has little to replay, and free of who was erased.

The work is done by a process of its own, one at a time; the server only looks when it is due.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from footlight_server.config import ServerConfig
from footlight_server.dispatch.deployments import Deployed, Deployments, options_in_force
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.jobs.order import Order, Report, Task
from footlight_server.jobs.process import JobProcess, last_report, spawn
from footlight_server.log.leasing import Leasing
from footlight_server.models.checkpoints import Place

log = logging.getLogger(__name__)

LEASE = "checkpoints"
"""Of several servers on one database, one at a time makes a checkpoint."""

SCRUB_LEASE = "scrub"
"""And one at a time rewrites versions."""

LOOK_SECONDS = 1.0
"""So often is looked whether a checkpoint is due."""

GATHER_SECONDS = 5.0
"""After an erasure so long is waited for further ones before checkpoints are rewritten."""

ERASED_SECONDS = 60.0
"""A checkpoint that was made before an erasure is rewritten within this time, or else removed."""

RETRY_SECONDS = 300.0
"""How long a deployment whose checkpoint failed is left alone."""


class Checkpointing:
    """Orders checkpoints of all deployments that follow the log. Everything here runs on the event loop."""

    def __init__(self, config: ServerConfig, deployments: Deployments, leasing: Leasing) -> None:
        self._config = config
        self._deployments = deployments
        self._leasing = leasing
        self._processes: set[JobProcess] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._stored_at: dict[str, float] = {}
        """When each deployment was last seen with nothing to store, on the clock of `time.monotonic`."""
        self._not_before: dict[str, float] = {}
        self._outdated: dict[str, float] = {}
        """Since when each deployment is known to have checkpoints that were made before an erasure."""
        self._scrubbed: dict[str, tuple[object, ...]] = {}
        """The erasure epoch and the versions with which each deployment was last seen to be clean."""

    def start(self) -> None:
        """Look after the checkpoints from now on."""
        works = (self._make_due, "checkpoints"), (self._sweep, "sweep-checkpoints"), (self._scrub_due, "scrub-versions")
        for work, name in works:
            self._tasks.append(asyncio.create_task(_for_ever(work), name=name))

    async def stop(self) -> None:
        """End at once. What a process has not finished is cleaned at the next start."""
        for task in self._tasks:
            task.cancel()
        for process in list(self._processes):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _make_due(self) -> None:
        for deployed in list(self._deployments):
            if isinstance(host := deployed.host, RecommenderHost) and self._due(deployed.name, host):
                await self._look_on_disk(deployed, host)
                if self._due(deployed.name, host):
                    await self._make_alone(deployed, host)

    async def _look_on_disk(self, deployed: Deployed, host: RecommenderHost) -> None:
        """Another server on the same data may have made one."""
        checkpoints = self._deployments.models.checkpoints(deployed.name)
        if places := await asyncio.to_thread(checkpoints.places, host.version):
            self._adopt(deployed, host, places[0])

    async def _make_alone(self, deployed: Deployed, host: RecommenderHost) -> None:
        if (lease := await self._leasing.claim(LEASE)) is None:
            return  # another server makes one
        try:
            await self._make(deployed, host)
        finally:
            await self._leasing.release(lease)

    def _due(self, name: str, host: RecommenderHost) -> bool:
        now, ahead = time.monotonic(), host.position - host.stored.position
        if host.engine is None or host.pinned is not None or self._not_before.get(name, 0.0) > now:
            return False
        if name in self._outdated:
            return now - self._outdated[name] >= GATHER_SECONDS
        if not ahead:
            self._stored_at[name] = now
        if not self._config.checkpoint_events or not ahead:
            return False
        waited = now - self._stored_at.setdefault(name, now)
        return ahead >= self._config.checkpoint_events or waited >= 60 * self._config.checkpoint_minutes

    async def _make(self, deployed: Deployed, host: RecommenderHost) -> None:
        order = await asyncio.to_thread(self._order, deployed, host)
        started = time.monotonic()
        last = await self._done(order)
        if last.checkpoint is None:
            self._not_before[deployed.name] = time.monotonic() + RETRY_SECONDS
            log.warning("no checkpoint of %r could be made: %s", deployed.name, last.error or "its process ended early")
            return
        self._adopt(deployed, host, Place(*last.checkpoint))
        log.info(
            "checkpoint of %r at position %d, made in %.1f s",
            deployed.name,
            order.log_position,
            time.monotonic() - started,
        )

    async def _done(self, order: Order) -> Report:
        """Have a process do what the order says; answers how it ended."""
        try:
            process = await spawn(order)
        except OSError as fault:
            return Report(error=str(fault))
        self._processes.add(process)
        try:
            return await last_report(process)
        finally:
            self._processes.discard(process)

    async def _scrub_due(self) -> None:
        """Rewrite the versions that hold somebody who was erased, some seconds after the last erasure."""
        models, events = self._deployments.models, self._deployments.events
        for deployed in list(self._deployments):
            if not isinstance(host := deployed.host, RecommenderHost) or not events.epoch:
                continue
            key = events.epoch, *await asyncio.to_thread(models.numbers, deployed.name)
            if self._scrubbed.get(deployed.name) == key:
                continue
            if await asyncio.to_thread(models.older_than, deployed.name, events.epoch):
                await asyncio.sleep(GATHER_SECONDS)
                if events.epoch != key[0] or not await self._scrub(deployed, host):
                    continue  # more came: they are taken out together, at the next look
            self._scrubbed[deployed.name] = key

    async def _scrub(self, deployed: Deployed, host: RecommenderHost) -> bool:
        """Whether it is done, by this server."""
        if self._not_before.get(f"scrub {deployed.name}", 0.0) > time.monotonic():
            return False
        if (lease := await self._leasing.claim(SCRUB_LEASE)) is None:
            return False
        try:
            order = await asyncio.to_thread(self._order, deployed, host)
            directory = str(self._config.data_dir / "jobs" / "scrub")
            last = await self._done(replace(order, task=Task.SCRUB, directory=directory))
        finally:
            await self._leasing.release(lease)
        if last.error or last.fraction < 1.0:
            self._not_before[f"scrub {deployed.name}"] = time.monotonic() + RETRY_SECONDS
            log.warning("the versions of %r could not be scrubbed: %s", deployed.name, last.error or "the process died")
            return False
        log.info("%d versions of %r were rewritten without those who were erased", last.step, deployed.name)
        return True

    def _adopt(self, deployed: Deployed, host: RecommenderHost, place: Place) -> None:
        if place > host.stored:
            self._stored_at[deployed.name] = time.monotonic()
        if all(deployed is not other for other in self._deployments):  # it was deleted meanwhile
            self._deployments.models.checkpoints(deployed.name).discard(place)
        elif host.version == place.version:
            host.stored = max(host.stored, place)

    def _order(self, deployed: Deployed, host: RecommenderHost) -> Order:
        config, events = self._config, self._deployments.events
        return Order(
            engine=deployed.spec.name,
            deployment=deployed.name,
            options=options_in_force(deployed),
            seed=0,
            tenant=events.tenant,
            database_url=config.database_url,
            models_dir=str(config.data_dir / "models"),
            directory=str(config.data_dir / "jobs" / "checkpoint"),
            log_position=host.position,
            erasure_epoch=events.epoch,
            corpus_id="",
            corpus_files=(),
            plugins_dir=str(config.plugins.plugins_dir or ""),
            disabled=tuple(config.plugins.disabled),
            allowed=config.plugins.only,
            threads=config.threads,
            task=Task.CHECKPOINT,
            model_version=host.version,
            isolated=tuple(sorted(config.limits.isolated_plugins)),
            isolated_bytes=config.limits.isolated_bytes,
        )

    async def _sweep(self) -> None:
        """Find checkpoints that were made before an erasure; remove those that nobody rewrites."""
        epoch, now = self._deployments.events.epoch, time.monotonic()
        stores = {deployed.name: self._deployments.models.checkpoints(deployed.name) for deployed in self._deployments}
        found = await asyncio.to_thread(lambda: [name for name, store in stores.items() if store.outdated(epoch)])
        self._outdated = {name: self._outdated.get(name, now) for name in found}
        for name, since in self._outdated.items():
            if now - since >= ERASED_SECONDS:
                await asyncio.to_thread(stores[name].remove_outdated, epoch)
                log.warning("checkpoints of %r from before an erasure were removed: nobody rewrote them in time", name)


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await work()
        except Exception:  # the next look may go better
            log.exception("the checkpoints could not be looked after")
            await asyncio.sleep(GATHER_SECONDS)
