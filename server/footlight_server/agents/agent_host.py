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
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import Connection

from footlight_plugins import Agent, Call, Choice, Situation, State
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.agents.mind import GivenReward, Gone, Lived, Mind, voids
from footlight_server.agents.sessions import ROLLBACK, Sessions
from footlight_server.agents.settings import Settings
from footlight_server.agents.spaces import Codec
from footlight_server.agents.steps import Decided, Ending, Move, Stepped, choices_of, decided
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.faulting import EngineFault, check_waiting
from footlight_server.dispatch.seat import FOREVER
from footlight_server.errors import DataLoss, NotFound, Unavailable
from footlight_server.isolation.process import EngineProcess
from footlight_server.isolation.proxies import IsolatedAgent
from footlight_server.log.agent_erasures import ERASED
from footlight_server.log.agents import AgentLog
from footlight_server.log.leases import Lease, LeaseLost, LeaseTable
from footlight_server.log.records import AgentRecord, AgentRow, now
from footlight_server.log.writer import Writer
from footlight_server.models.store import Manifest, ModelStore

T = TypeVar("T")
ATTEMPTS = 3
FEW = 16
"""So many rows are committed on the event loop itself; more of them go to the writer's thread, which takes no turn from
others."""
CLOCKS = 60_000_000
"""By so many microseconds the clocks of two servers may differ."""

KEPT = 2
"""How many stored states are kept: the newest, and the one before it in case that is damaged. The log has the rest."""


