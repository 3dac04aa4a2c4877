"""One agent at work: decides, learns, and writes every step down before it is answered.

Memory runs ahead of the log by what is being committed. Rows are committed in the order in which they were made, and
nothing is answered before its row is committed, so a crash loses only what nobody was told. When a commit fails, the
agent is thrown away and replayed from its log.

Only the server that holds the agent's lease moves it; the others see its rows when they take the lease over.

The engine is called where its deployment says (`dispatch.agent_care`): on the event loop, a thread, or in a process. One
caller at a time has the `turn`: it checks, lives through its step, and hands the rows to the writer in their order; the
commit is awaited after the turn, so that many sessions share one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from footlight_plugins import Agent, Call, State
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
from footlight_server.agents.steps import (
    Decided,
    Ending,
    Move,
    check_choice,
    choices_of,
    decided,
    draw_seed,
    spaces_of,
)
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.faulting import EngineFault, check_waiting
from footlight_server.dispatch.seat import FOREVER
from footlight_server.errors import DataLoss, NotFound, Unavailable
from footlight_server.isolation.process import EngineProcess
from footlight_server.isolation.proxies import IsolatedAgent
from footlight_server.log.agents import AgentLog
from footlight_server.log.leases import Lease, LeaseLost, LeaseTable
from footlight_server.log.records import AgentRecord, AgentRow, now
from footlight_server.log.writer import Writer
from footlight_server.models.store import Manifest, ModelStore

REPLAY_BATCH = 4_096
ATTEMPTS = 3

KEPT = 2
"""How many stored states are kept: the newest, and the one before it in case that is damaged. The log has the rest."""


class Outdated(Unavailable):
    """What memory has of the agent is not to be used any more: it is to be made anew from its log."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step that was lived through; it counts once it is committed."""

    summaries: list[Summary]
    answers: list[Decided]
    commit: asyncio.Task[Mapping[str, Decided]]

    async def committed(self) -> tuple[list[Summary], list[Decided]]:
        """Wait for that, and answer. The caller may leave; the rows are written all the same."""
        await asyncio.shield(self.commit)
        return self.summaries, self.answers


class AgentHost:
    """Holds one agent and its sessions. Everything here runs on the event loop, but what says otherwise."""

    def __init__(
        self,
        record: AgentRecord,
        care: AgentCare,
        log: AgentLog,
        writer: Writer,
        models: ModelStore,
        leases: LeaseTable,
    ) -> None:
        self.record = record
        self.care = care
        self.spec = care.spec
        self.spaces = spaces_of(record)
        self.sessions = Sessions()
        self.turn = asyncio.Lock()
        """Held from what is checked of the sessions to the step that follows from it."""
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
        self._engine: Agent
        self._position = 0
        self._saved_position = 0

    def blank(self) -> Agent:
        """An engine that knows nothing yet. It may take long, and much memory: call it on a thread.

        Raises
        ------
        ValueError
            When the engine does not take the agent's spaces.
        """
        engine_class = resolve_factory(self.spec)
        options = options_of(engine_class, self.record.options)
        return self.care.make(engine_class, options, self.spaces)

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

    def let_go(self, process: EngineProcess) -> None:
        """Hear that a process has ended."""
        if isinstance(self._engine, IsolatedAgent) and self._engine.process is process:
            self.broken = True

    def load(self) -> None:
        """Take over the newest stored state and replay the log from there. Runs on a thread."""
        self._engine = self.blank()
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
        """Live through what the log has, and memory has not. Runs on a thread."""
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

    async def step(self, endings: Sequence[Ending], moves: Sequence[Move], call: Call = FOREVER) -> Stepped:
        """End some sessions and make one move in others: learn all outcomes, then decide. Only under `turn`.

        Raises
        ------
        Outdated
            When the agent was lost meanwhile; nothing was lived through, so that the same may be asked of the next one.
        AgentDown, EngineFault
            When its engine did something wrong; nothing of the step is written.
        """
        self.check()
        try:
            rows, summaries, decisions = await self.care.run(
                self.record.agent_id, partial(self._step, endings, moves, call), PATIENT
            )
        except EngineFault:
            self.broken = True  # it may hang in the middle of the step
            raise
        answers = [decided(row) for row in decisions]
        named = {row.name: answer for row, answer in zip(decisions, answers, strict=True) if row.name}
        return Stepped(summaries, answers, self._commit(rows, named))

    def check(self) -> None:
        """Raise Outdated where the agent has to be made anew."""
        if self.broken or (isinstance(self._engine, IsolatedAgent) and self._engine.process.ended):
            self.broken = True
            raise Outdated(f"agent '{self.record.agent_id}' is being made anew")

    def _step(
        self, endings: Sequence[Ending], moves: Sequence[Move], call: Call
    ) -> tuple[list[AgentRow], list[Summary], list[AgentRow]]:
        """Runs where the engine runs: the rows of the step, what became of the sessions that end, and the decisions."""
        check_waiting(call)
        self.check()
        try:
            ends = [self._end_row(ending) for ending in endings]
            acts = [self._act_row(move) for move in moves]
            self._learn([step for row in ends + acts if (step := self.sessions.outcome(row)) is not None])
            ends = [row._replace(learned_steps=self.learned_steps) for row in ends]
            summaries = [self.sessions.end(row) for row in ends]
            acts = self._decide(acts)
        except BaseException:
            self.broken = True  # half a step was lived through: the log knows better
            raise
        return ends + acts, summaries, acts

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

    def _decide(self, rows: Sequence[AgentRow]) -> list[AgentRow]:
        actions, learned_steps = self.spaces.action.n, self.learned_steps
        seeds = [draw_seed(self.record.seed, row.position) for row in rows]
        masks = [mask_of(row.mask, actions) for row in rows]
        choices = choices_of(self._engine, rows, masks, seeds)
        decisions = []
        for row, mask, seed, choice in zip(rows, masks, seeds, choices, strict=True):
            check_choice(self.spec.name, choice, mask)
            row = row._replace(
                action=choice.action,
                distribution=choice.distribution.tobytes(),
                learned_steps=learned_steps,
                seed=seed,
            )
            self.sessions.decide(row)
            decisions.append(row)
        return decisions

    def _commit(self, rows: Sequence[AgentRow], answers: Mapping[str, Decided]) -> asyncio.Task[Mapping[str, Decided]]:
        """Begin to write the rows down. A repeated request that comes meanwhile waits for the same answer."""
        self._users += 1  # also when the caller leaves before it is done
        self._newest = task = asyncio.create_task(self._write(rows, answers))
        for request_id in answers:
            self.requests[request_id] = task
        return task

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

    def reward(self, decision: int, reward_id: str, value: float) -> Stepped:
        """Begin to write a reward down, under `turn`. It counts when its decision is open; otherwise it is only kept."""
        self.check()
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
        return Stepped([], [], self._commit([row], {}))


PATIENT = Call()
"""A step that was begun is lived through; whether anybody waits for it is looked at before."""
