"""One agent at work: decides, learns, and writes every step down before it is answered.

Memory runs ahead of the log by what is being committed. Rows are committed in the order in which they were made, and
nothing is answered before its row is committed, so a crash loses only what nobody was told. When a commit fails, the
agent is thrown away and replayed from its log.

Only the server that holds the agent's lease moves it; the others see its rows when they take the lease over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from footlight_plugins import Agent, Choice, Discrete, EngineSpec, Options, Spaces, State
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.agents.sessions import (
    ACT,
    END,
    EXPLOIT,
    REWARD,
    TRUNCATED,
    Sessions,
    Step,
    Summary,
    mask_of,
    transitions_of,
)
from footlight_server.errors import DataLoss, NotFound, Unavailable
from footlight_server.log.agents import AgentLog
from footlight_server.log.leases import Lease, LeaseLost, LeaseTable
from footlight_server.log.records import AgentRecord, AgentRow, now
from footlight_server.log.writer import Writer
from footlight_server.models.store import Manifest, ModelStore

REPLAY_BATCH = 4_096
ATTEMPTS = 3

KEPT = 2
"""How many stored states are kept: the newest, and the one before it in case that is damaged. The log has the rest."""


@dataclass(frozen=True, slots=True)
class Move:
    """One wanted decision, checked."""

    session_id: str
    observation: int
    mask: bytes | None
    reward: float | None
    request_id: str | None
    exploit: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """One wanted end of a session, checked."""

    session_id: str
    reason: int
    reward: float | None
    final_observation: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as answered."""

    agent: int
    position: int
    action: int
    distribution: NDArray[np.float64]
    learned_steps: int
    seed: int


def decided(row: AgentRow) -> Decided:
    """The answer that a row of the log holds."""
    assert row.action is not None
    assert row.distribution is not None
    return Decided(row.agent, row.position, row.action, np.frombuffer(row.distribution), row.learned_steps, row.seed)


