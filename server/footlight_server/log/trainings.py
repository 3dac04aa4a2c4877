"""The table of training jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Insert, Row, Update, and_, insert, or_, select, update

from footlight_server.errors import NotFound
from footlight_server.log.database import Database
from footlight_server.log.leases import Fence
from footlight_server.log.paging import decode_token, encode_token, page_length
from footlight_server.log.records import Training, TrainingState, now
from footlight_server.log.revisions import TRAININGS as TOPIC
from footlight_server.log.revisions import bump
from footlight_server.log.schema import TRAININGS
from footlight_server.log.writer import Writer

_JSON = ("metrics", "options", "notes")
Trainings: TypeAlias = list[Training]  # inside the class, "list" is the method


class TrainingTable:
    """Reads and writes the rows; the jobs themselves run elsewhere."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant

    async def insert(self, training: Training) -> None:
        """Add a job; its id must be new."""
        row = _columns(training) | {"tenant": self._tenant}
        await self._writer.submit(lambda connection: self._execute(connection, insert(TRAININGS).values(row)))

    async def update(self, training: Training, fence: Fence) -> None:
        """Write the job as it is now, or raise NotFound. One that has ended stays as it is.

        Raises
        ------
        LeaseLost
            When another server looks after the jobs now; nothing was written.
        """
        statement = update(TRAININGS).where(*self._open(training.training_id)).values(_columns(training))

        def work(connection: Connection) -> int:
            fence(connection)
            return self._execute(connection, statement)

        if not await self._writer.submit(work):
            self.get(training.training_id)

    async def cancel(self, training_id: str) -> None:
        """Say that the job was cancelled, or raise NotFound. One that has ended stays as it is."""
        values = {"state": TrainingState.CANCELLED, "end_time": now()}
        statement = update(TRAININGS).where(*self._open(training_id)).values(values)
        if not await self._writer.submit(lambda connection: self._execute(connection, statement)):
            self.get(training_id)

    def _open(self, training_id: str) -> tuple[ColumnElement[bool], ...]:
        """The job, if it has not ended."""
        t = TRAININGS.c
        return t.tenant == self._tenant, t.training_id == training_id, t.state < TrainingState.SUCCEEDED

    def _execute(self, connection: Connection, statement: Insert | Update) -> int:
        changed = connection.execute(statement).rowcount
        if changed:
            bump(connection, self._tenant, TOPIC)
        return changed

    def get(self, training_id: str) -> Training:
        """One job, or NotFound."""
        key = (TRAININGS.c.tenant == self._tenant, TRAININGS.c.training_id == training_id)
        with self._database.reading() as connection:
            row = connection.execute(select(TRAININGS).where(*key)).first()
        if row is None:
            raise NotFound("training", training_id)
        return _training(row)

    def list(self, deployment: str = "", page_size: int = 0, page_token: str = "") -> tuple[Sequence[Training], str]:
        """One page, newest first, of one deployment or of all; and the token of the next page, empty after the last."""
        length = page_length(page_size)
        t = TRAININGS.c
        query = select(TRAININGS).where(t.tenant == self._tenant)
        if deployment:
            query = query.where(t.deployment == deployment)
        if key := decode_token(page_token, int, str):
            query = query.where(or_(t.create_time < key[0], and_(t.create_time == key[0], t.training_id < key[1])))
        with self._database.reading() as connection:
            rows = connection.execute(
                query.order_by(t.create_time.desc(), t.training_id.desc()).limit(length + 1)
            ).all()
        page = [_training(row) for row in rows[:length]]
        return page, encode_token(page[-1].create_time, page[-1].training_id) if len(rows) > length else ""

    def unfinished(self) -> Trainings:
        """The jobs that have not ended, oldest first: what a server that starts again has to look after."""
        t = TRAININGS.c
        here = (t.tenant == self._tenant, t.state < TrainingState.SUCCEEDED)
        with self._database.reading() as connection:
            rows = connection.execute(select(TRAININGS).where(*here).order_by(t.create_time, t.training_id))
            return [_training(row) for row in rows]


def _columns(training: Training) -> dict[str, Any]:
    columns = asdict(training)
    return columns | {name: json.dumps(columns[name]) for name in _JSON}


def _training(row: Row[Any]) -> Training:
    columns = row._asdict()
    del columns["tenant"]
    columns |= {name: json.loads(columns[name]) for name in _JSON}
    return Training(**columns | {"state": TrainingState(row.state), "notes": tuple(columns["notes"])})
