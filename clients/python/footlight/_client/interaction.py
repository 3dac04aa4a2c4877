"""Agents that act and learn, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from footlight._client.aio import AsyncCalls
from footlight._client.interacting import AsyncInteraction, Interaction
from footlight._client.sync import SyncCalls
from footlight._wire import interaction as wire
from footlight._wire.building import one_of
from footlight.types import (
    Agent,
    AgentSettings,
    BatchDecisions,
    Candidate,
    Decision,
    EndReason,
    Reward,
    RewardStatus,
    SessionEnd,
    SessionSummary,
    Step,
)
from footlight.types.interaction import Observation
from footlight.v1 import interaction_pb2 as pb


class InteractionMethods(SyncCalls):
    """Act."""

    def create_agent(
        self,
        agent_id: str,
        observations: Any,
        actions: Any,
        *,
        deployment: str = "",
        options: Mapping[str, Any] | None = None,
        seed: int | None = None,
        settings: AgentSettings | None = None,
        timeout: float | None = None,
    ) -> Agent:
        """Makes an agent that knows nothing yet.

        Args:
            agent_id: what you call it.
            observations: how many different things it can see, of which it is told one of 0 to observations - 1; or a space.
            actions: how many different things it can do, of which it answers one of 0 to actions - 1; or a space.
            deployment: whose engine it uses; empty means the best.
            options: those that differ from the deployment's.
            seed: where all its draws come from; None means that the server draws one.
            settings: what counts as a reward, the alarm, who decides.
            timeout: seconds.

        Raises:
            AlreadyExists: the id is taken by an agent that was described otherwise.
            NotFound: there is no such deployment.
            InvalidArgument: the spaces or the options are not such as the engine takes.
        """
        return self._run(
            wire.create_agent(agent_id, deployment, (observations, actions), options, seed, settings), timeout
        )

    def agent(self, agent_id: str, *, timeout: float | None = None) -> Agent:
        """One agent as it is now. Raises NotFound."""
        return self._run(wire.get_agent(agent_id), timeout)

    def agents(self, *, timeout: float | None = None) -> Iterator[Agent]:
        """The agents, newest first."""
        return self._pages(wire.list_agents, timeout)

    def act(
        self,
        agent_id: str,
        session_id: str,
        observation: Observation,
        *,
        reward: float | None = None,
        mask: Sequence[bool] | None = None,
        exploit: bool = False,
        candidates: Sequence[Candidate] = (),
        baseline_action: int | None = None,
        deferred: bool = False,
        user_id: str = "",
        step: int | None = None,
        request_id: str = "",
        timeout: float | None = None,
    ) -> Decision:
        """Tells what followed the session's decision before, and decides the next one.

        Args:
            agent_id: who decides.
            session_id: the episode; it starts with its first act.
            observation: what the agent sees now.
            reward: what the decision before earned; leave it out on the first act of a session.
            mask: one entry an action, true where it is allowed; None means that all are.
            exploit: do what is best so far, and do not learn from the step.
            candidates: the actions, where they come with each request; the answer's action counts them from 0.
            baseline_action: what would be done without the agent; required where its mode serves the baseline.
            deferred: it is not sure yet that the action will be shown: nothing is learned before `activate`.
            user_id: the person it is for.
            step: which step of the session this is, from 0; another one than expected is refused.
            request_id: repeating a call with the same id answers the same decision; empty means a new UUID.
            timeout: seconds.

        Raises:
            NotFound: there is no such agent.
            FailedPrecondition: a reward was told where the session has no open decision, or the step is out of order.
            InvalidArgument: the observation or the mask is wrong.
        """
        what = (candidates, baseline_action, deferred, user_id, step)
        whole = Step(session_id, observation, reward, mask, exploit, *what)
        return self._run(wire.act(agent_id, whole, request_id), timeout)

    def batch_act(
        self,
        agent_id: str,
        steps: Iterable[Step] = (),
        ends: Iterable[SessionEnd] = (),
        *,
        timeout: float | None = None,
    ) -> BatchDecisions:
        """One step of many sessions of one agent, after ending those in `ends`: all of it or nothing, at most 4,096."""
        return self._run(wire.batch_act(agent_id, steps, ends), timeout)

    def reward(
        self, decision_id: str, value: float, *, reward_id: str = "", timeout: float | None = None
    ) -> RewardStatus:
        """Adds a reward to a decision that was made. `reward_id` makes it count once; empty means a new UUID."""
        return self.rewards([Reward(decision_id, value, reward_id)], timeout=timeout)[0]

    def rewards(self, rewards: Iterable[Reward], *, timeout: float | None = None) -> list[RewardStatus]:
        """Adds up to 10,000 rewards to decisions that were made, and says what became of each, in order."""
        return self._run(wire.reward(rewards), timeout)

    def end_session(
        self,
        agent_id: str,
        session_id: str,
        *,
        reason: EndReason | str = EndReason.TERMINATED,
        reward: float | None = None,
        final_observation: Observation | None = None,
        timeout: float | None = None,
    ) -> SessionSummary:
        """Tells what followed the last decision and closes the session. Ending it again changes nothing.

        Args:
            agent_id: who decided.
            session_id: the episode to end.
            reason: "terminated", "truncated" (cut off, by a time limit for instance) or "abandoned".
            reward: what the last decision earned.
            final_observation: what was seen last; required where it was truncated.
            timeout: seconds.
        """
        end = SessionEnd(session_id, one_of("reason", EndReason, reason), reward, final_observation)
        return self._run(wire.end_session(agent_id, end), timeout)

    def interact(self, agent_id: str) -> Interaction:
        """A stream on which sessions are played: one message each way a step, without the cost of a call.

        An error ends the stream; what was answered before it holds. Each answer may take as long as a call of this client.
        """
        call = self._callable("stream_stream", wire.INTERACT, pb.InteractResponse)
        seconds = self._connection.deadline(None)
        return Interaction(partial(call, metadata=self._connection.metadata), agent_id, seconds)


class AsyncInteractionMethods(AsyncCalls):
    """Act."""

    async def create_agent(
        self,
        agent_id: str,
        observations: Any,
        actions: Any,
        *,
        deployment: str = "",
        options: Mapping[str, Any] | None = None,
        seed: int | None = None,
        settings: AgentSettings | None = None,
        timeout: float | None = None,
    ) -> Agent:
        return await self._run(
            wire.create_agent(agent_id, deployment, (observations, actions), options, seed, settings), timeout
        )

    async def agent(self, agent_id: str, *, timeout: float | None = None) -> Agent:
        return await self._run(wire.get_agent(agent_id), timeout)

    def agents(self, *, timeout: float | None = None) -> AsyncIterator[Agent]:
        return self._pages(wire.list_agents, timeout)

    async def act(
        self,
        agent_id: str,
        session_id: str,
        observation: Observation,
        *,
        reward: float | None = None,
        mask: Sequence[bool] | None = None,
        exploit: bool = False,
        candidates: Sequence[Candidate] = (),
        baseline_action: int | None = None,
        deferred: bool = False,
        user_id: str = "",
        step: int | None = None,
        request_id: str = "",
        timeout: float | None = None,
    ) -> Decision:
        what = (candidates, baseline_action, deferred, user_id, step)
        whole = Step(session_id, observation, reward, mask, exploit, *what)
        return await self._run(wire.act(agent_id, whole, request_id), timeout)

    async def batch_act(
        self,
        agent_id: str,
        steps: Iterable[Step] = (),
        ends: Iterable[SessionEnd] = (),
        *,
        timeout: float | None = None,
    ) -> BatchDecisions:
        return await self._run(wire.batch_act(agent_id, steps, ends), timeout)

    async def reward(
        self, decision_id: str, value: float, *, reward_id: str = "", timeout: float | None = None
    ) -> RewardStatus:
        return (await self.rewards([Reward(decision_id, value, reward_id)], timeout=timeout))[0]

    async def rewards(self, rewards: Iterable[Reward], *, timeout: float | None = None) -> list[RewardStatus]:
        return await self._run(wire.reward(rewards), timeout)

    async def end_session(
        self,
        agent_id: str,
        session_id: str,
        *,
        reason: EndReason | str = EndReason.TERMINATED,
        reward: float | None = None,
        final_observation: Observation | None = None,
        timeout: float | None = None,
    ) -> SessionSummary:
        end = SessionEnd(session_id, one_of("reason", EndReason, reason), reward, final_observation)
        return await self._run(wire.end_session(agent_id, end), timeout)

    def interact(self, agent_id: str) -> AsyncInteraction:
        call = self._callable("stream_stream", wire.INTERACT, pb.InteractResponse)
        return AsyncInteraction(call(metadata=self._connection.metadata), agent_id, self._connection.deadline(None))
