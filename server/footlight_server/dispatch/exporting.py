"""Everything of one person, for whoever has a right to see it: what the database keeps, and which models know them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from footlight_plugins import Recommender
from footlight_server.archive.personal import Record, records
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployed, Deployments
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.errors import FootlightError
from footlight_server.log.database import Database
from footlight_server.log.people import People
from footlight_server.log.records import NOBODY
from footlight_server.log.validation import check_id
from footlight_server.models.answers import known_to


class Exporting:
    """Answers ExportUser."""

    def __init__(self, database: Database, people: People, deployments: Deployments, policy: Policy) -> None:
        self._database = database
        self._people = people
        self._deployments = deployments
        self._policy = policy

    async def export(self, asking: Asking, user_id: str) -> AsyncIterator[list[Record]]:
        """The records: first those of the database, then what models know."""
        self._policy.check(asking, "admin")
        check_id("user_id", user_id)
        yield await asyncio.to_thread(self._read, asking.principal.tenant, user_id)
        if (ordinal := self._people.ordinal(user_id)) != NOBODY:
            yield [
                await self._model(asking, deployed, ordinal) for deployed in self._deployments if _has_state(deployed)
            ]

    def _read(self, tenant: str, user_id: str) -> list[Record]:
        with self._database.reading() as connection:
            return list(records(connection, tenant, user_id))

    async def _model(self, asking: Asking, deployed: Deployed, ordinal: int) -> Record:
        host = deployed.host
        assert isinstance(host, RecommenderHost)
        said = {"deployment": host.name, "engine": deployed.spec.name, "model_version": host.version}
        try:
            knows = await host.run(_knows, ordinal, asking.call)
        except FootlightError as away:
            return "models", said | {"log_position": host.position, "problem": away.message}
        return "models", said | {"log_position": host.position, "knows": knows}


def _has_state(deployed: Deployed) -> bool:
    """Whether there is a state that could know somebody: one that sleeps is made of the log when it is asked."""
    return isinstance(deployed.host, RecommenderHost) and not deployed.host.asleep and deployed.host.engine is not None


def _knows(engine: Recommender, ordinal: int) -> bool:
    return known_to(engine, ordinal)
