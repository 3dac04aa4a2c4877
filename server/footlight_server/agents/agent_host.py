"""One agent at work: decides, learns, and writes every step down before it is answered.

Memory runs ahead of the log by what is being committed (see `agents.scribe`). Rows are committed in the order in which
they were made, and nothing is answered before its row is committed, so a crash loses only what nobody was told. When a
commit fails, the agent is thrown away and replayed from its log.

Only the server that holds the agent's lease moves it; the others see its rows when they take the lease over.

The engine is called where its deployment says (`dispatch.agent_care`): on the event loop, a thread, or in a process. One
caller at a time has the `turn`: it checks, lives through its step, and hands the rows to the writer in their order; the
commit is awaited after the turn, so that many sessions share one (`agents.committing`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar, cast

from footlight_plugins import Agent, Call, Choice, EngineSpec, Situation, State
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.agents.committing import Committing
from footlight_server.agents.mind import GivenReward, Gone, Lived, Mind, voids
from footlight_server.agents.scribe import Scribe
from footlight_server.agents.sessions import ROLLBACK, Sessions
from footlight_server.agents.settings import Settings
from footlight_server.agents.shaped import Shape
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
from footlight_server.log.leases import LeaseTable
from footlight_server.log.records import AgentRecord, AgentRow, now
from footlight_server.models.store import Manifest, ModelStore

T = TypeVar("T")
ATTEMPTS = 3
CLOCKS = 60_000_000
"""By so many microseconds the clocks of two servers may differ."""

SOON_REPLAYED = 50
"""A state that is so few steps behind the log is not stored anew: to replay them takes less than to store it."""

KEPT = 2
"""How many stored states are kept: the newest, and the one before it in case that is damaged. The log has the rest."""


class Outdated(Unavailable):
    """What memory has of the agent is not to be used any more: it is to be made anew from its log."""


class AgentHost(Scribe):
    """Holds one agent and its sessions. Everything here runs on the event loop, but what says otherwise."""

    def __init__(
        self,
        record: AgentRecord,
        care: AgentCare,
        log: AgentLog,
        models: ModelStore,
        leases: LeaseTable,
        committing: Committing,
    ) -> None:
        super().__init__(record, log, leases, committing)
        self.care = care
        self.spec = care.spec
        engine_class = resolve_factory(care.spec)
        self.codec = Codec(record.spaces, cast(type[Agent], engine_class))
        self.looks_ahead = bool(getattr(engine_class, "looks_ahead", True))
        self.settings = Settings.of(record.settings)
        self.turn = asyncio.Lock()
        """Held from what is checked of the sessions to the step that follows from it."""
        self.shape: Shape | None = None
        """What shapes its rewards; set before it is loaded."""
        self._models = models
        self._mind: Mind
        self._saved_position = 0
        self.undone = 0
        """The last position that a rollback has made void; the log still has the rewards up to there, and their ids."""

    def blank(self) -> Agent:
        """An engine that knows nothing yet. It may take long, and much memory: call it on a thread.

        Raises
        ------
        ValueError
            When the engine does not take the agent's spaces.
        """
        return newborn(self.care, self.spec, self.record, self.codec)

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
    def is_free(self) -> bool:
        """Whether it can be moved here and now: on the event loop, while nobody else has the turn."""
        return self.care.inline and self.is_open and not self.turn.locked()

    def let_go(self, process: EngineProcess) -> None:
        """Hear that a process has ended."""
        if isinstance(self._mind.engine, IsolatedAgent) and self._mind.engine.process is process:
            self.broken = True

    def load(self) -> None:
        """Take over the newest stored state and replay the log from there. Runs on a thread."""
        make = partial(
            newborn, self.care, self.spec, self.record, self.codec
        )  # no circle: it is freed when it is let go
        self._mind = Mind(self.record, self.spec.name, self.codec, make, self.shape)
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
            self.undone = max((upto for _, upto in void), default=0)
            if any(after < self._mind.position < upto for after, upto in void):
                self._mind.reset()  # memory has what was undone
            rows = self._log.read(self.record.ordinal, self._mind.position)
            self._mind.replay(rows, lambda position: any(after < position <= upto for after, upto in void))
        except BaseException:
            self.broken = True  # some of it was lived through
            raise

    @property
    def is_worth_storing(self) -> bool:
        """Whether much would have to be replayed otherwise."""
        return not self.broken and self._mind.position - self._saved_position >= SOON_REPLAYED

    def save(self) -> None:
        """Store the state, so that the agent can be made anew with little to replay."""
        if not self.is_worth_storing:
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
        names = [row.name for row in lived.decisions if row.name is not None]
        return Stepped(lived.summaries, [self.decided(row) for row in lived.decisions], self._commit(lived.rows, names))

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
            self._commit(rows)

    async def reward(self, given: Sequence[GivenReward], gone: Gone) -> tuple[list[int], asyncio.Future[None] | None]:
        """Take rewards in; answers what became of each, and the commit. Only under `turn`; see `Mind.rewards`."""
        rows, statuses = await self._ask(lambda: self._mind.rewards(given, gone))
        return statuses, self._commit(rows) if rows else None

    async def activate(self, positions: Sequence[int]) -> tuple[list[int | None], asyncio.Future[None] | None]:
        """Let deferred decisions count; see `Mind.activate`. Only under `turn`."""
        rows, statuses = await self._ask(lambda: self._mind.activate(positions))
        return statuses, self._commit(rows) if rows else None

    async def note(self, kind: int, **what: object) -> AgentRow:
        """Write down something about the agent itself. Only under `turn`."""
        row = await self._ask(lambda: self._mind.note(kind, **what))
        commit = self._commit([row])
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


def newborn(care: AgentCare, spec: EngineSpec, record: AgentRecord, codec: Codec) -> Agent:
    """An engine that knows nothing yet; see `AgentHost.blank`."""
    engine_class = resolve_factory(spec)
    return care.make(engine_class, options_of(engine_class, record.options), codec.spaces)


PATIENT = Call()
"""A step is not given up while it waits for the seat: `check_waiting` does that before anything was lived through."""
