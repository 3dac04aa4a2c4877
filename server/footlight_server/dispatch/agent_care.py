"""How the agents of one deployment are treated: asked on one seat, each given up and tried again by itself.

Every agent is an instance of its engine. All of a deployment share the place where they are called from (the event loop,
a thread, a process), but not their faults: what one agent's engine does wrong opens the breaker of that agent alone.
An agent is made anew by the next call that asks for it, from its stored state and its log.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeVar, cast
from weakref import WeakSet

from footlight_plugins import Agent, Call, Engine, EngineSpec, Options, Spaces
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.breaker import Breaker, BreakerState
from footlight_server.dispatch.demotions import demotion
from footlight_server.dispatch.faulting import AgentDown, EngineFault, EngineLost, EngineOverran, Whose, told
from footlight_server.dispatch.limits import MOST_ABANDONED, Limits
from footlight_server.dispatch.seat import FOREVER, PREPARE_SECONDS, InlineSeat, Seat, apart
from footlight_server.isolation.process import EngineProcess, order_for
from footlight_server.isolation.proxies import IsolatedAgent

T = TypeVar("T")
log = logging.getLogger(__name__)


class Hosted(Protocol):
    """An agent at work."""

    def let_go(self, process: EngineProcess) -> None:
        """Hear that a process has ended; where the agent's engine was in it, the agent is to be made anew."""


@dataclass(slots=True, eq=False)
class _Ward:
    """An agent whose engine has failed before."""

    breaker: Breaker = field(default_factory=Breaker)
    calls: int = 0
    """How many it was asked since the first fault."""


