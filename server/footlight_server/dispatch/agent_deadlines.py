"""Closes decisions when the time for their rewards is up, also while nobody asks."""

from __future__ import annotations

import asyncio
import logging

from footlight_server.agents.agent_host import AgentHost
from footlight_server.dispatch.agent_access import AgentAccess
from footlight_server.errors import FootlightError

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25


class Deadlines:
    """Looks after agents whose rewards have a deadline, four times a second.

    It is only for those who look at an agent: whatever moves it closes what is overdue first, so nothing depends on this.
    """

    def __init__(self, access: AgentAccess) -> None:
        self._access = access
        self._watched: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def watch(self, host: AgentHost) -> None:
        """Look after an agent from now on."""
        if host.settings.reward.wait:
            self._watched.add(host.record.agent_id)
            if self._task is None:
                self._task = asyncio.create_task(self._look(), name="agent-deadlines")

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for agent_id in list(self._watched):
                try:
                    await self._close(agent_id)
                except FootlightError as fault:
                    log.warning("decisions of agent %r could not be closed yet: %s", agent_id, fault)
                except Exception:
                    log.exception("decisions of agent %r could not be closed", agent_id)

    async def _close(self, agent_id: str) -> None:
        record = self._access.record("agent_id", agent_id)
        host = self._access.keeper.open_host(record)
        if host is None:
            self._watched.discard(agent_id)  # another server moves it, or nobody
            return
        host.enter()
        try:
            async with host.turn:
                await host.close_overdue()
        finally:
            host.leave()

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