class Outdated(Unavailable):
    """What memory has of the agent is not to be used any more: it is to be made anew from its log."""


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
        engine_class = resolve_factory(care.spec)
        self.codec = Codec(record.spaces, cast(type[Agent], engine_class))
        self.looks_ahead = bool(getattr(engine_class, "looks_ahead", True))
        self.settings = Settings.of(record.settings)
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
        self._mind: Mind
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
        return self.care.make(engine_class, options, self.codec.spaces)

    @property
    def key(self) -> str:
        """Under which name its state is stored."""
        return f"agent-{self.record.ordinal}"

    @property
    def learned_steps(self) -> int:
        return self._mind.learned_steps

    @property
    def sessions(self) -> Sessions:
        """Its sessions, to be looked at."""
        return self._mind.sessions

    @property
    def position(self) -> int:
        """The last position of its log that memory has."""
        return self._mind.position

    @property
    def is_open(self) -> bool:
        """Whether it may be moved now."""
        return not self.broken and not self._closed and self.lease is not None and self.lease.holds

    @property
    def is_free(self) -> bool:
        """Whether it can be moved here and now: on the event loop, while nobody else has the turn."""
        return self.care.inline and self.is_open and not self.turn.locked()

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
        if isinstance(self._mind.engine, IsolatedAgent) and self._mind.engine.process is process:
            self.broken = True

    def load(self) -> None:
        """Take over the newest stored state and replay the log from there. Runs on a thread."""
        self._mind = Mind(self.record, self.spec.name, self.codec, self.blank)
        if (stored := self._stored()) is not None:
            try:
                self._mind.load(stored)
                self._saved_position = self._mind.position
                self._check_erasures()
            except ValueError:
                self._mind.reset()  # of an older version: the log has all of it
        self.catch_up()

    def _check_erasures(self) -> None:
        """Raise ValueError where a stored state may hold somebody who has been erased since."""
        if not self._mind.personal:
            return
        erased = self._log.of_kind(self.record.ordinal, ERASED)
        if any(row.time > self._mind.stored_at - CLOCKS and row.position <= self._mind.position for row in erased):
            raise ValueError("the state was stored before an erasure")

    def forget(self) -> None:
        """Somebody has been erased: be made anew where anything here was for a person."""
        if self._mind.personal:
            self.broken = True

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
            void = voids(self._log.of_kind(self.record.ordinal, ROLLBACK))
            if any(after < self._mind.position < upto for after, upto in void):
                self._mind.reset()  # memory has what was undone
            rows = self._log.read(self.record.ordinal, self._mind.position)
            self._mind.replay(rows, lambda position: any(after < position <= upto for after, upto in void))
        except BaseException:
            self.broken = True  # some of it was lived through
            raise

    def save(self) -> None:
        """Store the state, so that the next start has little to replay."""
        if self.broken or self._mind.position == self._saved_position:
            return
        manifest = Manifest(
            engine=self.spec.name,
            engine_version=self.spec.version,
            options=dict(self.record.options),
            log_position=self._mind.position,
            seed=self.record.seed,
            create_time=now(),
        )
        self._models.save(self.key, self._mind.state(), manifest)
        self._models.prune(self.key, KEPT)
        self._saved_position = self._mind.position

    async def step(self, endings: Sequence[Ending], moves: Sequence[Move], call: Call = FOREVER) -> Stepped:
        """End some sessions and make one move in others: learn all outcomes, then decide. Only under `turn`.

        Raises
        ------
        Outdated
            When the agent was lost meanwhile; nothing was lived through, so that the same may be asked of the next one.
        AgentDown, EngineFault
            When its engine did something wrong; nothing of the step is written.
        """
        return self._stepped(await self._ask(partial(self._mind.step, endings, moves), call))

    def step_now(self, endings: Sequence[Ending], moves: Sequence[Move]) -> Stepped:
        """`step`, where the engine is asked on the event loop and nobody has the turn. Raises as it does."""
        mind, alone = self._mind, len(moves) == 1 and not endings
        step = partial(mind.move, moves[0]) if alone else partial(mind.step, endings, moves)
        return self._stepped(self.care.run_now(self.record.agent_id, partial(self._wholly, step)))

    def _stepped(self, lived: Lived) -> Stepped:
        answers = [self.decided(row) for row in lived.decisions]
        named = {row.name: answer for row, answer in zip(lived.decisions, answers, strict=True) if row.name is not None}
        return Stepped(lived.summaries, answers, self._commit(lived.rows, named))

    def decided(self, row: AgentRow) -> Decided:
        """The answer that a row of the log holds."""
        return decided(row, self.codec.first_action, self.sessions.deadline(row.time))

    async def _ask(self, work: Callable[[], T], call: Call = FOREVER) -> T:
        """Do something with the mind where its engine runs. Raises as `step` does."""
        self.check()
        try:
            return await self.care.run(self.record.agent_id, partial(self._guarded, work, call), PATIENT)
        except EngineFault:
            self.broken = True  # it may hang in the middle of it
            raise

    def _guarded(self, work: Callable[[], T], call: Call) -> T:
        check_waiting(call)
        return self._wholly(work)

    def _wholly(self, work: Callable[[], T]) -> T:
        self.check()
        try:
            return work()
        except BaseException:
            self.broken = True  # half of it was lived through: the log knows better
            raise

    async def look(self, situations: Sequence[Situation], exploit: Sequence[bool]) -> list[Choice]:
        """What it would do, without doing it. Only under `turn`."""
        seeds = range(len(situations))
        return await self._ask(lambda: choices_of(self._mind.engine, situations, list(seeds), exploit))

    async def close_overdue(self) -> None:
        """Close the decisions whose time is up, and begin to write that down. Only under `turn`."""
        if self.sessions.overdue(now()):
            rows = await self._ask(self._mind.close_overdue)
            self._commit(rows, {})

    async def reward(self, given: Sequence[GivenReward], gone: Gone) -> tuple[list[int], asyncio.Task[object] | None]:
        """Take rewards in; answers what became of each, and the commit. Only under `turn`; see `Mind.rewards`."""
        rows, statuses = await self._ask(lambda: self._mind.rewards(given, gone))
        return statuses, self._commit(rows, {}) if rows else None

    async def activate(self, positions: Sequence[int]) -> tuple[list[int | None], asyncio.Task[object] | None]:
        """Let deferred decisions count; see `Mind.activate`. Only under `turn`."""
        rows, statuses = await self._ask(lambda: self._mind.activate(positions))
        return statuses, self._commit(rows, {}) if rows else None

    async def note(self, kind: int, **what: object) -> AgentRow:
        """Write down something about the agent itself. Only under `turn`."""
        row = await self._ask(lambda: self._mind.note(kind, **what))
        commit = self._commit([row], {})
        if kind == ROLLBACK:
            self.broken = True  # it is made anew from what is left of its log
        if commit is not None:
            await asyncio.shield(commit)
        return row

    def check(self) -> None:
        """Raise Outdated where the agent has to be made anew."""
        engine = self._mind.engine
        if self.broken or (isinstance(engine, IsolatedAgent) and engine.process.ended):
            self.broken = True
            raise Outdated(f"agent '{self.record.agent_id}' is being made anew")

    def _commit(
        self, rows: Sequence[AgentRow], answers: Mapping[str, Decided]
    ) -> asyncio.Task[Mapping[str, Decided]] | None:
        """Write the rows down, or begin to. A repeated request that comes meanwhile waits for the same answer.

        Returns
        -------
        What to wait for; None where they are committed already.
        """
        before = None if self._newest is None or self._newest.done() else self._newest
        if before is None and self._committed_at_once(rows):
            return None
        self._users += 1  # also when the caller leaves before it is done
        self._newest = task = asyncio.create_task(self._write(rows, answers, before))
        for request_id in answers:
            self.requests[request_id] = task
        return task

    def _committed_at_once(self, rows: Sequence[AgentRow]) -> bool:
        """Commit the rows here and now, where nobody else writes."""
        if len(rows) > FEW or self.lease is None or not self.lease.holds:
            return False
        try:
            return self._writer.at_once(lambda prompt: self._log.insert_at_once(prompt, rows))
        except Exception as fault:
            raise self._unwritten(fault) from fault

    def _unwritten(self, fault: Exception) -> Unavailable:
        self.broken = True
        return Unavailable(f"the step could not be written down: {fault}")

    async def settle(self) -> None:
        """Wait until everything that memory holds now is committed: what is said of it is durable then.

        Raises
        ------
        Unavailable
            When it could not be written; memory was wrong, and the caller should ask again.
        """
        if self._newest is not None and not self._newest.done():
            await asyncio.shield(self._newest)  # commits are done in the order in which they were begun

    async def written(self) -> None:
        """Wait until nothing of it is on its way to the log, whatever became of that."""
        while self._newest is not None and not self._newest.done():
            await asyncio.wait([self._newest])

    async def _write(
        self,
        rows: Sequence[AgentRow],
        answers: Mapping[str, Decided],
        before: asyncio.Task[Mapping[str, Decided]] | None,
    ) -> Mapping[str, Decided]:
        """Write the rows down after those ``before``: by then it may be possible at once again."""
        lease = self.lease
        try:
            if before is not None:
                await asyncio.wait([before])
                if before.cancelled() or before.exception() is not None:
                    raise Unavailable("the step before it could not be")
            if before is None or not self._committed_at_once(rows):
                await self._writer.submit(lambda connection: self._append(connection, lease, rows))
        except LeaseLost:
            self.broken = True
            raise
        except Exception as fault:
            raise self._unwritten(fault) from fault
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


PATIENT = Call()
"""A step is not given up while it waits for the seat: `check_waiting` does that before anything was lived through."""
