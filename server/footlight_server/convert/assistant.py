"""Turns of conversations and messages."""

from __future__ import annotations

from footlight.v1 import assistant_pb2 as pb
from footlight_server.dispatch.conversing import WantedTurn
from footlight_server.log.conversations import TurnRecord


def wanted_turn(request: pb.ConverseRequest) -> WantedTurn:
    """What a request asks for."""
    return WantedTurn(
        request.conversation_id,
        request.text,
        request.user_id,
        request.deployment,
        request.recommender,
        request.count,
        request.request_id,
    )


def turn_message(turn: TurnRecord) -> pb.ConverseResponse:
    """A turn as it was answered."""
    answer = turn.answer
    return pb.ConverseResponse(
        text=answer["text"],
        language=answer["language"],
        items=[
            pb.ReplyItem(item_id=item_id, title=title, score=score, reasons=reasons)
            for item_id, title, score, reasons in answer["items"]
        ],
        act=answer["act"],
        intent=answer["intent"],
        slots=[
            pb.SaidSlot(name=name, value=value, wanted=wanted, item_id=item_id)
            for name, value, wanted, item_id in answer["slots"]
        ],
        notes=answer["notes"],
        decision_id=answer.get("decision_id", ""),
        propensity=answer.get("propensity", 0.0),
        distribution=answer.get("distribution", ()),
        reward=answer["reward"],
        turn=turn.turn,
    )
