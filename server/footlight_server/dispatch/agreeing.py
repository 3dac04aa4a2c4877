"""Brings the deployments at work into line with their table, which another server may have changed."""

from __future__ import annotations

import asyncio
import logging

from footlight_server.dispatch.deployments import Deployed, Deployments
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.errors import FootlightError, NotFound
from footlight_server.log.deployments import DeploymentTable
from footlight_server.log.records import Deployment

log = logging.getLogger(__name__)


class Agreement:
    """Compares whenever the table has moved. What this server changed itself is in line already."""

    def __init__(self, deployments: Deployments, table: DeploymentTable) -> None:
        self._deployments = deployments
        self._table = table
        self._moved = asyncio.Event()

    def start(self) -> None:
        """Begin to compare."""
        self._task = asyncio.create_task(self._work(), name="deployments-agreement")

    def look(self) -> None:
        """The table has moved."""
        self._moved.set()

    async def seek(self, missing: NotFound) -> bool:
        """Whether what a call did not find is a deployment that another server has just made; it is at work then."""
        if missing.resource != "deployment" or (record := (await self._records()).get(missing.name)) is None:
            return False
        return await self._deployments.adopt(record) is not None

    async def _work(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            try:
                await self._compare()
            except FootlightError as away:
                log.warning("the deployments could not be compared with their table: %s", away.message)

    async def _compare(self) -> None:
        before = list(self._deployments)  # read first: what this server makes meanwhile is not in the rows yet
        records = await self._records()
        for deployed in before:
            if deployed.name not in records:
                await self._deployments.drop(deployed.name)
        for record in records.values():
            await self._follow(record)

    async def _records(self) -> dict[str, Deployment]:
        return {record.name: record for record in await asyncio.to_thread(self._table.list)}

    async def _follow(self, record: Deployment) -> None:
        try:
            deployed = await self._deployments.adopt(record)
            if deployed is not None and deployed.record != record:
                await self._change(deployed)
        except Exception as fault:  # a model that is not there, or an engine that raises, concerns this one only
            log.error("deployment %r cannot do as another server told it: %s", record.name, fault)

    async def _change(self, deployed: Deployed) -> None:
        async with deployed.changing:
            record = (await self._records()).get(deployed.name)  # read anew: this server may have been changing it
            if record is None or record == deployed.record or deployed.host is None:
                return
            if record.active_version != deployed.record.active_version:
                await deployed.host.activate(record.active_version)
            if record.pinned_position != deployed.record.pinned_position and isinstance(deployed.host, RecommenderHost):
                if record.pinned_position is None:
                    await deployed.host.resume()
                else:
                    await deployed.host.roll_back(record.pinned_position)
            deployed.record = record
            log.info("deployment %r was changed through another server", record.name)

    async def stop(self) -> None:
        """Compare no more."""
        self._task.cancel()
