"""One recommender at work: it follows the log (see `following`), and answers when its engine is asked at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

from footlight_plugins import Call, Engine, EngineSpec, Options, Recommender
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.faulting import judged
from footlight_server.dispatch.following import Follower
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.seat import FOREVER, on_the_loop
from footlight_server.errors import FailedPrecondition
from footlight_server.isolation.proxies import IsolatedRecommender
from footlight_server.log.events import EventLog
from footlight_server.models.store import ModelStore
from footlight_server.parts.roster import Composition
from footlight_server.telemetry.calls import NOTED

FRESH_SECONDS = 0.1
"""How long an answer waits for events that were acknowledged before it was asked for."""

T = TypeVar("T")
Question = TypeVar("Question")


class RecommenderHost(Follower):
    """Holds one engine that follows the log, and asks it."""

    def __init__(self, name: str, spec: EngineSpec, events: EventLog, models: ModelStore, limits: Limits) -> None:
        super().__init__(Care(name, spec, limits, self._reload, self._let_go), events, models)
        self.admission = self.care.admission
        self.inline = self.spec.inline
        """Whether it may be asked on the spot: an engine of microseconds with which nothing is wrong."""
        self.engine_name = spec.name
        self.composition: Composition | None = None
        """What its answers pass through before they go out; None for nothing."""
        self.special = self.spec.explores
        """Whether even a plain question needs more than the engine: a seed, or what is done to the answer."""
        self.waking: asyncio.Task[None] | None = None

    def compose(self, composition: Composition | None) -> None:
        """Let its answers pass through something."""
        self.composition = composition
        self.special = self.spec.explores or composition is not None

    def _let_go(self, problem: str) -> None:
        self.engine, self.problem, self.inline = None, problem, False

    async def run(self, work: Callable[[Recommender, Question], T], question: Question, call: Call = FOREVER) -> T:
        """Ask the engine something, on its seat, when it is asked at all.

        Raises
        ------
        FailedPrecondition
            When there is no model to ask; the message says what to do.
        EngineDown
            While the engine is not asked, because it failed.
        EngineFault
            When it did something wrong now; whoever hears of it says `fault`.
        """
        return await self.care.run(lambda: work(self._serving(), question), call)

    async def fresh_soon(self) -> None:
        """Wait, but not for long, until what was acknowledged before now is in the answer."""
        await self.fresh(FRESH_SECONDS)

    @on_the_loop
    def now(self, work: Callable[[Recommender, Question], T], question: Question) -> T:
        """The same of an engine that answers inline: nobody needs to wait."""
        started = perf_counter()
        try:
            return work(self.engine or self._serving(), question)
        except BaseException as fault:  # an engine may raise anything, SystemExit for instance
            wrong = judged(self.spec.name, fault)
            raise wrong from wrong.__cause__
        finally:
            seconds = perf_counter() - started
            self.admission.meter.worked(0.0, seconds)
            if (noted := NOTED.get()) is not None:
                noted.executed += seconds

    def fault(self, fault: Exception) -> bool:
        """Count what the engine did wrong. Returns whether it is asked again all the same."""
        self.care.fault(fault)
        self._look_again()
        return self.care.closed

    def succeed(self) -> None:
        """Hear that an answer was good."""
        self.care.breaker.succeed()
        self._look_again()

    def _made(self, engine_class: type[Engine], options: Options) -> Recommender:
        if self.care.isolated:
            return IsolatedRecommender(self.care.started(options))
        return super()._made(engine_class, options)

    def _look_again(self) -> None:
        self.care.attend(self.engine)
        self.inline = self.spec.inline and self.care.closed

    @property
    def able(self) -> bool:
        """Whether it can answer now."""
        return self.engine is not None and (self.inline or self.care.askable)

    def _serving(self) -> Recommender:
        if self.engine is None:
            raise FailedPrecondition(
                self.problem or f"deployment '{self.name}' has no model yet: train it first", reason="NO_MODEL"
            )
        return self.engine

    async def stop(self) -> None:
        """Let go of the engine."""
        for task in (*self._tasks, *filter(None, (self.waking,))):
            task.cancel()
        self.engine = None
        self.care.stop()
