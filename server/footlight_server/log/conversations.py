"""The table of conversations: what was typed, what was answered, what it has come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy.exc import IntegrityError

from footlight_server.errors import Unavailable
from footlight_server.log.bulk import insert_rows
from footlight_server.log.database import Database
from footlight_server.log.schema import CONVERSATION_TURNS
from footlight_server.log.writer import Writer


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn."""

    deployment: str
    conversation_id: str
    turn: int
    """From 1 on."""
    user_id: str
    """Empty where nobody said."""
    request_id: str | None
    decision_id: str
    """Of the newest decision, this turn's or an earlier one's; empty where there was none yet."""
    said: str
    answer: Mapping[str, Any]
    memory: Mapping[str, Any]
    time: int


class ConversationTable:
    """Reads and writes turns. What a person typed is erased with the person, or with the conversation."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant

    def last(self, deployment: str, conversation_id: str) -> TurnRecord | None:
        """The newest turn of a conversation."""
        c = CONVERSATION_TURNS.c
        query = select(CONVERSATION_TURNS).where(*self._of(deployment, conversation_id))
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(c.turn.desc()).limit(1)).first()
        return None if row is None else _turn(row)

    def requested(self, deployment: str, conversation_id: str, request_id: str) -> TurnRecord | None:
        """The turn that a request id led to."""
        here = (*self._of(deployment, conversation_id), CONVERSATION_TURNS.c.request_id == request_id)
        with self._database.reading() as connection:
            row = connection.execute(select(CONVERSATION_TURNS).where(*here)).first()
        return None if row is None else _turn(row)

    async def append(self, turn: TurnRecord) -> None:
        """Write a turn down.

        Raises
        ------
        Unavailable
            When another server has answered a turn of the same conversation meanwhile.
        """
        try:
            await self._writer.submit(lambda connection: self._insert(connection, turn))
        except IntegrityError as fault:
            message = f"conversation '{turn.conversation_id}' went on elsewhere meanwhile: ask again"
            raise Unavailable(message) from fault

    def silent(self, before: int, limit: int) -> list[tuple[str, str]]:
        """Conversations whose newest turn is older than a time: the deployment and the name of each."""
        c = CONVERSATION_TURNS.c
        query = select(c.deployment, c.conversation_id).where(c.tenant == self._tenant)
        query = query.group_by(c.deployment, c.conversation_id).having(func.max(c.time) < before).limit(limit)
        with self._database.reading() as connection:
            return [(deployment, name) for deployment, name in connection.execute(query)]

    async def end(self, deployment: str, conversation_id: str, before: int | None = None) -> int:
        """Erase a conversation, where ``before`` is given only one without a turn since; answers how many turns it had."""
        return await self._writer.submit(
            lambda connection: self._erase(connection, self._of(deployment, conversation_id), before)
        )

    def _erase(self, connection: Connection, here: tuple[Any, ...], before: int | None) -> int:
        newest = select(func.max(CONVERSATION_TURNS.c.time)).where(*here)
        if before is not None and (connection.execute(newest).scalar() or before) >= before:
            return 0
        return int(connection.execute(delete(CONVERSATION_TURNS).where(*here)).rowcount)

    def _insert(self, connection: Connection, turn: TurnRecord) -> None:
        name, talk, number = turn.deployment, turn.conversation_id, turn.turn
        answer, memory = (json.dumps(dict(one), ensure_ascii=False) for one in (turn.answer, turn.memory))
        said = (turn.user_id, turn.request_id, turn.decision_id, turn.said, answer, memory, turn.time)
        insert_rows(connection, CONVERSATION_TURNS, [(self._tenant, name, talk, number, *said)])

    def _of(self, deployment: str, conversation_id: str) -> tuple[Any, ...]:
        c = CONVERSATION_TURNS.c
        return c.tenant == self._tenant, c.deployment == deployment, c.conversation_id == conversation_id


def erase_conversations(connection: Connection, tenant: str, user_id: str) -> int:
    """Erase every turn of a person; answers how many there were."""
    c = CONVERSATION_TURNS.c
    return int(connection.execute(delete(CONVERSATION_TURNS).where(c.tenant == tenant, c.user_id == user_id)).rowcount)


def _turn(row: Row[Any]) -> TurnRecord:
    said = (row.deployment, row.conversation_id, row.turn, row.user_id, row.request_id, row.decision_id, row.said)
    return TurnRecord(*said, json.loads(row.answer), json.loads(row.memory), row.time)
