"""Erases conversations that nobody went on with, when they are as old as the owner lets them become."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.conversing import Conversing
from footlight_server.errors import FootlightError
from footlight_server.log.conversations import ConversationTable
from footlight_server.log.records import now

log = logging.getLogger(__name__)

DAY = 86_400.0
PAGE = 200
SELDOM, OFTEN = 3_600.0, 0.25
"""Between two looks so many seconds pass: a hundredth of the age, within these bounds."""


class Expiry:
    """Looks for silent conversations now and then. Where several servers do, each conversation is erased once."""

    def __init__(self, conversing: Conversing, table: ConversationTable, days: float) -> None:
        """``days`` is how long a conversation is kept after its last turn; 0 keeps it until somebody ends it."""
        self._conversing = conversing
        self._table = table
        self._seconds = days * DAY
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        if self._seconds:
            self._task = asyncio.create_task(self._work(), name="conversations-expire")

    async def _work(self) -> None:
        while True:
            try:
                await self._look(now() - round(self._seconds * 1e6))
            except FootlightError as away:
                log.warning("old conversations could not be erased yet: %s", away.message)
            except Exception:
                log.exception("old conversations could not be erased")
            await asyncio.sleep(min(max(self._seconds / 100, OFTEN), SELDOM))

    async def _look(self, before: int) -> None:
        erased = 0
        while found := await asyncio.to_thread(self._table.silent, before, PAGE):
            for deployment, conversation_id in found:
                erased += await self._conversing.expire(Asking(), deployment, conversation_id, before)
            if len(found) < PAGE:
                break
        if erased:
            log.info("%d turns of old conversations were erased", erased)

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
