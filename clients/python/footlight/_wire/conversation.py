"""Calls of the AssistantService."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from footlight._wire.building import built
from footlight._wire.calls import Unary
from footlight.types import Reply, ReplyItem, SaidSlot
from footlight.v1 import assistant_pb2 as pb


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes with a text."""

    user_id: str = ""
    deployment: str = ""
    recommender: str = ""
    count: int = 0
    request_id: str = ""


def converse(conversation_id: str, text: str, asked: Asked) -> Unary[pb.ConverseResponse, Reply]:
    request = built(
        pb.ConverseRequest,
        conversation_id=conversation_id,
        text=text,
        user_id=asked.user_id,
        deployment=asked.deployment,
        recommender=asked.recommender,
        count=asked.count,
        request_id=asked.request_id or str(uuid4()),
    )
    return Unary("AssistantService/Converse", request, pb.ConverseResponse, partial(_reply, conversation_id))


def end_conversation(conversation_id: str, deployment: str) -> Unary[pb.EndConversationResponse, int]:
    request = pb.EndConversationRequest(conversation_id=conversation_id, deployment=deployment)
    method = "AssistantService/EndConversation"
    return Unary(method, request, pb.EndConversationResponse, lambda answer: int(answer.turn_count))


def _reply(conversation_id: str, answer: pb.ConverseResponse) -> Reply:
    return Reply(
        conversation_id,
        answer.text,
        answer.language,
        answer.act,
        answer.intent,
        answer.turn,
        tuple(ReplyItem(one.item_id, one.title, one.score, tuple(one.reasons)) for one in answer.items),
        tuple(SaidSlot(one.name, one.value, one.wanted, one.item_id) for one in answer.slots),
        tuple(answer.notes),
        answer.decision_id,
        answer.propensity,
        tuple(answer.distribution),
        answer.reward if answer.HasField("reward") else None,
    )
