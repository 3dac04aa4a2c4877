"""The table of deployments: named uses of engines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from footlight_server.errors import AlreadyExists, NotFound
from footlight_server.log.bulk import insert_rows
from footlight_server.log.database import Database
from footlight_server.log.leases import Fence
from footlight_server.log.records import Deployment
from footlight_server.log.revisions import DEPLOYMENTS as TOPIC
from footlight_server.log.revisions import bump
from footlight_server.log.schema import DEPLOYMENTS
from footlight_server.log.writer import Writer


class DeploymentTable:
    """Reads and writes the rows; what a deployment may be is decided elsewhere."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant

    def list(self) -> Sequence[Deployment]:
        """All deployments, by name."""
        query = select(DEPLOYMENTS).where(DEPLOYMENTS.c.tenant == self._tenant).order_by(DEPLOYMENTS.c.name)
        with self._database.reading() as connection:
            return [_deployment(row) for row in connection.execute(query)]

    async def create(self, deployment: Deployment) -> None:
        """Add a deployment, or raise AlreadyExists."""
        await self._writer.submit(lambda connection: self._create(connection, deployment))

    async def delete(self, name: str) -> None:
        """Remove a deployment, or raise NotFound."""
        await self._writer.submit(lambda connection: self._delete(connection, name))

    async def activate(self, name: str, version: int, engine: str = "", fence: Fence | None = None) -> None:
        """Make a model version the one that serves.

        A deployment that has no row yet, such as an engine's own, gets one with default options where ``engine`` is
        given; without it NotFound is raised.
        """

        def work(connection: Connection) -> None:
            if fence is not None:
                fence(connection)
            self._activate(connection, name, version, engine)

        await self._writer.submit(work)

    async def pin(self, name: str, position: int | None) -> None:
        """Hold a deployment at a log position, or let it follow the log where that is None; NotFound if there is none."""
        await self._writer.submit(lambda connection: self._pin(connection, name, position))

    async def wake(self, name: str) -> None:
        """Note that a deployment has been asked, so that it is brought to work when a server starts."""
        awake = update(DEPLOYMENTS).where(*self._is(name)).values(awake=1)
        await self._writer.submit(lambda connection: connection.execute(awake).rowcount)

    def _create(self, connection: Connection, new: Deployment) -> None:
        if connection.execute(select(DEPLOYMENTS.c.name).where(*self._is(new.name))).first():
            raise AlreadyExists("deployment", new.name)
        row = (
            self._tenant,
            new.name,
            new.engine,
            json.dumps(dict(new.options)),
            new.active_version,
            new.pinned_position,
            int(new.awake),
        )
        insert_rows(connection, DEPLOYMENTS, [row])
        bump(connection, self._tenant, TOPIC)

    def _delete(self, connection: Connection, name: str) -> None:
        if not connection.execute(delete(DEPLOYMENTS).where(*self._is(name))).rowcount:
            raise NotFound("deployment", name)
        bump(connection, self._tenant, TOPIC)

    def _pin(self, connection: Connection, name: str, position: int | None) -> None:
        if not connection.execute(update(DEPLOYMENTS).where(*self._is(name)).values(pinned_position=position)).rowcount:
            raise NotFound("deployment", name)
        bump(connection, self._tenant, TOPIC)

    def _activate(self, connection: Connection, name: str, version: int, engine: str) -> None:
        bump(connection, self._tenant, TOPIC)
        statement = update(DEPLOYMENTS).where(*self._is(name)).values(active_version=version)
        if connection.execute(statement).rowcount:
            return
        if not engine:
            raise NotFound("deployment", name)
        insert_rows(connection, DEPLOYMENTS, [(self._tenant, name, engine, "{}", version, None, 0)])

    def _is(self, name: str) -> tuple[ColumnElement[bool], ...]:
        return DEPLOYMENTS.c.tenant == self._tenant, DEPLOYMENTS.c.name == name


def _deployment(row: Row[Any]) -> Deployment:
    return Deployment(
        row.name, row.engine, json.loads(row.options), row.active_version, row.pinned_position, bool(row.awake)
    )
