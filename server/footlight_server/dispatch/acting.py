"""Moves and rewards: which agent, is the request well formed, was it answered before."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from footlight_plugins import EngineSpec, Verb
from footlight_server.agents.agent_host import AgentHost, Decided, Ending, Move, decided
from footlight_server.agents.keeping import AgentKeeper
from footlight_server.agents.sessions import ACT, TRUNCATED, Summary
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments, checked_options, engine_class_of
from footlight_server.dispatch.finishing import to_the_end
from footlight_server.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from footlight_server.log.agents import AgentTable
from footlight_server.log.leases import LeaseLost
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import AgentRecord, now
from footlight_server.log.validation import check_id, check_number, chosen_seed
from footlight_server.log.writer import Writer
from footlight_server.models.store import ModelStore

T = TypeVar("T")

MOST_OBSERVATIONS = 10_000_000
MOST_ACTIONS = 10_000
MOST_REWARDS = 10_000
MOST_STEPS = 4_096
ATTEMPTS = 10

RECORDED, DUPLICATE, LATE, UNKNOWN_DECISION = 1, 2, 3, 4
"""What can become of a reward; the numbers are those of the wire."""

_DECISION_ID = re.compile(r"a-(\d{1,9})-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class WantedMove:
    """One Act as asked for. ``observation`` is None where it was not given."""

    session_id: str
    observation: int | None
    mask: Sequence[bool] = ()
    reward: float | None = None
    request_id: str = ""
    exploit: bool = False


@dataclass(frozen=True, slots=True)
class WantedEnd:
    """One EndSession as asked for."""

    session_id: str
    reason: int
    reward: float | None = None
    final_observation: int | None = None


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
        self._keeper = AgentKeeper(self._spec_of, agents.log, writer, models, leasing)
        self._policy = policy
        self._records: dict[str, AgentRecord] = {}
        self._names: dict[int, str] = {}
        self._read_records()

    def _read_records(self) -> None:
        self._records = {record.agent_id: record for record in self._agents.all()}
        self._names = {record.ordinal: record.agent_id for record in self._records.values()}

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
            "observation": _size("observation_space", sizes[0], MOST_OBSERVATIONS),
            "action": _size("action_space", sizes[1], MOST_ACTIONS),
        }
        seed = chosen_seed("seed", seed)
        deployed = self._deployments.resolve(deployment, Verb.ACT)
        engine_class = await asyncio.to_thread(engine_class_of, deployed.spec)
        complete = checked_options(engine_class, {**deployed.record.options, **options})
        record = AgentRecord(agent_id, deployed.name, spaces, complete.model_dump(mode="json"), seed, now())
        self._try(record, deployed.spec)
        return await self._insert(record), 0

    @to_the_end
    async def _insert(self, record: AgentRecord) -> AgentRecord:
        record = await self._agents.insert(record)
        self._records[record.agent_id] = record
        self._names[record.ordinal] = record.agent_id
        return record

    def _try(self, record: AgentRecord, spec: EngineSpec) -> None:
        try:
            self._keeper.make(record, spec)
        except ValueError as wrong:
            raise InvalidArgument("observation_space", str(wrong)) from wrong

    async def get(self, asking: Asking, agent_id: str) -> tuple[AgentRecord, int]:
        """An agent, and from how many steps it has learned."""
        self._policy.check(asking, "read")
        record = self._record("agent_id", agent_id)
        return record, (await self._keeper.look(record)).learned_steps

    async def list_agents(
        self, asking: Asking, page_size: int, page_token: str
    ) -> tuple[list[tuple[AgentRecord, int]], str]:
        """One page of agents, newest first."""
        self._policy.check(asking, "read")
        records, token = self._agents.list(page_size, page_token)
        return [await self.get(asking, record.agent_id) for record in records], token

    def _record(self, field: str, agent_id: str) -> AgentRecord:
        check_id(field, agent_id)
        if (record := self._records.get(agent_id)) is None:
            record = self._records[agent_id] = self._agents.get(agent_id)  # another server may have made it
            self._names[record.ordinal] = agent_id
        return record

    async def _spec_of(self, record: AgentRecord) -> EngineSpec:
        spec = self._deployments.resolve(record.deployment, Verb.ACT).spec
        await asyncio.to_thread(engine_class_of, spec)
        return spec

    async def _with(self, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]) -> T:
        """Do something with an agent that this server alone may move meanwhile."""
        for _ in range(ATTEMPTS):
            host = await self._keeper.enter(record)
            try:
                return await work(host)
            except LeaseLost:
                continue  # this server stood still for too long, and nothing was written: again, with the newer state
            finally:
                host.leave()
        raise Unavailable(f"agent '{record.agent_id}' was taken over by another server again and again")

    async def act(self, asking: Asking, agent_id: str, wanted: WantedMove) -> Decided:
        """Tell the outcome of the decision before, learn from it, and decide the next one."""
        self._policy.check(asking, "act")
        return await self._with(self._record("agent_id", agent_id), lambda host: self._act(host, wanted))

    async def _act(self, host: AgentHost, wanted: WantedMove) -> Decided:
        move = _checked_move("", wanted, host)
        if move.request_id is not None and (known := await self._answered(host, [move.request_id])):
            return known[move.request_id]
        self._check_open("", move, host)
        _, answers = await host.step([], [move])
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
        return await self._with(self._record("agent_id", agent_id), lambda host: self._batch(host, ends, acts))

    async def _batch(
        self, host: AgentHost, ends: Sequence[WantedEnd], acts: Sequence[WantedMove]
    ) -> tuple[list[Summary], list[Decided]]:
        if not 1 <= len(ends) + len(acts) <= MOST_STEPS:
            raise InvalidArgument("acts", f"and ends together must be 1 to {MOST_STEPS:,}")
        moves = [_checked_move(f"acts[{i}].", act, host) for i, act in enumerate(acts)]
        checked = [_checked_end(f"ends[{i}].", end, host) for i, end in enumerate(ends)]
        _check_different([end.session_id for end in checked], "ends")
        _check_different([move.session_id for move in moves], "acts")
        _check_different([move.request_id for move in moves if move.request_id], "acts")
        answered = await self._answered(host, [move.request_id for move in moves if move.request_id])
        known = [answered.get(move.request_id or "") for move in moves]
        self._check_batch(host, checked, moves, known)
        going = [end for end in checked if end.session_id in host.sessions.open]
        before = {end.session_id: host.sessions.ended.get(end.session_id) for end in checked}
        todo = [move for move, answer in zip(moves, known, strict=True) if answer is None]
        summaries, answers = await host.step(going, todo) if going or todo else ([], [])
        if not (going or todo):
            await host.settle()
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
        return await self._with(self._record("agent_id", agent_id), lambda host: self._end(host, wanted))

    async def _end(self, host: AgentHost, wanted: WantedEnd) -> Summary:
        ending = _checked_end("", wanted, host)
        if ending.session_id in host.sessions.open:
            return (await host.step([ending], []))[0][0]
        if (summary := host.sessions.ended.get(ending.session_id)) is not None:
            await host.settle()
            return summary
        raise NotFound("session", ending.session_id)

    async def reward(self, asking: Asking, rewards: Sequence[tuple[str, str, float]]) -> list[int]:
        """Add rewards, each (reward id, decision id, value), and say what became of each."""
        self._policy.check(asking, "act")
        if not 1 <= len(rewards) <= MOST_REWARDS:
            raise InvalidArgument("rewards", f"must hold 1 to {MOST_REWARDS:,} rewards, not {len(rewards):,}")
        for index, (reward_id, decision, value) in enumerate(rewards):
            check_id(f"rewards[{index}].reward_id", reward_id)
            check_id(f"rewards[{index}].decision_id", decision)
            check_number(f"rewards[{index}].value", value)
        return [await self._reward(*reward) for reward in rewards]

    async def _reward(self, reward_id: str, decision: str, value: float) -> int:
        match = _DECISION_ID.fullmatch(decision)
        if match is None or (record := self._numbered(int(match[1]))) is None:
            return UNKNOWN_DECISION
        return await self._with(record, lambda host: self._add(host, int(match[2]), reward_id, value))

    def _numbered(self, ordinal: int) -> AgentRecord | None:
        if ordinal in self._names:
            return self._records[self._names[ordinal]]
        if (record := self._agents.numbered(ordinal)) is not None:  # another server has made it
            self._records[record.agent_id], self._names[ordinal] = record, record.agent_id
        return record

    async def _add(self, host: AgentHost, position: int, reward_id: str, value: float) -> int:
        session = host.sessions.of_decision(position)
        if session is not None:
            if reward_id in session.reward_ids:
                await host.settle()
                return DUPLICATE
            await host.reward(position, reward_id, value)
            return RECORDED
        await host.settle()  # the same reward may be on its way
        row = self._log.find(host.record.ordinal, position)
        if row is None or row.kind != ACT:
            return UNKNOWN_DECISION
        if self._log.find_reward(host.record.ordinal, position, reward_id) is not None:
            return DUPLICATE
        await host.reward(position, reward_id, value)
        return LATE

    def uses(self, deployment: str) -> bool:
        """Whether an agent uses this deployment."""
        self._read_records()  # another server may have made some
        return any(record.deployment == deployment for record in self._records.values())

    async def stop(self) -> None:
        """Store every agent's state, so that the next start has little to replay."""
        await self._keeper.stop()


