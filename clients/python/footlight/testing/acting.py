"""Agents that act at random, and remember what was told of their decisions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from footlight.testing.faults import invalid, unknown
from footlight.v1 import interaction_pb2 as pb
from footlight.v1 import interaction_pb2_grpc as stubs


class Acting(stubs.InteractionServiceServicer):
    """InteractionService, of agents whose actions are whole numbers."""

    def __init__(self) -> None:
        self.agents: dict[str, pb.Agent] = {}
        self.decisions: dict[str, pb.ActRequest] = {}
        self.rewards: dict[tuple[str, str], float] = {}
        self._sessions: dict[tuple[str, str], list[float]] = {}
        self._numbers = count(1)

    def CreateAgent(self, request: pb.CreateAgentRequest, context: Any) -> pb.CreateAgentResponse:
        if request.action_space.discrete.n < 1:
            invalid(context, "action_space.discrete.n", "must be at least 1: this server knows no other actions")
        agent = pb.Agent(
            agent_id=request.agent_id,
            deployment=request.deployment or "random",
            observation_space=request.observation_space,
            action_space=request.action_space,
            options=request.options,
            seed=request.seed,
            mode=pb.AGENT_MODE_ONLINE,
        )
        return pb.CreateAgentResponse(agent=self.agents.setdefault(request.agent_id, agent))

    def GetAgent(self, request: pb.GetAgentRequest, context: Any) -> pb.GetAgentResponse:
        return pb.GetAgentResponse(agent=self._agent(request.agent_id, context))

    def ListAgents(self, request: pb.ListAgentsRequest, context: Any) -> pb.ListAgentsResponse:
        return pb.ListAgentsResponse(agents=reversed(self.agents.values()))

    def Act(self, request: pb.ActRequest, context: Any) -> pb.ActResponse:
        agent = self._agent(request.agent_id, context)
        session = self._sessions.setdefault((request.agent_id, request.session_id), [])
        if session:
            session[-1] += request.outcome.reward
        number = next(self._numbers)
        choices = self._choices(agent, request)
        action = Random(agent.seed + number).choice(choices)
        distribution = [0.0] * agent.action_space.discrete.n
        for choice in choices:
            distribution[choice] = 1 / len(choices)
        answer = pb.ActResponse(
            decision_id=f"a-{number}",
            action=pb.Value(discrete=agent.action_space.discrete.start + action),
            propensity=1 / len(choices),
            distribution=distribution,
            step=len(session),
            mode=pb.AGENT_MODE_ONLINE,
        )
        session.append(0.0)
        self.decisions[answer.decision_id] = request
        return answer

    def BatchAct(self, request: pb.BatchActRequest, context: Any) -> pb.BatchActResponse:
        for end in request.ends:
            end.agent_id = request.agent_id
        for act in request.acts:
            act.agent_id = request.agent_id
        ends = [self.EndSession(end, context) for end in request.ends]
        return pb.BatchActResponse(ends=ends, acts=[self.Act(act, context) for act in request.acts])

    def Reward(self, request: pb.RewardRequest, context: Any) -> pb.RewardResponse:
        return pb.RewardResponse(statuses=map(self._reward, request.rewards))

    def EndSession(self, request: pb.EndSessionRequest, context: Any) -> pb.EndSessionResponse:
        session = self._sessions.get((request.agent_id, request.session_id))
        if session is None:
            unknown(context, "session", request.session_id)
        told = sum(
            value
            for (decision, _), value in self.rewards.items()
            if self.decisions[decision].session_id == request.session_id
        )
        total = sum(session) + request.outcome.reward + told
        return pb.EndSessionResponse(decision_count=len(session), total_reward=total)

    def Interact(self, request_iterator: Iterator[pb.InteractRequest], context: Any) -> Iterator[pb.InteractResponse]:
        agent_id = ""
        for request in request_iterator:
            match request.WhichOneof("kind"):
                case "act":
                    agent_id = request.act.agent_id = request.act.agent_id or agent_id
                    yield pb.InteractResponse(act=self.Act(request.act, context))
                case "end":
                    agent_id = request.end.agent_id = request.end.agent_id or agent_id
                    yield pb.InteractResponse(end=self.EndSession(request.end, context))
                case _:
                    yield pb.InteractResponse(reward=self.Reward(request.reward, context))

    def _agent(self, agent_id: str, context: Any) -> pb.Agent:
        if agent_id not in self.agents:
            unknown(context, "agent", agent_id)
        return self.agents[agent_id]

    def _choices(self, agent: pb.Agent, request: pb.ActRequest) -> list[int]:
        mask = request.action_mask or [True] * agent.action_space.discrete.n
        return [action for action, allowed in enumerate(mask) if allowed]

    def _reward(self, reward: pb.RewardEvent) -> pb.RewardStatus.ValueType:
        if reward.decision_id not in self.decisions:
            return pb.REWARD_STATUS_UNKNOWN_DECISION
        name = (reward.decision_id, reward.reward_id)
        if name in self.rewards:
            same = self.rewards[name] == reward.value
            return pb.REWARD_STATUS_DUPLICATE if same else pb.REWARD_STATUS_CONFLICT
        self.rewards[name] = reward.value
        return pb.REWARD_STATUS_RECORDED
