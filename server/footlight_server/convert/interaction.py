"""Agents, decisions, outcomes."""

from __future__ import annotations

from footlight.v1 import interaction_pb2 as pb
from footlight_server.agents.sessions import Summary
from footlight_server.agents.steps import Decided
from footlight_server.convert.values import struct, timestamp
from footlight_server.dispatch.acting import decision_id
from footlight_server.dispatch.moves import WantedEnd, WantedMove
from footlight_server.log.records import AgentRecord


def space_size(space: pb.Space) -> int | None:
    """How many values a space has; None when it was not given."""
    return space.discrete.n if space.WhichOneof("kind") == "discrete" else None


def _space(n: int) -> pb.Space:
    return pb.Space(discrete=pb.DiscreteSpace(n=n))


def _value(value: pb.Value) -> int | None:
    return value.discrete if value.WhichOneof("kind") == "discrete" else None


def agent_message(record: AgentRecord, learned_steps: int) -> pb.Agent:
    """An agent as answered."""
    return pb.Agent(
        agent_id=record.agent_id,
        deployment=record.deployment,
        observation_space=_space(record.spaces["observation"]),
        action_space=_space(record.spaces["action"]),
        options=struct(record.options),
        seed=record.seed,
        learned_steps=learned_steps,
        create_time=timestamp(record.create_time),
    )


def wanted_move(request: pb.ActRequest) -> WantedMove:
    """One Act as asked for."""
    return WantedMove(
        request.session_id,
        _value(request.observation),
        request.action_mask,
        request.outcome.reward if request.HasField("outcome") else None,
        request.request_id,
        request.exploit,
    )


def wanted_end(request: pb.EndSessionRequest) -> WantedEnd:
    """One EndSession as asked for."""
    return WantedEnd(
        request.session_id,
        request.reason,
        request.outcome.reward if request.HasField("outcome") else None,
        _value(request.final_observation) if request.HasField("final_observation") else None,
    )


def decision_message(answer: Decided) -> pb.ActResponse:
    """One decision."""
    distribution = answer.distribution.tolist()
    return pb.ActResponse(
        decision_id=decision_id(answer),
        action=pb.Value(discrete=answer.action),
        propensity=distribution[answer.action],
        distribution=distribution,
        learned_steps=answer.learned_steps,
        seed=answer.seed,
    )


def summary_message(summary: Summary) -> pb.EndSessionResponse:
    """An ended session."""
    return pb.EndSessionResponse(decision_count=summary.decisions, total_reward=summary.total)
