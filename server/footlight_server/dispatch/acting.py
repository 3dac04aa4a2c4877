"""Moves and rewards: which agent, is the request well formed, was it answered before."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from footlight_plugins import Call, Verb
from footlight_server.agents.agent_host import AgentHost, Outdated
from footlight_server.agents.keeping import AgentKeeper
from footlight_server.agents.sessions import ACT, Summary
from footlight_server.agents.steps import Decided, Ending, Move, decided
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.engine_options import checked_options, engine_class_of
from footlight_server.dispatch.faulting import AgentDown, EngineFault
from footlight_server.dispatch.finishing import outliving, to_the_end
from footlight_server.dispatch.moves import (
    MOST_ACTIONS,
    MOST_OBSERVATIONS,
    WantedEnd,
    WantedMove,
    check_different,
    checked_end,
    checked_move,
    checked_size,
)
from footlight_server.dispatch.seat import apart
from footlight_server.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from footlight_server.log.agents import AgentTable
from footlight_server.log.leases import LeaseLost
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import AgentRecord, now
from footlight_server.log.validation import check_id, check_number, chosen_seed
from footlight_server.log.writer import Writer
from footlight_server.models.store import ModelStore

T = TypeVar("T")

MOST_REWARDS = 10_000
MOST_STEPS = 4_096
ATTEMPTS = 10

RECORDED, DUPLICATE, LATE, UNKNOWN_DECISION = 1, 2, 3, 4
"""What can become of a reward; the numbers are those of the wire."""

_DECISION_ID = re.compile(r"a-(\d{1,9})-(\d{1,18})")


def decision_id(answer: Decided) -> str:
    """The name of a decision: where in which agent's log it stands."""
    return f"a-{answer.agent}-{answer.position}"


