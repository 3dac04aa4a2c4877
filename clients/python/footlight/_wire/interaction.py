"""Calls of the InteractionService."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from footlight._wire.calls import Page, Unary
from footlight._wire.values import from_enum, from_struct, from_timestamp, to_enum, to_struct
from footlight.types import (
    Agent,
    BatchDecisions,
    Decision,
    EndReason,
    Reward,
    RewardStatus,
    SessionEnd,
    SessionSummary,
    Step,
)
from footlight.v1 import interaction_pb2 as pb

MAX_PAGE = 1_000


def create_agent(
    agent_id: str,
    deployment: str,
    spaces: tuple[int, int],
    options: Mapping[str, Any] | None,
    seed: int | None,
) -> Unary[pb.CreateAgentResponse, Agent]:
    """`spaces` is how many observations and how many actions there are."""
    observations, actions = spaces
    request = pb.CreateAgentRequest(
        agent_id=agent_id,
        deployment=deployment,
        observation_space=_space(observations),
        action_space=_space(actions),
        options=to_struct(options, "options") if options else None,
        seed=seed,
    )
    return Unary("InteractionService/CreateAgent", request, pb.CreateAgentResponse, lambda answer: _agent(answer.agent))


def get_agent(agent_id: str) -> Unary[pb.GetAgentResponse, Agent]:
    request = pb.GetAgentRequest(agent_id=agent_id)
    return Unary("InteractionService/GetAgent", request, pb.GetAgentResponse, lambda answer: _agent(answer.agent))


def list_agents(page_token: str) -> Unary[pb.ListAgentsResponse, Page[Agent]]:
    request = pb.ListAgentsRequest(page_size=MAX_PAGE, page_token=page_token)
    return Unary("InteractionService/ListAgents", request, pb.ListAgentsResponse, _agents)


def act(agent_id: str, step: Step, request_id: str) -> Unary[pb.ActResponse, Decision]:
    return Unary("InteractionService/Act", _act_request(agent_id, step, request_id), pb.ActResponse, _decision)


def batch_act(
    agent_id: str, steps: Iterable[Step], ends: Iterable[SessionEnd]
) -> Unary[pb.BatchActResponse, BatchDecisions]:
    request = pb.BatchActRequest(
        agent_id=agent_id,
        ends=[_end_request("", end) for end in ends],
        acts=[_act_request("", step, "") for step in steps],
    )
    return Unary("InteractionService/BatchAct", request, pb.BatchActResponse, _decisions)


def reward(rewards: Iterable[Reward]) -> Unary[pb.RewardResponse, list[RewardStatus]]:
    request = pb.RewardRequest(rewards=map(_reward_event, rewards))
    return Unary("InteractionService/Reward", request, pb.RewardResponse, _statuses)


def end_session(agent_id: str, end: SessionEnd) -> Unary[pb.EndSessionResponse, SessionSummary]:
    return Unary("InteractionService/EndSession", _end_request(agent_id, end), pb.EndSessionResponse, _summary)


def _space(size: int) -> pb.Space:
    return pb.Space(discrete=pb.DiscreteSpace(n=size))


def _value(number: int | None) -> pb.Value | None:
    return None if number is None else pb.Value(discrete=number)


def _outcome(reward: float | None) -> pb.Outcome | None:
    return None if reward is None else pb.Outcome(reward=reward)


def _act_request(agent_id: str, step: Step, request_id: str) -> pb.ActRequest:
    """Every request has an id of its own, so that a retry answers the same decision and learns nothing twice."""
    return pb.ActRequest(
        agent_id=agent_id,
        session_id=step.session_id,
        observation=_value(step.observation),
        action_mask=() if step.mask is None else step.mask,
        outcome=_outcome(step.reward),
        request_id=request_id or str(uuid4()),
        exploit=step.exploit,
    )


def _end_request(agent_id: str, end: SessionEnd) -> pb.EndSessionRequest:
    return pb.EndSessionRequest(
        agent_id=agent_id,
        session_id=end.session_id,
        reason=to_enum(pb.EndReason.DESCRIPTOR, "END_REASON_", EndReason(end.reason)),
        outcome=_outcome(end.reward),
        final_observation=_value(end.final_observation),
    )


def _reward_event(reward: Reward) -> pb.RewardEvent:
    return pb.RewardEvent(
        reward_id=reward.reward_id or str(uuid4()), decision_id=reward.decision_id, value=reward.value
    )


def _agent(agent: pb.Agent) -> Agent:
    return Agent(
        agent_id=agent.agent_id,
        deployment=agent.deployment,
        observations=agent.observation_space.discrete.n,
        actions=agent.action_space.discrete.n,
        options=from_struct(agent.options),
        seed=agent.seed,
        learned_steps=agent.learned_steps,
        create_time=from_timestamp(agent, "create_time"),
    )


def _agents(answer: pb.ListAgentsResponse) -> Page[Agent]:
    return Page(list(map(_agent, answer.agents)), answer.next_page_token)


def _decision(answer: pb.ActResponse) -> Decision:
    return Decision(
        decision_id=answer.decision_id,
        action=answer.action.discrete,
        propensity=answer.propensity,
        distribution=tuple(answer.distribution),
        learned_steps=answer.learned_steps,
        seed=answer.seed,
    )


def _decisions(answer: pb.BatchActResponse) -> BatchDecisions:
    return BatchDecisions(tuple(map(_decision, answer.acts)), tuple(map(_summary, answer.ends)))


def _summary(answer: pb.EndSessionResponse) -> SessionSummary:
    return SessionSummary(answer.decision_count, answer.total_reward)


def _statuses(answer: pb.RewardResponse) -> list[RewardStatus]:
    return [from_enum(pb.RewardStatus.DESCRIPTOR, "REWARD_STATUS_", status, RewardStatus) for status in answer.statuses]
