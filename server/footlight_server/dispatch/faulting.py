"""What engines do wrong, told apart from what callers do wrong."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace

from footlight_plugins import Call, CallEnded, PartFailed
from footlight_server.errors import DeadlineExceeded, FootlightError, Unavailable

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose fault something is, in names that a caller may read."""

    engine: str
    plugin: str
    deployment: str
    agent: str = ""
    part: str = ""
    """The part that the engine asked, where that failed and not the engine; then the plug-in is the part's."""

    def __str__(self) -> str:
        of_plugin = f" of plug-in '{self.plugin}'" if self.plugin else ""
        return f"{self.part or f'engine {self.engine!r}'}{of_plugin}"

    def of(self, fault: BaseException) -> Whose:
        """The same, or the part's where it was a part that failed."""
        cause = fault.__cause__
        return replace(self, part=cause.part, plugin=cause.plugin) if isinstance(cause, PartFailed) else self

    @property
    def names(self) -> dict[str, str]:
        """Those that there are."""
        return {name: text for name, text in asdict(self).items() if text}


class EngineFault(Exception):
    """An engine raised, hung, died or broke its contract. The message goes to the log, never on the wire."""

    whose: Whose | None = None
    """What callers are told; set by whoever looks after the engine."""


class EngineLost(EngineFault):
    """An engine cannot be asked again: its process has died."""


class EngineOverran(EngineFault):
    """An engine that said it takes microseconds stopped the event loop, and was interrupted."""


class Overrun(BaseException):
    """Raised inside an engine that holds the event loop up. Not an Exception: an engine is not to catch it by accident."""


class EngineDown(Unavailable):
    """The engine of a deployment is not asked for now."""

    reason = "ENGINE_DOWN"

    def __init__(self, whose: Whose, retry_after: float) -> None:
        text = f"deployment '{whose.deployment}' is out of order: {whose} failed and is left alone for a while"
        super().__init__(text, whose.names)
        self.retry_after = max(retry_after, 0.01)


class AgentDown(Unavailable):
    """The engine of one agent is not asked for now; its reason is that of `EngineDown`."""

    reason = "ENGINE_DOWN"

    def __init__(self, whose: Whose, retry_after: float) -> None:
        text = f"agent '{whose.agent}' is out of order: {whose} failed and is left alone for a while"
        super().__init__(text, whose.names)
        self.retry_after = max(retry_after, 0.01)


def told(fault: BaseException) -> str:
    """One line on a fault, for operators."""
    if isinstance(fault, EngineFault):
        return str(fault)
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text}"[:LONGEST_REASON] if text else type(fault).__name__


def judged(engine: str, fault: BaseException, call: Call | None = None) -> Exception:
    """Whatever came out of an engine, as an exception that is safe to pass on.

    A domain error stays one, and so does the end of a call that really ended; all the rest is the engine's fault, also
    a SystemExit, which must not end the server.
    """
    if isinstance(fault, FootlightError | EngineFault):
        return fault
    if isinstance(fault, CallEnded) and call is not None and ended(call):
        return fault
    if isinstance(fault, Overrun):
        return EngineOverran(f"engine {engine!r} stopped the event loop: {fault}")
    wrong = EngineFault(str(fault) if isinstance(fault, PartFailed) else f"engine {engine!r} raised {told(fault)}")
    wrong.__cause__ = fault
    return wrong


def ended(call: Call) -> bool:
    """Whether nobody waits any more."""
    return call.cancelled() or time.monotonic() >= call.deadline


def check_waiting(call: Call) -> None:
    """Raise when the deadline passed or the caller left while the work waited.

    Raises
    ------
    DeadlineExceeded, CallEnded
        What `footlight_server.services.faults` tells the caller.
    """
    call.check()
    if time.monotonic() >= call.deadline:
        raise DeadlineExceeded("the deadline passed while the call waited for its turn")
