"""InteractionService."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sized
from typing import Any

import grpc

from footlight.v1 import interaction_pb2 as pb
from footlight.v1 import interaction_pb2_grpc as stubs
from footlight_server.convert import agents as about
from footlight_server.convert import interaction as convert
from footlight_server.dispatch.acting import MOST_REWARDS, MOST_STEPS, Acting
from footlight_server.dispatch.agent_desk import MOST_SITUATIONS
from footlight_server.dispatch.asking import Asking
from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_size
from footlight_server.services.asking import asking
from footlight_server.telemetry.calls import NOTED

Context = grpc.aio.ServicerContext[Any, Any]
PAGE = 1_000
"""So many decisions go into one message of ListDecisions."""


def _check_lengths(ends: Sized, acts: Sized) -> None:
    """Before they are converted: that takes the event loop as long as there are many."""
    if not 1 <= len(ends) + len(acts) <= MOST_STEPS:
        raise InvalidArgument("acts", f"and ends together must be 1 to {MOST_STEPS:,}")


class InteractionService(stubs.InteractionServiceServicer):
    """Agents, decisions, outcomes."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._desk = acting.desk

    async def CreateAgent(self, request: pb.CreateAgentRequest, context: Context) -> pb.CreateAgentResponse:
        view = await self._desk.create(asking(context), about.new_agent(request))
        return pb.CreateAgentResponse(agent=about.agent_message(view))

    async def GetAgent(self, request: pb.GetAgentRequest, context: Context) -> pb.GetAgentResponse:
        view = await self._desk.get(asking(context), request.agent_id)
        return pb.GetAgentResponse(agent=about.agent_message(view))

    async def ListAgents(self, request: pb.ListAgentsRequest, context: Context) -> pb.ListAgentsResponse:
        views, token = await self._desk.list_agents(asking(context), request.page_size, request.page_token)
        return pb.ListAgentsResponse(agents=map(about.agent_message, views), next_page_token=token)

    async def Act(self, request: pb.ActRequest, context: Context) -> pb.ActResponse:
        answer = await self._acting.act(asking(context), request.agent_id, convert.wanted_move(request))
        return convert.decision_message(answer)

    async def BatchAct(self, request: pb.BatchActRequest, context: Context) -> pb.BatchActResponse:
        _check_lengths(request.ends, request.acts)
        ends = [convert.wanted_end(end) for end in request.ends]
        moves = [convert.wanted_move(act) for act in request.acts]
        summaries, answers = await self._acting.batch_act(asking(context), request.agent_id, ends, moves)
        return pb.BatchActResponse(
            ends=map(convert.summary_message, summaries), acts=map(convert.decision_message, answers)
        )

    async def Reward(self, request: pb.RewardRequest, context: Context) -> pb.RewardResponse:
        return await self._reward(asking(context), request)

    async def _reward(self, asked: Asking, request: pb.RewardRequest) -> pb.RewardResponse:
        check_size("rewards", request.rewards, MOST_REWARDS)
        rewards = [(reward.reward_id, reward.decision_id, reward.value) for reward in request.rewards]
        statuses = await self._acting.reward(asked, rewards)
        return pb.RewardResponse(statuses=map(pb.RewardStatus.ValueType, statuses))

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:
        summary = await self._acting.end_session(asking(context), request.agent_id, convert.wanted_end(request))
        return convert.summary_message(summary)

    async def Interact(  # type: ignore[override]  # gRPC takes both; reading and writing by hand saves three generators
        self, request_iterator: AsyncIterator[pb.InteractRequest], context: Context
    ) -> None:
        agent_id, caller, noted, first = "", asking(context), NOTED.get(), True
        while (request := await context.read()) is not grpc.aio.EOF:
            if not first:
                caller.principal.admit()  # each message counts as a call; the first one did at the gate
            first = False
            asked = Asking(caller.principal, leaving=caller.leaving)  # and has its own time; the stream may last
            response = pb.InteractResponse()
            match request.WhichOneof("kind"):
                case "act":
                    agent_id = request.act.agent_id or agent_id
                    answer = await self._acting.act(asked, agent_id, convert.wanted_move(request.act))
                    convert.fill_decision(response.act, answer)
                case "reward":
                    response.reward.CopyFrom(await self._reward(asked, request.reward))
                case "end":
                    agent_id = request.end.agent_id or agent_id
                    summary = await self._acting.end_session(asked, agent_id, convert.wanted_end(request.end))
                    response.end.CopyFrom(convert.summary_message(summary))
                case _:
                    raise InvalidArgument("kind", "is required: act, reward or end")
            await context.write(response)
            if noted is not None:
                noted.messages += 1

    async def LogAction(self, request: pb.LogActionRequest, context: Context) -> pb.LogActionResponse:
        check_size("actions", request.actions, MOST_STEPS)
        wanted = [convert.wanted_log(action) for action in request.actions]
        answers = await self._acting.log_actions(asking(context), request.agent_id, wanted)
        return pb.LogActionResponse(acts=map(convert.decision_message, answers))

    async def Activate(self, request: pb.ActivateRequest, context: Context) -> pb.ActivateResponse:
        statuses = await self._acting.activate(asking(context), request.decision_ids)
        return pb.ActivateResponse(statuses=map(pb.RewardStatus.ValueType, statuses))

    async def SetMode(self, request: pb.SetModeRequest, context: Context) -> pb.SetModeResponse:
        view, found = await self._desk.set_mode(asking(context), request.agent_id, request.mode, request.force)
        evaluation = None if found is None else about.evaluation_message(found)
        return pb.SetModeResponse(agent=about.agent_message(view), evaluation=evaluation)

    async def GetPolicy(self, request: pb.GetPolicyRequest, context: Context) -> pb.GetPolicyResponse:
        check_size("situations", request.situations, MOST_SITUATIONS, 0)
        wanted = [convert.wanted_move(one) for one in request.situations]
        choices, learned = await self._desk.policy(asking(context), request.agent_id, wanted, request.exploit)
        return pb.GetPolicyResponse(rows=map(about.policy_row, choices), learned_steps=learned)

    async def EvaluatePolicy(self, request: pb.EvaluatePolicyRequest, context: Context) -> pb.EvaluatePolicyResponse:
        wanted = about.wanted_evaluation(request)
        found = await self._desk.evaluate(asking(context), request.agent_id, wanted, request.target_agent_id)
        return about.evaluation_message(found)

    async def SnapshotAgent(self, request: pb.SnapshotAgentRequest, context: Context) -> pb.SnapshotAgentResponse:
        row = await self._desk.snapshot(asking(context), request.agent_id, request.name)
        return pb.SnapshotAgentResponse(snapshot=about.snapshot_message(row))

    async def ListSnapshots(self, request: pb.ListSnapshotsRequest, context: Context) -> pb.ListSnapshotsResponse:
        rows = await self._desk.snapshots(asking(context), request.agent_id)
        return pb.ListSnapshotsResponse(snapshots=map(about.snapshot_message, rows))

    async def RollbackAgent(self, request: pb.RollbackAgentRequest, context: Context) -> pb.RollbackAgentResponse:
        target = request.WhichOneof("target")
        if target is None:
            raise InvalidArgument("target", "is required: a position or a snapshot")
        position = request.position if target == "position" else None
        view = await self._desk.rollback(asking(context), request.agent_id, position, request.snapshot)
        return pb.RollbackAgentResponse(agent=about.agent_message(view))

    async def ListDecisions(
        self, request: pb.ListDecisionsRequest, context: Context
    ) -> AsyncIterator[pb.ListDecisionsResponse]:
        found, record = self._desk.decisions(asking(context), request.agent_id, request.after_position)
        while page := await asyncio.to_thread(lambda: list(itertools.islice(found, PAGE))):
            yield pb.ListDecisionsResponse(decisions=[about.logged_decision(entry, record) for entry in page])