def _size(field: str, n: int | None, most: int) -> int:
    if n is None:
        raise InvalidArgument(field, "is required: a discrete space with n values")
    if not 1 <= n <= most:
        raise InvalidArgument(f"{field}.discrete.n", f"must be between 1 and {most:,}, not {n}")
    return n


def _value(field: str, value: int | None, n: int) -> int:
    if value is None:
        raise InvalidArgument(field, "is required: a value of the observation space")
    if not 0 <= value < n:
        raise InvalidArgument(f"{field}.discrete", f"must be between 0 and {n - 1}, not {value}")
    return value


def _checked_move(path: str, wanted: WantedMove, host: AgentHost) -> Move:
    check_id(f"{path}session_id", wanted.session_id)
    if wanted.request_id:
        check_id(f"{path}request_id", wanted.request_id)
    if wanted.reward is not None:
        check_number(f"{path}outcome.reward", wanted.reward)
    actions = host.spaces.action.n
    mask = None
    if wanted.mask:
        if len(wanted.mask) != actions:
            raise InvalidArgument(
                f"{path}action_mask", f"must have one entry an action, {actions}, not {len(wanted.mask)}"
            )
        if not any(wanted.mask):
            raise InvalidArgument(f"{path}action_mask", "must allow at least one action")
        mask = np.array(wanted.mask, np.bool_).tobytes()
    observation = _value(f"{path}observation", wanted.observation, host.spaces.observation.n)  # type: ignore[union-attr]
    return Move(wanted.session_id, observation, mask, wanted.reward, wanted.request_id or None, wanted.exploit)


def _checked_end(path: str, wanted: WantedEnd, host: AgentHost) -> Ending:
    check_id(f"{path}session_id", wanted.session_id)
    if not 1 <= wanted.reason <= 3:
        raise InvalidArgument(f"{path}reason", "must be TERMINATED, TRUNCATED or ABANDONED")
    if wanted.reward is not None:
        check_number(f"{path}outcome.reward", wanted.reward)
    final = wanted.final_observation
    if wanted.reason == TRUNCATED or final is not None:
        final = _value(f"{path}final_observation", final, host.spaces.observation.n)  # type: ignore[union-attr]
    return Ending(wanted.session_id, wanted.reason, wanted.reward, final)


def _check_different(names: Sequence[str], field: str) -> None:
    if len(set(names)) != len(names):
        raise InvalidArgument(field, "must be of sessions and requests that all differ")
