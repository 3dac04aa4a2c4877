"""What is about agents themselves, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import interaction as wire
from footlight._wire.building import one_of
from footlight.types import (
    Agent,
    AgentMode,
    Decision,
    Evaluation,
    LoggedAction,
    LoggedDecision,
    PolicyRow,
    RewardStatus,
    Snapshot,
    Step,
    TargetPolicy,
)


class AgentMethods(SyncCalls):
    """Agents."""

    def log_actions(
        self,
        agent_id: str,
        actions: Iterable[LoggedAction],
        *,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> list[Decision]:
        """Records decisions that somebody else made, at most 4,096 of different sessions: all of them or none.

        With `repeatable` a session names its one decision: recording it again changes nothing.
        """
        return self._run(wire.log_actions(agent_id, actions, repeatable), timeout)

    def activate(self, decision_ids: Iterable[str], *, timeout: float | None = None) -> list[RewardStatus]:
        """Says that deferred decisions were really shown; nothing is learned from them before."""
        return self._run(wire.activate(decision_ids), timeout)

    def set_agent_mode(
        self, agent_id: str, mode: AgentMode | str, *, force: bool = False, timeout: float | None = None
    ) -> Agent:
        """Changes who decides.

        Raises:
            FailedPrecondition: from apprentice to online, where its log does not show that it is better than the baseline;
                `force` goes all the same.
        """
        return self._run(wire.set_mode(agent_id, one_of("mode", AgentMode, mode), force), timeout)

    def agent_policy(
        self,
        agent_id: str,
        situations: Sequence[Step] = (),
        *,
        exploit: bool = False,
        timeout: float | None = None,
    ) -> list[PolicyRow]:
        """What the agent would do in each situation, or at every observation of a finite space. Nothing is recorded."""
        return self._run(wire.policy(agent_id, situations, exploit), timeout)

    def evaluate_policy(
        self,
        agent_id: str,
        target: TargetPolicy | str = TargetPolicy.GREEDY,
        *,
        target_agent_id: str = "",
        after_position: int = 0,
        max_decisions: int = 0,
        confidence: float = 0.95,
        max_weight: float = 0.0,
        timeout: float | None = None,
    ) -> Evaluation:
        """What a policy would have earned on the agent's own log.

        Args:
            agent_id: on whose log.
            target: the policy.
            target_agent_id: the policy of another agent with the same spaces.
            after_position: only decisions after this position of the log.
            max_decisions: only so many of the newest; 0 means 100,000.
            confidence: of the intervals.
            max_weight: weights above it are cut; 0 means no cut.
            timeout: seconds.
        """
        call = wire.evaluate_policy(
            agent_id,
            one_of("target", TargetPolicy, target),
            target_agent_id,
            (after_position, max_decisions),
            (confidence, max_weight),
        )
        return self._run(call, timeout)

    def snapshot_agent(self, agent_id: str, name: str, *, timeout: float | None = None) -> Snapshot:
        """Gives the agent's log position a name, to go back to."""
        return self._run(wire.snapshot_agent(agent_id, name), timeout)

    def agent_snapshots(self, agent_id: str, *, timeout: float | None = None) -> list[Snapshot]:
        """The agent's snapshots, newest first."""
        return self._run(wire.agent_snapshots(agent_id), timeout)

    def rollback_agent(
        self, agent_id: str, *, position: int | None = None, snapshot: str = "", timeout: float | None = None
    ) -> Agent:
        """Sets the agent back to what it knew at a position of its log, or at a snapshot."""
        return self._run(wire.rollback_agent(agent_id, position, snapshot), timeout)

    def agent_decisions(
        self, agent_id: str, *, after_position: int = 0, timeout: float | None = None
    ) -> Iterator[LoggedDecision]:
        """The agent's decisions with what they earned; those that are complete first, in the order of that."""
        for page in self._stream(wire.agent_decisions(agent_id, after_position), timeout):
            yield from page


class AsyncAgentMethods(AsyncCalls):
    """Agents."""

    async def log_actions(
        self,
        agent_id: str,
        actions: Iterable[LoggedAction],
        *,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> list[Decision]:
        return await self._run(wire.log_actions(agent_id, actions, repeatable), timeout)

    async def activate(self, decision_ids: Iterable[str], *, timeout: float | None = None) -> list[RewardStatus]:
        return await self._run(wire.activate(decision_ids), timeout)

    async def set_agent_mode(
        self, agent_id: str, mode: AgentMode | str, *, force: bool = False, timeout: float | None = None
    ) -> Agent:
        return await self._run(wire.set_mode(agent_id, one_of("mode", AgentMode, mode), force), timeout)

    async def agent_policy(
        self,
        agent_id: str,
        situations: Sequence[Step] = (),
        *,
        exploit: bool = False,
        timeout: float | None = None,
    ) -> list[PolicyRow]:
        return await self._run(wire.policy(agent_id, situations, exploit), timeout)

    async def evaluate_policy(
        self,
        agent_id: str,
        target: TargetPolicy | str = TargetPolicy.GREEDY,
        *,
        target_agent_id: str = "",
        after_position: int = 0,
        max_decisions: int = 0,
        confidence: float = 0.95,
        max_weight: float = 0.0,
        timeout: float | None = None,
    ) -> Evaluation:
        call = wire.evaluate_policy(
            agent_id,
            one_of("target", TargetPolicy, target),
            target_agent_id,
            (after_position, max_decisions),
            (confidence, max_weight),
        )
        return await self._run(call, timeout)

    async def snapshot_agent(self, agent_id: str, name: str, *, timeout: float | None = None) -> Snapshot:
        return await self._run(wire.snapshot_agent(agent_id, name), timeout)

    async def agent_snapshots(self, agent_id: str, *, timeout: float | None = None) -> list[Snapshot]:
        return await self._run(wire.agent_snapshots(agent_id), timeout)

    async def rollback_agent(
        self, agent_id: str, *, position: int | None = None, snapshot: str = "", timeout: float | None = None
    ) -> Agent:
        return await self._run(wire.rollback_agent(agent_id, position, snapshot), timeout)

    async def agent_decisions(
        self, agent_id: str, *, after_position: int = 0, timeout: float | None = None
    ) -> AsyncIterator[LoggedDecision]:
        async for page in self._stream(wire.agent_decisions(agent_id, after_position), timeout):
            for one in page:
                yield one
