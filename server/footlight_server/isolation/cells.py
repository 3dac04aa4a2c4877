"""Parts that engines ask for, and asset stages, in processes of their own: one for each, whoever asks.

Engines ask for rules and embedders wherever they run, on any thread. So there is no event loop to look after these: each
cell has a lock, and whoever asks finds out what happened to the process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from footlight_plugins import EmbedderSpec, PartFailed, PartSpec, StageSpec
from footlight_plugins.embedding import SECONDS as EMBEDDER_SECONDS
from footlight_plugins.judging import SECONDS as RULES_SECONDS
from footlight_server.dispatch.breaker import Breaker, BreakerState
from footlight_server.dispatch.faulting import EngineFault, EngineLost, told
from footlight_server.dispatch.limits import Limits
from footlight_server.isolation.process import EngineProcess, order_for_part

log = logging.getLogger(__name__)

Offer: TypeAlias = PartSpec | EmbedderSpec | StageSpec

STAGE_SECONDS = 30.0
"""How long a stage may take over one thing. A signature may ask a time-stamping authority."""


def seconds_of(spec: Offer) -> float:
    """How long one answer may take."""
    if isinstance(spec, StageSpec):
        return STAGE_SECONDS
    return EMBEDDER_SECONDS if isinstance(spec, EmbedderSpec) else RULES_SECONDS


class Cell:
    """One of them. It is made with the first question, and anew with the first after it was lost and left alone."""

    def __init__(self, spec: Offer, plugin: str, limits: Limits, seconds: float = 0.0) -> None:
        """``seconds`` bounds one answer; 0: as its role has it."""
        self.spec, self.plugin = spec, plugin
        self.seconds = seconds or seconds_of(spec)
        self.breaker = Breaker()
        self.restarts = 0
        self._limits = limits
        self._turn, self._guard = threading.Lock(), threading.Lock()
        self._process: EngineProcess | None = None
        self._standing: Any = None
        """What lies in the process from an earlier question."""
        self._closed = False

    def __str__(self) -> str:
        return f"{self.spec.role} {self.spec.name!r}"

    @property
    def able(self) -> bool:
        """Whether it is asked."""
        return self.breaker.state is BreakerState.CLOSED

    def ask(self, method: str, *arguments: Any, seconds: float = 0.0, standing: Any = None) -> Any:
        """Call a method in the process and wait for what it returns.

        Parameters
        ----------
        seconds
            How long it may take; 0: as long as the role allows.
        standing
            Something large that is the same from call to call: it goes before the arguments, as None where it is there.

        Raises
        ------
        PartFailed
            When it raised, did not answer in time, died, or did so lately.
        ValueError
            When it raised one and the contract gives that a meaning.
        """
        with self._turn:
            process = self._ready()
            if standing is not None:
                arguments = (None if standing is self._standing else standing, *arguments)
            try:
                answer = process.ask(method, arguments, seconds=seconds or self.seconds)
            except EngineLost as lost:
                self._lose(process, str(lost))
                raise self._failed(f"did not answer in `{method}`: {lost}") from lost
            except EngineFault as fault:
                self.breaker.faults += 1
                raise self._failed(f"failed in `{method}`: {told(fault)}") from fault
            self._standing = self._standing if standing is None else standing
            self.breaker.succeed()
            return answer

    def traits(self, names: Sequence[str]) -> Mapping[str, Any]:
        """What the part says of itself, by name."""
        return dict(zip(names, self.ask("traits", list(names)), strict=True)) if names else {}

    def _ready(self) -> EngineProcess:
        """The process; another one where it was lost."""
        if self._closed or not self.breaker.admits():
            raise self._failed(f"is left alone for a while: {self.breaker.reason}")
        if (process := self._process) is None or process.ended:
            process = self._started()
        return process

    def _started(self) -> EngineProcess:
        again = self.breaker.state is not BreakerState.CLOSED
        try:
            process = EngineProcess(order_for_part(self.spec, {}, self._limits), self._lose)
        except EngineFault as fault:
            self.breaker.faults += 1
            self.breaker.trip(told(fault))
            raise self._failed(f"could not be made: {told(fault)}") from fault
        self.restarts += again
        self._process, self._standing = process, None
        return process

    def _lose(self, process: EngineProcess, reason: str) -> None:
        """The process has ended, or is about to. Whoever asked says so, or the thread that watches it: once."""
        with self._guard:
            if self._process is not process or self._closed:
                return
            self._process = None
        log.error("%s of plug-in %r lost its process: %s", self, self.plugin, reason)
        self.breaker.faults += 1
        self.breaker.trip(reason)

    def _failed(self, what: str) -> PartFailed:
        return PartFailed(str(self), self.plugin, what)

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill("it is not needed any more")
