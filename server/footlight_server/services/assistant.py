"""AssistantService."""

from __future__ import annotations

from typing import Any

import grpc

from footlight.v1 import assistant_pb2 as pb
from footlight.v1 import assistant_pb2_grpc as stubs
from footlight_server.convert import assistant as convert
from footlight_server.dispatch.conversing import Conversing
from footlight_server.services.asking import asking

Context = grpc.aio.ServicerContext[Any, Any]


class AssistantService(stubs.AssistantServiceServicer):
    """Conversations."""

    def __init__(self, conversing: Conversing) -> None:
        self._conversing = conversing

    async def Converse(self, request: pb.ConverseRequest, context: Context) -> pb.ConverseResponse:
        turn = await self._conversing.converse(asking(context), convert.wanted_turn(request))
        return convert.turn_message(turn)

    async def EndConversation(self, request: pb.EndConversationRequest, context: Context) -> pb.EndConversationResponse:
        turns = await self._conversing.end(asking(context), request.conversation_id, request.deployment)
        return pb.EndConversationResponse(turn_count=turns)
