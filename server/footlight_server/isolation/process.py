"""The process of an isolated engine, seen from the server: started, asked, watched, killed."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footlight_plugins import (
    Call,
    CallEnded,
    EmbedderSpec,
    EngineSpec,
    NotMade,
    Options,
    PartFailed,
    PartSpec,
    StageSpec,
    WishRefused,
)
from footlight_server.dispatch.faulting import EngineFault, EngineLost
from footlight_server.dispatch.limits import Limits
from footlight_server.isolation.codec import Malformed
from footlight_server.isolation.pipe import Gone, Pipe

log = logging.getLogger(__name__)

START_SECONDS = 120.0
"""How long the process may take to import the engine and to make one."""

LONGEST_SECONDS = 3_600.0
"""Nothing may take longer, whatever it is: a fit to the whole log, a load, a replay."""

LOOK_SECONDS = 0.1
"""How often its memory is looked at."""

CANCEL_SECONDS = 0.02
"""How soon it is told that the caller has left."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which engine or part the process holds, and what it may take."""

    name: str
    options: Mapping[str, Any]
    plugins_dir: str
    disabled: tuple[str, ...]
    memory: int
    """At most so many bytes."""
    allowed: tuple[str, ...] | None = None
    """The only plug-ins that are imported beside the built-ins; None for all."""
    role: str = ""
    """The part's; empty for an engine."""
    isolated: tuple[str, ...] = ()
    """The plug-ins whose parts an engine asks for in processes of their own; for a part there are none."""
    nested: bool = False
    """Whether it is started by such a process, with which it is to end."""

    def __str__(self) -> str:
        return f"{self.role or 'engine'} {self.name!r}"


def order_for(spec: EngineSpec, options: Options | None, limits: Limits) -> Order:
    """The order for an engine; agents have options of their own, so that theirs come with each."""
    return _order(spec.name, {} if options is None else options.model_dump(mode="json"), limits)


def order_for_part(spec: PartSpec | EmbedderSpec | StageSpec, options: Mapping[str, Any], limits: Limits) -> Order:
    """The order for a part."""
    return _order(spec.name, options, limits, spec.role)


def _order(name: str, options: Mapping[str, Any], limits: Limits, role: str = "") -> Order:
    plugins = limits.plugins
    place, disabled = str(plugins.plugins_dir or ""), tuple(plugins.disabled)
    isolated = () if role else tuple(sorted(limits.isolated_plugins))
    return Order(name, options, place, disabled, limits.isolated_bytes, plugins.only, role, isolated, limits.nested)


class EngineProcess:
    """One process. It answers one thread after the other; `kill` may be called at any time."""

    def __init__(self, order: Order, ended: Callable[[EngineProcess, str], None]) -> None:
        """Start it and have it make the engine, or the part.

        Raises
        ------
        EngineFault
            When it does not.
        """
        self._order = order
        self._ended = ended
        self._killed_for = ""
        self._asked = 0
        self._turn = threading.Lock()
        self._buried: deque[int] = deque()
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        command = [sys.executable, "-P", "-m", "footlight_server.isolation", str(its.fileno())]
        with its:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=sys.stderr,
                pass_fds=[its.fileno()],
                start_new_session=not order.nested,
            )
        self._pipe = Pipe(mine)
        threading.Thread(target=self._watch, name=f"watch-{order.name}", daemon=True).start()
        which = {name: getattr(order, name) for name in ("disabled", "allowed", "isolated")}
        which["folder"] = order.plugins_dir
        made = [order.role, order.name, order.options, which, order.memory]
        try:
            self.ask("make", made, seconds=START_SECONDS)
        except BaseException:
            self.kill("it could not be made")
            raise

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has died, or is about to."""
        return bool(self._killed_for) or self._process.poll() is not None

    def ask(
        self, method: str, arguments: Sequence[Any], call: Call | None = None, seconds: float = LONGEST_SECONDS
    ) -> Any:
        """Call a method of the engine and wait for what it returns.

        Raises
        ------
        EngineFault
            When the engine raised; EngineLost, which is one, when the process has died or takes too long.
        NotImplementedError, ValueError
            When the engine raised these, which the contract gives a meaning.
        """
        with self._turn:
            return self._ask(method, arguments, call, seconds)

    def _ask(self, method: str, arguments: Sequence[Any], call: Call | None, seconds: float) -> Any:
        self._asked += 1
        left = None if call is None or call.deadline == float("inf") else call.deadline - time.monotonic()
        try:
            self._pipe.send([self._asked, method, list(arguments), left])
            self._wait(call, time.monotonic() + seconds)
            kind, outcome = self._pipe.receive()
        except (Gone, Malformed, ValueError, OSError) as fault:
            self.kill(str(fault) if isinstance(fault, Malformed) else "")
            raise EngineLost(f"the process of {self._order} {self._epitaph()}") from fault
        return _result(str(self._order), kind, outcome)

    def _wait(self, call: Call | None, end: float) -> None:
        """Until there is something to read; the process is told when the caller leaves, and killed when it is late."""
        told = False
        while not select.select([self._pipe], [], [], self._pause(call, end))[0]:
            if time.monotonic() >= end:
                self.kill("it took too long")
            if call is not None and not told and call.cancelled():
                told = True
                self._tell(f"{self._asked}\n")

    def _pause(self, call: Call | None, end: float) -> float:
        left = max(0.0, end - time.monotonic())
        return left if call is None else min(CANCEL_SECONDS, left)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

    def bury(self, number: int) -> None:
        """Have an agent forgotten with the next thing that is asked. Any thread may call this at any time."""
        self._buried.append(number)

    def buried(self) -> list[int]:
        """The agents to be forgotten; they are not named again."""
        return [self._buried.popleft() for _ in range(len(self._buried))]

    def kill(self, reason: str = "") -> None:
        """End it at once, whatever it does."""
        self._killed_for = self._killed_for or reason
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                kill = os.kill if self._order.nested else os.killpg  # and what it may have started
                kill(self._process.pid, signal.SIGKILL)

    def _epitaph(self) -> str:
        code = self._process.wait()
        if self._killed_for:
            return f"was killed: {self._killed_for}"
        if code < 0:
            return f"died of {signal.Signals(-code).name}"
        return f"ended with code {code}"

    def _watch(self) -> None:
        """Until it ends: is it too large?"""
        while self._process.poll() is None:
            if (resident := _resident(self._process.pid)) > self._order.memory:
                size, most = resident >> 20, self._order.memory >> 20
                self.kill(f"it took {size:,} MiB of memory, {most:,} are allowed")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_SECONDS)
        self._ended(self, f"its process {self._epitaph()}")
        with self._turn:  # whoever asks has seen its end by then
            self._pipe.close()
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.close()


def _resident(pid: int) -> int:
    """How many bytes of memory a process holds; 0 where the system does not say so."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return 0


def _result(who: str, kind: str, outcome: Any) -> Any:
    match kind:
        case "returned":
            return outcome
        case "not implemented":
            raise NotImplementedError(outcome)
        case "value error":
            raise ValueError(outcome)
        case "call ended":
            raise CallEnded(outcome)
        case "wish refused":
            raise WishRefused(*outcome)
        case "not made":
            raise NotMade(outcome)
        case "part failed":
            raise PartFailed(*outcome)
    raise EngineFault(f"{who} raised {outcome}")