def draw_seed(seed: int, position: int) -> int:
    """The seed of one decision, from the agent's seed and the decision's place in its log (SplitMix64, Steele 2014)."""
    z = (seed + (position + 1) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (z ^ (z >> 31)) >> 1


class AgentHost:
    """Holds one agent and its sessions. Everything here runs on the event loop."""

    def __init__(
        self,
        record: AgentRecord,
        spec: EngineSpec,
        log: AgentLog,
        writer: Writer,
        models: ModelStore,
        leases: LeaseTable,
    ) -> None:
        self.record = record
        self.spec = spec
        self.spaces = spaces_of(record)
        self.sessions = Sessions()
        self.broken = False
        self.requests: dict[str, asyncio.Task[Mapping[str, Decided]]] = {}
        """Decisions that are being committed, by request id."""
        self._newest: asyncio.Task[Mapping[str, Decided]] | None = None
        self.lease: Lease | None = None
        """The right to move it; None while another server may have it."""
        self._leases = leases
        self._closed = False
        self._users = 0
        self._quiet = asyncio.Event()
        self._log = log
        self._writer = writer
        self._models = models
        self._engine: Agent = self._blank()
        self._position = 0
        self._saved_position = 0

    def _blank(self) -> Agent:
        engine_class = resolve_factory(self.spec)
        options = options_of(engine_class, self.record.options)
        return cast(Callable[[Options, Spaces], Agent], engine_class)(options, self.spaces)

    @property
    def key(self) -> str:
        """Under which name its state is stored."""
        return f"agent-{self.record.ordinal}"

    @property
    def learned_steps(self) -> int:
        return self._engine.learned_steps

    @property
    def is_open(self) -> bool:
        """Whether it may be moved now."""
        return not self.broken and not self._closed and self.lease is not None and self.lease.holds

    def enter(self) -> None:
        """Keep the lease until `leave`."""
        assert self.lease is not None
        self.lease.used = True
        self._users += 1

    def leave(self) -> None:
        """The end of what `enter` began."""
        self._users -= 1
        if not self._users:
            self._quiet.set()

    async def close(self) -> None:
        """Let nobody enter, and wait until everybody has left and everything is committed."""
        self._closed = True
        while self._users:
            self._quiet.clear()
            await self._quiet.wait()

    def reopen(self) -> None:
        """The end of what `close` began; the lease is gone."""
        self.lease = None
        self._closed = False

    def load(self) -> None:
        """Take over the newest stored state and replay the log from there."""
        if (stored := self._stored()) is not None:
            self._engine.load(State(stored.arrays, stored.meta["engine"]))
            self.sessions = Sessions.restored(stored.meta["sessions"])
            self._position = self._saved_position = int(stored.meta["position"])
        self.catch_up()

    def _stored(self) -> State | None:
        for _ in range(ATTEMPTS):
            if (version := self._models.newest_good(self.key)) is None:
                break
            with contextlib.suppress(DataLoss, NotFound):  # another server stored a newer one and removed this one
                return self._models.load(self.key, version)[0]
        return None

    def catch_up(self) -> None:
        """Live through what the log has, and memory has not."""
        try:
            self._replay()
        except BaseException:
            self.broken = True  # some of it was lived through
            raise

    def _replay(self) -> None:
        steps: list[Step] = []
        for row in self._log.read(self.record.ordinal, self._position):
            if (step := self.sessions.replay(row)) is not None:
                steps.append(step)
            if len(steps) == REPLAY_BATCH:
                self._learn(steps)
                steps = []
            self._position = row.position
        self._learn(steps)

    def save(self) -> None:
        """Store the state, so that the next start has little to replay."""
        if self.broken or self._position == self._saved_position:
            return
        state = self._engine.state()
        meta = {"engine": dict(state.meta), "sessions": self.sessions.saved(), "position": self._position}
        manifest = Manifest(
            engine=self.spec.name,
            engine_version=self.spec.version,
            options=dict(self.record.options),
            log_position=self._position,
            seed=self.record.seed,
            create_time=now(),
        )
        self._models.save(self.key, State(state.arrays, meta), manifest)
        self._models.prune(self.key, KEPT)
        self._saved_position = self._position

    def _learn(self, steps: list[Step]) -> None:
        if steps:
            self._engine.learn(transitions_of(steps, self.spaces.action.n))

    async def step(self, endings: Sequence[Ending], moves: Sequence[Move]) -> tuple[list[Summary], list[Decided]]:
        """End some sessions and make one move in others: learn all outcomes, then decide, then commit, then answer."""
        try:
            ends = [self._end_row(ending) for ending in endings]
            acts = [self._act_row(move) for move in moves]
            self._learn([step for row in ends + acts if (step := self.sessions.outcome(row)) is not None])
            summaries = [self.sessions.end(row) for row in ends]
            acts = [self._decide(row) for row in acts]
        except Exception:
            self.broken = True  # half a step was lived through: the log knows better
            raise
        answers = [decided(row) for row in acts]
        await self._commit(
            ends + acts, {row.name: answer for row, answer in zip(acts, answers, strict=True) if row.name}
        )
        return summaries, answers

    def _next(self) -> int:
        self._position += 1
        return self._position

    def _end_row(self, ending: Ending) -> AgentRow:
        observation = ending.final_observation if ending.reason == TRUNCATED else None
        return AgentRow(
            agent=self.record.ordinal,
            position=self._next(),
            kind=END,
            session_id=ending.session_id,
            observation=observation,
            reward=ending.reward,
            flag=ending.reason,
            learned_steps=self.learned_steps,
            time=now(),
        )

    def _act_row(self, move: Move) -> AgentRow:
        return AgentRow(
            agent=self.record.ordinal,
            position=self._next(),
            kind=ACT,
            session_id=move.session_id,
            name=move.request_id,
            observation=move.observation,
            reward=move.reward,
            flag=EXPLOIT if move.exploit else 0,
            mask=move.mask,
            time=now(),
        )

    def _decide(self, row: AgentRow) -> AgentRow:
        assert row.observation is not None
        seed = draw_seed(self.record.seed, row.position)
        mask = mask_of(row.mask, self.spaces.action.n)
        choice = self._checked(self._engine.act(row.observation, mask, seed, bool(row.flag & EXPLOIT)), mask)
        row = row._replace(
            action=choice.action,
            distribution=choice.distribution.tobytes(),
            learned_steps=self.learned_steps,
            seed=seed,
        )
        self.sessions.decide(row)
        return row

    def _checked(self, choice: Choice, mask: NDArray[np.bool_]) -> Choice:
        """The choice of an engine, which may be a stranger's.

        Raises
        ------
        ValueError
            When the action is not allowed, or the probabilities are none.
        """
        probabilities = choice.distribution
        if probabilities.shape != mask.shape or probabilities.dtype != np.float64:
            raise ValueError(f"engine {self.spec.name!r} answered no probability for each action")
        if not (0 <= choice.action < len(mask) and mask[choice.action]):
            raise ValueError(f"engine {self.spec.name!r} chose action {choice.action}, which is not allowed")
        if not (abs(probabilities.sum() - 1) < 1e-6 and probabilities.min() >= 0 and probabilities[choice.action] > 0):
            raise ValueError(f"engine {self.spec.name!r} answered probabilities that do not add up to 1")
        return choice

    async def _commit(self, rows: Sequence[AgentRow], answers: Mapping[str, Decided]) -> None:
        """Write the rows down. A repeated request that comes meanwhile waits for the same answer."""
        self._users += 1  # also when the caller leaves before it is done
        self._newest = task = asyncio.create_task(self._write(rows, answers))
        for request_id in answers:
            self.requests[request_id] = task
        await asyncio.shield(task)  # the caller may leave; the rows are written all the same

    async def settle(self) -> None:
        """Wait until everything that memory holds now is committed: what is said of it is durable then.

        Raises
        ------
        Unavailable
            When it could not be written; memory was wrong, and the caller should ask again.
        """
        if self._newest is not None and not self._newest.done():
            await asyncio.shield(self._newest)  # commits are done in the order in which they were begun

    async def _write(self, rows: Sequence[AgentRow], answers: Mapping[str, Decided]) -> Mapping[str, Decided]:
        lease = self.lease
        try:
            await self._writer.submit(lambda connection: self._append(connection, lease, rows))
        except LeaseLost:
            self.broken = True
            raise
        except Exception as fault:
            self.broken = True
            raise Unavailable(f"the step could not be written down: {fault}") from fault
        finally:
            for request_id in answers:
                del self.requests[request_id]
            self.leave()
        return answers

    def _append(self, connection: Connection, lease: Lease | None, rows: Sequence[AgentRow]) -> None:
        """Runs in the writer: write the rows, unless another server has taken the agent over."""
        if lease is None:
            raise LeaseLost(self.key)
        self._leases.check(connection, lease)
        self._log.insert_rows(connection, rows)

    async def reward(self, decision: int, reward_id: str, value: float) -> None:
        """Write a reward down. It counts when its decision is open; otherwise it is only kept."""
        row = AgentRow(
            agent=self.record.ordinal,
            position=self._next(),
            kind=REWARD,
            session_id="",
            name=reward_id,
            decision=decision,
            reward=value,
            time=now(),
        )
        self.sessions.reward(row)
        await self._commit([row], {})


def spaces_of(record: AgentRecord) -> Spaces:
    """The spaces that an agent was created with."""
    return Spaces(Discrete(int(record.spaces["observation"])), Discrete(int(record.spaces["action"])))
