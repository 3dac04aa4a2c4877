"""Conversations, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import conversation as wire
from footlight.types import Reply


class ConversationMethods(SyncCalls):
    """Converse."""

    def converse(
        self,
        conversation_id: str,
        text: str,
        *,
        user_id: str = "",
        count: int = 0,
        deployment: str = "",
        recommender: str = "",
        request_id: str = "",
        timeout: float | None = None,
    ) -> Reply:
        """Says something in a conversation, in Chinese or English, and gets the reply in the same language.

        Args:
            conversation_id: what you call the conversation; it starts with its first text.
            text: what the person typed, at most 4,096 characters.
            user_id: who typed it; their taste counts then.
            count: at most how many items the reply names, 1 to 20; 0 means 3, or as many as the person asks for.
            deployment: who answers; empty means the best.
            recommender: whose scores count as the person's taste; empty means the best.
            request_id: repeating a call with the same id answers the same turn; empty means a new UUID.
            timeout: seconds.

        Raises:
            InvalidArgument: the text is empty, too long, or holds control characters.
            Unavailable: the catalogue is being read for the first time; ask again.
        """
        asked = wire.Asked(user_id, deployment, recommender, count, request_id)
        return self._run(wire.converse(conversation_id, text, asked), timeout)

    def end_conversation(self, conversation_id: str, *, deployment: str = "", timeout: float | None = None) -> int:
        """Forgets what was typed and shown; answers how many turns there were."""
        return self._run(wire.end_conversation(conversation_id, deployment), timeout)


class AsyncConversationMethods(AsyncCalls):
    """Converse."""

    async def converse(
        self,
        conversation_id: str,
        text: str,
        *,
        user_id: str = "",
        count: int = 0,
        deployment: str = "",
        recommender: str = "",
        request_id: str = "",
        timeout: float | None = None,
    ) -> Reply:
        asked = wire.Asked(user_id, deployment, recommender, count, request_id)
        return await self._run(wire.converse(conversation_id, text, asked), timeout)

    async def end_conversation(
        self, conversation_id: str, *, deployment: str = "", timeout: float | None = None
    ) -> int:
        return await self._run(wire.end_conversation(conversation_id, deployment), timeout)