class Acting:
    """Answers everything about agents."""

    def __init__(
        self,
        deployments: Deployments,
        agents: AgentTable,
        writer: Writer,
        models: ModelStore,
        leasing: Leasing,
        policy: Policy,
    ) -> None:
        self._deployments = deployments
        self._agents = agents
        self._log = agents.log
        self._keeper = AgentKeeper(self._care_of, agents.log, writer, models, leasing)
        self._policy = policy
        self._records: dict[str, AgentRecord] = {}
        self._names: dict[int, str] = {}

    async def create(
        self,
        asking: Asking,
        agent_id: str,
        deployment: str,
        sizes: tuple[int | None, int | None],
        options: Mapping[str, Any],
        seed: int | None,
    ) -> tuple[AgentRecord, int]:
        """Make an agent that knows nothing yet; ``sizes`` are those of its observation and action spaces."""
        self._policy.check(asking, "write")
        check_id("agent_id", agent_id)
        spaces = {
            "observation": checked_size("observation_space", sizes[0], MOST_OBSERVATIONS),
            "action": checked_size("action_space", sizes[1], MOST_ACTIONS),
        }
        seed = chosen_seed("seed", seed)
        deployed = self._deployments.resolve(deployment, Verb.ACT)
        if deployed.spec.converses:
            raise InvalidArgument("deployment", f"'{deployed.name}' is an assistant: talk to it with Converse")
        engine_class = await asyncio.to_thread(engine_class_of, deployed.spec)
        complete = checked_options(engine_class, {**deployed.record.options, **options})
        record = AgentRecord(agent_id, deployed.name, spaces, complete.model_dump(mode="json"), seed, now())
        await self._try(record)
        return await self._insert(record), 0

    @to_the_end
    async def _insert(self, record: AgentRecord) -> AgentRecord:
        record = await self._agents.insert(record)
        self._records[record.agent_id] = record
        self._names[record.ordinal] = record.agent_id
        return record

    async def _try(self, record: AgentRecord) -> None:
        """Make an engine with these options and spaces, and drop it."""
        host = self._keeper.make(record, await self._care_of(record))
        try:
            await apart(record.deployment, lambda: host.blank().learned_steps)
        except EngineFault as fault:
            if isinstance(fault.__cause__, ValueError):
                raise InvalidArgument("observation_space", str(fault.__cause__)) from fault
            raise

    async def get(self, asking: Asking, agent_id: str) -> tuple[AgentRecord, int]:
        """An agent, and from how many steps it has learned."""
        self._policy.check(asking, "read")
        record = self._record("agent_id", agent_id)
        return record, await asyncio.to_thread(self._log.learned_steps, record.ordinal)

    async def list_agents(
        self, asking: Asking, page_size: int, page_token: str
    ) -> tuple[list[tuple[AgentRecord, int]], str]:
        """One page of agents, newest first."""
        self._policy.check(asking, "read")
        return await asyncio.to_thread(self._page, page_size, page_token)

    def _page(self, page_size: int, page_token: str) -> tuple[list[tuple[AgentRecord, int]], str]:
        records, token = self._agents.list(page_size, page_token)
        return [(record, self._log.learned_steps(record.ordinal)) for record in records], token

    def _record(self, field: str, agent_id: str) -> AgentRecord:
        check_id(field, agent_id)
        if (record := self._records.get(agent_id)) is None:
            record = self._records[agent_id] = self._agents.get(agent_id)  # another server may have made it
            self._names[record.ordinal] = agent_id
        return record

    def _care(self, record: AgentRecord) -> AgentCare:
        care = self._deployments.resolve(record.deployment, Verb.ACT).agents
        assert care is not None
        return care

    async def _care_of(self, record: AgentRecord) -> AgentCare:
        """Who looks after the agent, its engine imported."""
        care = self._care(record)
        await asyncio.to_thread(engine_class_of, care.spec)
        return care

    async def _with(self, asking: Asking, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]) -> T:
        """Do something with an agent that this server alone may move meanwhile.

        Where its engine is not inline, it goes on when the caller leaves: what was lived through has to be written.
        """
        care = self._care(record)
        if care.inline:
            return await self._admitted(asking, care, record, work)
        return await outliving(asking, self._admitted(asking, care, record, work))

    async def _admitted(
        self, asking: Asking, care: AgentCare, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]
    ) -> T:
        with care.admission.enter(asking):
            care.admit(record.agent_id)
            try:
                return await self._moved(record, work)
            finally:
                care.leave(record.agent_id)

    async def _moved(self, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]) -> T:
        for _ in range(ATTEMPTS):
            host = await self._keeper.enter(record)
            try:
                return await work(host)
            except (LeaseLost, Outdated):
                continue  # nothing was written: again, with the newer state
            finally:
                host.leave()
        raise Unavailable(f"agent '{record.agent_id}' was taken over by another server again and again")

    async def act(self, asking: Asking, agent_id: str, wanted: WantedMove) -> Decided:
        """Tell the outcome of the decision before, learn from it, and decide the next one."""
        self._policy.check(asking, "act")
        record = self._record("agent_id", agent_id)
        return await self._with(asking, record, lambda host: self._act(host, wanted, asking.call))

    async def _act(self, host: AgentHost, wanted: WantedMove, call: Call) -> Decided:
        move = checked_move("", wanted, host)
        async with host.turn:
            if move.request_id is not None and (known := await self._answered(host, [move.request_id])):
                return known[move.request_id]
            self._check_open("", move, host)
            stepped = await host.step([], [move], call)
        _, answers = await stepped.committed()
        return answers[0]

    async def _answered(self, host: AgentHost, request_ids: Sequence[str]) -> dict[str, Decided]:
        """The answers that these requests were given before."""
        committing = {name: host.requests[name] for name in request_ids if name in host.requests}
        for task in committing.values():
            await asyncio.shield(task)
        answers = {name: task.result()[name] for name, task in committing.items()}
        others = [name for name in request_ids if name not in answers]
        return answers | {
            name: decided(row) for name, row in self._log.find_requests(host.record.ordinal, others).items()
        }

    def _check_open(self, field: str, move: Move, host: AgentHost) -> None:
        if move.reward is not None and move.session_id not in host.sessions.open:
            raise FailedPrecondition(
                f"{field}outcome: session '{move.session_id}' has no open decision that it could be the outcome of",
                reason="NO_OPEN_DECISION",
            )

    async def batch_act(
        self, asking: Asking, agent_id: str, ends: Sequence[WantedEnd], acts: Sequence[WantedMove]
    ) -> tuple[list[Summary], list[Decided]]:
        """One step of many sessions: all of it or nothing."""
        self._policy.check(asking, "act")
        record = self._record("agent_id", agent_id)
        return await self._with(asking, record, lambda host: self._batch(host, ends, acts, asking.call))

    async def _batch(
        self, host: AgentHost, ends: Sequence[WantedEnd], acts: Sequence[WantedMove], call: Call
    ) -> tuple[list[Summary], list[Decided]]:
        if not 1 <= len(ends) + len(acts) <= MOST_STEPS:
            raise InvalidArgument("acts", f"and ends together must be 1 to {MOST_STEPS:,}")
        moves = [checked_move(f"acts[{i}].", act, host) for i, act in enumerate(acts)]
        checked = [checked_end(f"ends[{i}].", end, host) for i, end in enumerate(ends)]
        check_different([end.session_id for end in checked], "ends")
        check_different([move.session_id for move in moves], "acts")
        check_different([move.request_id for move in moves if move.request_id], "acts")
        async with host.turn:
            answered = await self._answered(host, [move.request_id for move in moves if move.request_id])
            known = [answered.get(move.request_id or "") for move in moves]
            self._check_batch(host, checked, moves, known)
            going = [end for end in checked if end.session_id in host.sessions.open]
            before = {end.session_id: host.sessions.ended.get(end.session_id) for end in checked}
            todo = [move for move, answer in zip(moves, known, strict=True) if answer is None]
            stepped = await host.step(going, todo, call) if going or todo else None
        if stepped is None:
            await host.settle()
        summaries, answers = await stepped.committed() if stepped is not None else ([], [])
        new_answers = iter(answers)
        finished = before | {end.session_id: summary for end, summary in zip(going, summaries, strict=True)}
        summary_of = [finished[end.session_id] for end in checked]
        return [s for s in summary_of if s is not None], [a or next(new_answers) for a in known]

    def _check_batch(
        self, host: AgentHost, ends: Sequence[Ending], moves: Sequence[Move], known: Sequence[Decided | None]
    ) -> None:
        for end in ends:
            if end.session_id not in host.sessions.open and end.session_id not in host.sessions.ended:
                raise NotFound("session", end.session_id)
        ending = {end.session_id for end in ends}
        for index, (move, answer) in enumerate(zip(moves, known, strict=True)):
            if answer is None:
                self._check_open(f"acts[{index}].", move, host)
                if move.reward is not None and move.session_id in ending:
                    raise FailedPrecondition(f"acts[{index}].outcome: session '{move.session_id}' ends in this call")

    async def end_session(self, asking: Asking, agent_id: str, wanted: WantedEnd) -> Summary:
        """Tell the outcome of the last decision and close the session."""
        self._policy.check(asking, "act")
        record = self._record("agent_id", agent_id)
        return await self._with(asking, record, lambda host: self._end(host, wanted, asking.call))

    async def _end(self, host: AgentHost, wanted: WantedEnd, call: Call) -> Summary:
        ending = checked_end("", wanted, host)
        async with host.turn:
            summary = host.sessions.ended.get(ending.session_id)
            going = ending.session_id in host.sessions.open
            stepped = await host.step([ending], [], call) if going else None
        if stepped is not None:
            return (await stepped.committed())[0][0]
        if summary is None:
            raise NotFound("session", ending.session_id)
        await host.settle()
        return summary

    async def reward(self, asking: Asking, rewards: Sequence[tuple[str, str, float]]) -> list[int]:
        """Add rewards, each (reward id, decision id, value), and say what became of each."""
        self._policy.check(asking, "act")
        if not 1 <= len(rewards) <= MOST_REWARDS:
            raise InvalidArgument("rewards", f"must hold 1 to {MOST_REWARDS:,} rewards, not {len(rewards):,}")
        for index, (reward_id, decision, value) in enumerate(rewards):
            check_id(f"rewards[{index}].reward_id", reward_id)
            check_id(f"rewards[{index}].decision_id", decision)
            check_number(f"rewards[{index}].value", value)
        outcomes = [await self._outcome(asking, *reward) for reward in rewards]
        statuses = [status for status in outcomes if isinstance(status, int)]
        if len(statuses) < len(outcomes):  # those of other agents are recorded; sent again, they are duplicates
            raise next(fault for fault in outcomes if not isinstance(fault, int))
        return statuses

    async def _outcome(self, asking: Asking, reward_id: str, decision: str, value: float) -> int | Exception:
        """What became of one reward: an agent that is out of order does not stop those of the others."""
        try:
            return await self._reward(asking, reward_id, decision, value)
        except (AgentDown, EngineFault) as fault:
            return fault

    async def _reward(self, asking: Asking, reward_id: str, decision: str, value: float) -> int:
        match = _DECISION_ID.fullmatch(decision)
        if match is None or (record := self._numbered(int(match[1]))) is None:
            return UNKNOWN_DECISION
        return await self._with(asking, record, lambda host: self._add(host, int(match[2]), reward_id, value))

    def _numbered(self, ordinal: int) -> AgentRecord | None:
        if ordinal in self._names:
            return self._records[self._names[ordinal]]
        if (record := self._agents.numbered(ordinal)) is not None:  # another server has made it
            self._records[record.agent_id], self._names[ordinal] = record, record.agent_id
        return record

    async def _add(self, host: AgentHost, position: int, reward_id: str, value: float) -> int:
        async with host.turn:
            session = host.sessions.of_decision(position)
            duplicate = session is not None and reward_id in session.reward_ids
            if session is None:
                await host.settle()  # the same reward may be on its way
                row = self._log.find(host.record.ordinal, position)
                if row is None or row.kind != ACT:
                    return UNKNOWN_DECISION
                duplicate = self._log.find_reward(host.record.ordinal, position, reward_id) is not None
            added = None if duplicate else host.reward(position, reward_id, value)
        if added is None:
            await host.settle()
            return DUPLICATE
        await added.committed()
        return LATE if session is None else RECORDED

    def uses(self, deployment: str) -> bool:
        """Whether an agent uses this deployment."""
        return self._agents.any_of(deployment)

    async def stop(self) -> None:
        """Store every agent's state, so that the next start has little to replay."""
        await self._keeper.stop()