class AgentCare:
    """Looks after the engines of all agents of one deployment. Everything here runs on the event loop, but `make`."""

    def __init__(self, name: str, spec: EngineSpec, limits: Limits) -> None:
        self.name = name
        self.plugin = ""
        """The plug-in that offers the engine."""
        self.limits = limits
        self.isolated = limits.isolates(name, spec.name)
        self.demotion = demotion(limits.demoted, name, spec)
        """Why an engine that asked for the event loop has a thread; empty where nothing is wrong."""
        self.spec = replace(spec, inline=spec.inline and not self.isolated and not self.demotion)
        self.admission = Admission(name, limits.max_pending, limits.queue_seconds)
        self.faults = 0
        """What all of them did wrong since the start."""
        self.abandoned = 0
        """How many threads hang in one of them and were given up."""
        self.restarts = 0
        """How often one was made anew."""
        self._wards: dict[str, _Ward] = {}
        self._well = Breaker()
        self._hosts: WeakSet[Hosted] = WeakSet()
        self._asked = ""
        self._process: EngineProcess | None = None
        self._starting = threading.Lock()
        self._stopped = False
        self._loop = asyncio.get_running_loop()
        self.seat = self._new_seat()

    def _new_seat(self) -> Seat:
        kind = InlineSeat if self.spec.inline else Seat
        return kind(self.name, self.admission, self.limits.engine_seconds, self._stuck)

    @property
    def at_hand(self) -> int:
        """How many agents are in memory."""
        return len(self._hosts)

    @property
    def inline(self) -> bool:
        """Whether they are asked on the event loop."""
        return self.spec.inline

    @property
    def breaker(self) -> Breaker:
        """That of the agent which fares worst: one that is not asked, or was not most recently."""
        breakers = [ward.breaker for ward in self._wards.values()]
        return max(breakers, key=lambda one: (one.state is not BreakerState.CLOSED, one.since), default=self._well)

    def admit(self, agent: str) -> None:
        """Begin a call, which ends with `leave`.

        Raises
        ------
        AgentDown
            While the agent's engine is not asked.
        """
        if (ward := self._wards.get(agent)) is None:
            return
        if ward.breaker.state is not BreakerState.CLOSED and self.abandoned >= MOST_ABANDONED:
            if not ward.breaker.retry_after:
                ward.breaker.trip(f"agent '{agent}': {self.abandoned} threads hang: isolate it, or restart the server")
            raise self._down(agent)
        if not ward.breaker.admits():
            raise self._down(agent)

    def leave(self, agent: str) -> None:
        """The end of what `admit` began; a probe that found out nothing is followed by another."""
        if (ward := self._wards.get(agent)) is not None:
            ward.breaker.give_up()

    async def run(self, agent: str, work: Callable[[], T], call: Call = FOREVER) -> T:
        """Ask an agent's engine something.

        Raises
        ------
        AgentDown
            When it did something wrong and is not asked for a while.
        EngineFault
            When it did something wrong, and is asked again all the same.
        """
        try:
            answer = await self.seat.run(partial(self._noted, agent, work), call)
        except EngineFault as fault:
            raise self._judged(agent, fault) from fault
        self._succeeded(agent)
        return answer

    def run_now(self, agent: str, work: Callable[[], T]) -> T:
        """`run`, where the engines are asked on the event loop. Raises as it does."""
        assert isinstance(self.seat, InlineSeat)
        try:
            answer = self.seat.run_now(work)
        except EngineFault as fault:
            raise self._judged(agent, fault) from fault
        self._succeeded(agent)
        return answer

    def _judged(self, agent: str, fault: EngineFault) -> Exception:
        """What to raise for a fault: that the agent is out of order now, or the fault itself."""
        self._fault(agent, fault)
        return fault if self._wards[agent].breaker.state is BreakerState.CLOSED else self._down(agent)

    def _succeeded(self, agent: str) -> None:
        if self._wards and (ward := self._wards.get(agent)) is not None:
            ward.calls += 1
            ward.breaker.succeed()

    def _noted(self, agent: str, work: Callable[[], T]) -> T:
        self._asked = agent
        return work()

    async def prepare(self, agent: str, work: Callable[[], None], seconds: float = PREPARE_SECONDS) -> None:
        """Load or replay an agent, on a thread.

        Raises
        ------
        AgentDown
            When its engine failed at it.
        """
        try:
            await apart(self.name, work, seconds)
        except EngineFault as fault:
            self._fault(agent, fault, lost=True)
            raise self._down(agent) from fault

    def _fault(self, agent: str, fault: EngineFault, lost: bool = False) -> None:
        ward = self._wards.setdefault(agent, _Ward())
        fault.whose = self._whose(agent)
        self.faults += 1
        ward.calls += 1
        was = ward.breaker.state
        if isinstance(fault, EngineOverran):
            self._demote(str(fault))
        reason = f"agent '{agent}': {told(fault)}"
        if (lost or isinstance(fault, EngineLost | EngineOverran)) and was is not BreakerState.OPEN:
            ward.breaker.trip(reason)
        else:
            ward.breaker.fault(reason, ward.calls)
        if ward.breaker.state is BreakerState.OPEN and was is not BreakerState.OPEN:
            log.error("an agent of deployment %r is out of order: %s", self.name, reason, exc_info=fault)

    def _down(self, agent: str) -> AgentDown:
        return AgentDown(self._whose(agent), self._wards[agent].breaker.retry_after)

    def _whose(self, agent: str) -> Whose:
        return Whose(self.spec.name, self.plugin, self.name, agent)

    def _demote(self, reason: str) -> None:
        """Ask the engine on a thread from now on."""
        if self.spec.inline:
            log.error("deployment %r is asked on a thread from now on: %s", self.name, reason)
            self.demotion = reason
            self.leave_the_loop()

    def leave_the_loop(self) -> None:
        """Ask the engines on a thread from now on."""
        if self.spec.inline:
            self.spec = replace(self.spec, inline=False)
            self.seat = self._new_seat()

    def _stuck(self) -> None:
        """The watchdog: what one agent is asked takes too long. What waits is about others, and goes on."""
        reason = f"it took more than {self.limits.engine_seconds:g} s over one piece of work"
        fault = EngineFault(f"engine {self.spec.name!r} hangs: {reason}")
        ward = self._wards.setdefault(self._asked, _Ward())
        ward.breaker.trip(f"agent '{self._asked}': {reason}")
        seat, self.seat = self.seat, self._new_seat()
        seat.hand_over(self.seat)
        process = self._process
        if process is not None:
            process.kill(reason)  # then the thread comes back by itself
        if seat.abandon(fault, lambda: None if process else self._came_back()) and not process:
            self.abandoned += 1

    def _came_back(self) -> None:
        self.abandoned -= 1

    def make(self, engine_class: type[Engine], options: Options, spaces: Spaces) -> Agent:
        """A new agent that knows nothing yet; where a process has to be started it takes seconds, so call it on a thread.

        Raises
        ------
        ValueError
            When the engine does not take such spaces.
        """
        if self.isolated:
            return IsolatedAgent(self._living(), options, spaces)
        return cast(Callable[[Options, Spaces], Agent], engine_class)(options, spaces)

    def attend(self, host: Hosted) -> None:
        """Tell it when its process ends."""
        self._hosts.add(host)

    def _living(self) -> EngineProcess:
        with self._starting:
            if self._process is None or self._process.ended:
                self._process = EngineProcess(order_for(self.spec, None, self.limits), self._ended)
            return self._process

    def _ended(self, process: EngineProcess, reason: str) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            self._loop.call_soon_threadsafe(self._let_go, process, reason)

    def _let_go(self, process: EngineProcess, reason: str) -> None:
        if not self._stopped:
            log.error("the agents of deployment %r lost their engines: %s", self.name, reason)
        for host in list(self._hosts):
            host.let_go(process)

    def stop(self) -> None:
        """Leave the engines alone for good."""
        self._stopped = True
        self.seat.close()
        if self._process is not None:
            self._process.kill("the server stops")
