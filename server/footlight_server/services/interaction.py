"""InteractionService."""

from __future__ import annotations

from typing import Any

import grpc

from footlight.v1 import interaction_pb2 as pb
from footlight.v1 import interaction_pb2_grpc as stubs
from footlight_server.convert import interaction as convert
from footlight_server.convert.values import mapping
from footlight_server.dispatch.acting import Acting
from footlight_server.services.asking import asking

Context = grpc.aio.ServicerContext[Any, Any]


class InteractionService(stubs.InteractionServiceServicer):
    """Agents, decisions, outcomes."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    async def CreateAgent(self, request: pb.CreateAgentRequest, context: Context) -> pb.CreateAgentResponse:
        sizes = convert.space_size(request.observation_space), convert.space_size(request.action_space)
        seed = request.seed if request.HasField("seed") else None
        options = mapping(request.options)
        agent = await self._acting.create(asking(context), request.agent_id, request.deployment, sizes, options, seed)
        return pb.CreateAgentResponse(agent=convert.agent_message(*agent))

    async def GetAgent(self, request: pb.GetAgentRequest, context: Context) -> pb.GetAgentResponse:
        agent = await self._acting.get(asking(context), request.agent_id)
        return pb.GetAgentResponse(agent=convert.agent_message(*agent))

    async def ListAgents(self, request: pb.ListAgentsRequest, context: Context) -> pb.ListAgentsResponse:
        agents, token = await self._acting.list_agents(asking(context), request.page_size, request.page_token)
        return pb.ListAgentsResponse(agents=[convert.agent_message(*agent) for agent in agents], next_page_token=token)

    async def Act(self, request: pb.ActRequest, context: Context) -> pb.ActResponse:
        answer = await self._acting.act(asking(context), request.agent_id, convert.wanted_move(request))
        return convert.decision_message(answer)

    async def BatchAct(self, request: pb.BatchActRequest, context: Context) -> pb.BatchActResponse:
        ends = [convert.wanted_end(end) for end in request.ends]
        moves = [convert.wanted_move(act) for act in request.acts]
        summaries, answers = await self._acting.batch_act(asking(context), request.agent_id, ends, moves)
        return pb.BatchActResponse(
            ends=map(convert.summary_message, summaries), acts=map(convert.decision_message, answers)
        )

    async def Reward(self, request: pb.RewardRequest, context: Context) -> pb.RewardResponse:
        rewards = [(reward.reward_id, reward.decision_id, reward.value) for reward in request.rewards]
        statuses = await self._acting.reward(asking(context), rewards)
        return pb.RewardResponse(statuses=map(pb.RewardStatus.ValueType, statuses))

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:
        summary = await self._acting.end_session(asking(context), request.agent_id, convert.wanted_end(request))
        return convert.summary_message(summary)
