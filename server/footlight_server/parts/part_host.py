"""One part at work: asked on a thread of its own, given up while it fails, made anew when it hangs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from footlight_plugins import Call, PartRole, PartUnavailable
from footlight_plugins.options import options_of
from footlight_plugins.parts import PartSpec, made, part_options
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.breaker import Breaker, BreakerState
from footlight_server.dispatch.faulting import EngineFault, EngineLost, told
from footlight_server.dispatch.limits import MOST_ABANDONED, UNLIMITED, Limits
from footlight_server.dispatch.seat import FOREVER, Seat, apart
from footlight_server.isolation.parts import IsolatedPart, isolated_part
from footlight_server.isolation.process import EngineProcess

Check = Callable[[Any], bool]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


TRAITS: Mapping[PartRole, Mapping[str, Check]] = {
    PartRole.RE_RANKER: {
        "pool": lambda value: type(value) is int and 1 <= value <= 1_000,
        "compares": lambda value: type(value) is bool,
        "dates": lambda value: type(value) is bool,
        "reads": lambda value: isinstance(value, tuple) and all(map(_is_name, value)),
    },
    PartRole.EVENT_LISTENER: {"seconds": lambda value: type(value) in (int, float) and 0.0 < value <= 3_600.0},
    PartRole.CANDIDATE_SOURCE: {"window_days": lambda value: type(value) in (int, float) and 0 <= value < 1e5},
}
"""What the host reads of a part of a role, and what it may be."""

P = TypeVar("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

MAKING_SECONDS = 60.0
"""How long a part may take to be imported and made."""
_BOUNDLESS = 1 << 30


class PartDown(Exception):
    """A part did not do what it was asked for: the answer goes out without it."""


class PartHost(Generic[P]):
    """Holds one part and asks it. Everything here runs on the event loop."""

    def __init__(
        self, spec: PartSpec, plugin: str, options: Mapping[str, Any], seconds: float, limits: Limits = UNLIMITED
    ) -> None:
        """``plugin`` offers it; ``seconds`` bounds one piece of its work; ``limits`` say whether it has a process."""
        self.spec, self.plugin, self.options = spec, plugin, options
        self.isolated = plugin in limits.isolated_plugins
        self.limits = limits
        self.used_by: list[str] = []
        """The deployments that it works for, or what else."""
        self.problem = ""
        """Why there is none; empty where there is one."""
        self.breaker = Breaker()
        self.abandoned = 0
        """How many threads hang in it and were given up."""
        self.restarts = 0
        self.part: P | None = None
        self.traits: Mapping[str, Any] = {}
        """What its class says of it, by name, read once: a stranger's property may raise."""
        self._seconds = seconds
        self._admission = Admission(f"{spec.role}/{spec.name}", _BOUNDLESS)
        self._seat = self._new_seat()
        self._mending: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def __str__(self) -> str:
        return f"{self.spec.role} {self.spec.name!r} of plug-in {self.plugin!r}"

    def _new_seat(self) -> Seat:
        return Seat(str(self), self._admission, self._seconds, self._stuck)

    async def start(self) -> None:
        """Import and make it. Where that fails it says why, and is never asked."""
        try:
            self.part, self.traits = await apart(str(self), self.born, MAKING_SECONDS)
            self.problem = ""
        except EngineFault as fault:
            self.problem = told(fault.__cause__ or fault)
            self.breaker.faults += 1
            log.error("%s is not used: %s", self, self.problem)

    def born(self) -> tuple[Any, Mapping[str, Any]]:
        """A new part, and what its class says of it; made on a thread."""
        names = TRAITS.get(self.spec.role, {})
        part = self._in_a_process(names) if self.isolated else made(self.spec, self.options)
        return part, traits_of(self.spec, part)

    def _in_a_process(self, traits: Iterable[str]) -> Any:
        loop = self._loop

        def ended(process: EngineProcess, reason: str) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has stopped
                loop.call_soon_threadsafe(self._process_ended, process, reason)

        options_of(part_options(self.spec), self.options)  # what is wrong with them is not the process's fault
        return isolated_part(self.spec, self.options, traits, self.limits, ended)

    @property
    def able(self) -> bool:
        """Whether it is asked."""
        return self.part is not None and self.breaker.state is BreakerState.CLOSED

    @property
    def lag(self) -> int | None:
        """How far behind the log it is; None for those of whom that cannot be said."""
        return None

    @property
    def mending(self) -> bool:
        """Whether another one is on its way."""
        return self._mending is not None and not self._mending.done()

    async def ask(self, work: Callable[[P], T], call: Call = FOREVER) -> T:
        """Let it do something.

        Raises
        ------
        PartDown
            When it did something wrong, now or lately.
        """
        part, admission = self.part, self._admission
        if part is None or not self.breaker.admits():
            raise PartDown(self.problem or self.breaker.reason)
        admission.pending += 1
        admission.calls += 1
        try:
            outcome = await self._seat.run(partial(work, part), call)
        except EngineFault as fault:
            self._fault(fault)
            raise PartDown(told(fault)) from fault
        except BaseException:  # the caller left: nothing was learned about the part
            self.breaker.give_up()
            raise
        finally:
            admission.pending -= 1
        self.breaker.succeed()
        return outcome

    def _fault(self, fault: EngineFault) -> None:
        log.error("%s is left out: %s", self, told(fault), exc_info=fault.__cause__)
        if isinstance(fault, EngineLost):
            self._lose(str(fault))
        else:
            self.breaker.fault(told(fault), self._admission.ended)

    def _process_ended(self, process: EngineProcess, reason: str) -> None:
        if isinstance(self.part, IsolatedPart) and self.part.process is process:
            log.error("%s lost its process: %s", self, reason)
            self._lose(reason)

    def _lose(self, reason: str) -> None:
        """There is no part to ask any more: make another one after a while."""
        self.part = None
        if not self.mending:
            self.breaker.faults += 1
            self.breaker.trip(reason)
            self._mending = asyncio.create_task(self._mend(), name=f"mend-{self.spec.name}")

    def _kill(self) -> bool:
        """Whether there was a process to end."""
        if not isinstance(self.part, IsolatedPart):
            return False
        self.part.process.kill()
        return True

    def _stuck(self) -> None:
        """The watchdog: a piece of work takes too long."""
        reason = f"{self} hangs: it took more than {self._seconds:g} s over one piece of work"
        killed = self._kill()  # then the thread comes back by itself
        self.part = None
        if self._seat.abandon(EngineFault(reason), lambda: None if killed else self._came_back()) and not killed:
            self.abandoned += 1
        self._seat = self._new_seat()
        self.breaker.trip(reason)
        self._mending = asyncio.create_task(self._mend(), name=f"mend-{self.spec.name}")

    def _came_back(self) -> None:
        self.abandoned -= 1

    async def _mend(self) -> None:
        while self.part is None:
            await asyncio.sleep(self.breaker.retry_after)
            if self.abandoned >= MOST_ABANDONED:
                self.breaker.trip(f"{self.abandoned} threads hang in it: restart the server")
                continue
            await self.start()
            if self.part is None:
                self.breaker.trip(self.problem)
        self.restarts += 1
        self.breaker.ready()

    def stop(self) -> None:
        """Leave it alone for good."""
        if self._mending is not None:
            self._mending.cancel()
        self._seat.close()
        self._kill()
        self.part = None


def traits_of(spec: PartSpec, part: Any) -> Mapping[str, Any]:
    """What a part says of itself."""
    traits = {name: getattr(part, name) for name in TRAITS.get(spec.role, {})}
    for name, value in traits.items():
        if not TRAITS[spec.role][name](value):
            raise PartUnavailable(f"`{name}` of {spec.role} {spec.name!r} cannot be {value!r}")
    return traits
