"""How one deployment's engine is treated: admitted, watched, given up, made anew. Recommenders and generators alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from footlight_plugins import Call, Engine, EngineSpec, Options
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.breaker import Breaker, BreakerState
from footlight_server.dispatch.demotions import demotion
from footlight_server.dispatch.faulting import EngineDown, EngineFault, EngineLost, EngineOverran, Whose, told
from footlight_server.dispatch.limits import MOST_ABANDONED, Limits
from footlight_server.dispatch.seat import FOREVER, InlineSeat, Seat
from footlight_server.errors import FailedPrecondition
from footlight_server.isolation.process import EngineProcess, order_for
from footlight_server.isolation.proxies import Isolated

T = TypeVar("T")
log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5
"""The shortest wait before an engine is made anew."""


class Care:
    """Looks after one engine. Everything here runs on the event loop.

    ``reload`` makes the engine anew from what is stored; ``let_go`` drops the one that there is.
    """

    def __init__(
        self,
        name: str,
        spec: EngineSpec,
        limits: Limits,
        reload: Callable[[], Awaitable[None]],
        let_go: Callable[[str], None],
    ) -> None:
        self.name = name
        self.plugin = ""
        """The plug-in that offers the engine."""
        self.limits = limits
        self.isolated = limits.isolates(name, spec.name)
        self.demotion = demotion(limits.demoted, name, spec)
        """Why an engine that asked for the event loop has a thread; empty where nothing is wrong."""
        self.spec = replace(spec, inline=spec.inline and not self.isolated and not self.demotion)
        self.admission = Admission(name, limits.max_pending, limits.queue_seconds)
        self.breaker = Breaker()
        self.abandoned = 0
        """How many threads hang in it and were given up."""
        self.restarts = 0
        """How often it was made anew."""
        self.lost = False
        """Whether there is no engine to ask until it was made anew."""
        self._culprit: Whose | None = None
        """Whose the last fault was."""
        self._process: EngineProcess | None = None
        self.seat = self._new_seat()
        self._reload = reload
        self._let_go = let_go
        self._mending: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def _new_seat(self) -> Seat:
        kind = InlineSeat if self.spec.inline else Seat
        return kind(self.name, self.admission, self.limits.engine_seconds, self._stuck)

    @property
    def faults(self) -> int:
        """How many there were."""
        return self.breaker.faults

    @property
    def closed(self) -> bool:
        """Whether the engine is asked as if nothing had ever been wrong."""
        return self.breaker.state is BreakerState.CLOSED

    @property
    def askable(self) -> bool:
        """Whether the engine may be asked now, be it only to try it."""
        return self.closed or not (self.lost or self.breaker.retry_after)

    def down(self) -> EngineDown:
        """What a caller is told while the engine is not asked. The reason is for operators: ListDeployments shows it."""
        return EngineDown(self._culprit or self.whose, self.breaker.retry_after)

    @property
    def whose(self) -> Whose:
        """Whose fault it is when something is wrong."""
        return Whose(self.spec.name, self.plugin, self.name)

    async def run(self, work: Callable[[], T], call: Call = FOREVER, patience: float = 0.0) -> T:
        """Ask the engine something, when it is asked at all.

        Raises
        ------
        EngineDown
            While it is not.
        EngineFault
            When it did something wrong; whoever hears of it says `fault`.
        """
        if self.lost or not self.breaker.admits():
            raise self.down()
        try:
            return await self.seat.run(work, call, patience)
        except EngineFault:
            raise
        except BaseException:  # the caller left, or was wrong: nothing was learned about the engine
            self.breaker.give_up()
            raise

    def fault(self, fault: Exception) -> None:
        """Count what the engine did wrong."""
        self._culprit = self.whose.of(fault)
        if isinstance(fault, EngineFault):
            fault.whose = self._culprit
        if isinstance(fault, EngineLost | EngineOverran) and not self.lost:
            self.lose(str(fault), fault)
            return
        was = self.breaker.state
        self.breaker.fault(told(fault), self.admission.ended)
        if self.breaker.state is BreakerState.OPEN and was is not BreakerState.OPEN:
            log.error("deployment %r is out of order: %s", self.name, self.breaker.reason, exc_info=fault)

    def lose(self, reason: str, fault: Exception | None = None) -> None:
        """The engine cannot go on as it is: open the breaker, drop the engine, make it anew after a while."""
        if isinstance(fault, EngineOverran):
            self._demote(str(fault))
        if self._mending is not None and not self._mending.done():
            return
        log.error("deployment %r lost its engine: %s", self.name, reason)
        self.breaker.faults += 1
        self.breaker.trip(reason)
        self.lost = True
        self._kill()
        self._let_go(reason)
        self._mending = asyncio.create_task(self._mend(), name=f"mend-{self.name}")

    def _demote(self, reason: str) -> None:
        """Ask the engine on a thread from now on."""
        if self.spec.inline:
            log.error("deployment %r is asked on a thread from now on: %s", self.name, reason)
            self.demotion = reason
            self.spec = replace(self.spec, inline=False)
            self.seat = self._new_seat()

    def await_start(self, starting: asyncio.Task[None]) -> None:
        """The engine is not asked before it has started, which takes longer than anybody wants to wait for."""
        reason = "it is still being prepared"
        log.warning("deployment %r serves later: %s", self.name, reason)
        self.breaker.trip(reason)
        self.lost = True
        self._let_go(reason)
        self._starting = starting
        starting.add_done_callback(lambda _: self.mended() if self._mending is None else None)

    def mended(self) -> None:
        """An engine that is as good as new serves."""
        self.lost = False
        self.breaker.ready()

    def _stuck(self) -> None:
        """The watchdog: a piece of work takes too long."""
        reason = f"it took more than {self.limits.engine_seconds:g} s over one piece of work"
        seat, fault = self.seat, EngineFault(f"engine {self.spec.name!r} hangs: {reason}")
        killed = self._kill()  # then the thread comes back by itself
        if seat.abandon(fault, lambda: None if killed else self._came_back()) and not killed:
            self.abandoned += 1
        self.seat = self._new_seat()
        self.lose(reason)

    def _came_back(self) -> None:
        self.abandoned -= 1

    async def _mend(self) -> None:
        while self.lost:
            await asyncio.sleep(max(self.breaker.retry_after, SAVE_SECONDS))
            if self.abandoned >= MOST_ABANDONED:
                self.breaker.trip(f"{self.abandoned} threads hang in it: isolate it, or restart the server")
                continue
            try:
                await self._reload()
            except FailedPrecondition as wrong:  # waiting does not help, an operator does
                self._let_go(wrong.message)
                self.mended()
            except Exception as fault:
                log.error("deployment %r could not be made anew", self.name, exc_info=fault)
                self.breaker.trip(told(fault))
            else:
                self.restarts += 1
                self.mended()
                log.info("deployment %r has a new engine", self.name)

    def stop(self) -> None:
        """Leave the engine alone for good."""
        for task in (self._mending, self._starting):
            if task is not None:
                task.cancel()
        self.seat.close()
        self._kill()

    def started(self, options: Options) -> EngineProcess:
        """A process with a new engine; it takes seconds, so call it on a thread."""
        loop = self._loop

        def ended(process: EngineProcess, reason: str) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has stopped
                loop.call_soon_threadsafe(self._process_ended, process, reason)

        return EngineProcess(order_for(self.spec, options, self.limits), ended)

    def attend(self, engine: Engine | None) -> None:
        """Know which process serves. The one before ends with the last work in it."""
        self._process = engine.process if isinstance(engine, Isolated) else None

    def _process_ended(self, process: EngineProcess, reason: str) -> None:
        if process is self._process and not self.lost:
            self.lose(reason)

    def _kill(self) -> bool:
        """Whether there was a process to end."""
        if self._process is None:
            return False
        process, self._process = self._process, None
        process.kill()
        return True
