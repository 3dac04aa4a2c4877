"""Three times as many calls as a server can answer: what becomes of them, and of the server afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.soak import load
from tests.soak.process import MIB, Watch
from tests.soak.serving import only, stock

from footlight_server.dispatch.limits import Limits

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

IDLE = (40.0, 2.0)
PROBES = (50.0, 4.0)
"""After the overload: calls a second, and for how long."""


@dataclass(frozen=True, slots=True)
class Overload:
    """What was measured; times in seconds, memory in bytes."""

    peak: float
    """Answers a second of the server when it is never overloaded."""
    goodput: float
    """Answers a second under the overload."""
    codes: dict[str, int]
    idle_p99: float
    accepted_p99: float
    back_to_normal: float
    """How long after the overload the first probe came from which on all took at most twice the idle p99."""
    memory: list[int]
    lateness: float
    """By how much the generator was late at most."""

    @property
    def growth(self) -> int:
        """Of the memory, from the first quarter of the overload (when the queue fills) to its end."""
        quarter = self.memory[: max(1, len(self.memory) // 4)]
        return max(self.memory) - max(quarter)

    @property
    def queue_bound(self) -> float:
        """How long whoever comes last into a full queue waits."""
        return Limits().queue_seconds

    def __str__(self) -> str:
        return (
            f"peak {self.peak:.1f}/s, goodput {self.goodput:.1f}/s ({self.goodput / self.peak:.0%}), {self.codes}, "
            f"p99 idle {self.idle_p99 * 1e3:.1f} ms, accepted {self.accepted_p99 * 1e3:.0f} ms, "
            f"normal after {self.back_to_normal:.2f} s, memory +{self.growth / MIB:.1f} MiB, "
            f"generator late by {self.lateness * 1e3:.0f} ms at most"
        )


def started(start: Start) -> Server:
    """A server whose only recommender takes 5 ms an answer, one at a time."""
    server = start(*only())
    stock(server.client, load.CALLER)
    return server


def overload(server: Server, seconds: float, times: float = 3.0) -> Overload:
    """Find the capacity with 16 callers that wait, offer so many times as much, then probe."""
    length = min(10.0, seconds)
    peak = load.offer(server.address, [(0.0, length)]).goodput(0.2, length)
    process = load.begin(server.address, [IDLE, (times * peak, seconds), PROBES])
    watch = Watch(server.process.pid)
    found = load.finish(process)
    memory = watch.end()
    first, last = IDLE[1], IDLE[1] + seconds
    idle, offered, after = found.between(0.0, first), found.between(first, last), found.between(last, float("inf"))
    return Overload(
        peak=peak,
        goodput=found.goodput(first, last),
        codes=dict(offered.codes),
        idle_p99=idle.quantile(0.99),
        accepted_p99=offered.quantile(0.99),
        back_to_normal=_normal_from(after.calls, 2 * idle.quantile(0.99)) - last,
        memory=memory,
        lateness=found.latest,
    )


def _normal_from(probes: list[load.Sent], most: float) -> float:
    """When the first probe was due from which on all were answered and took at most so many seconds."""
    slow = [number for number, probe in enumerate(probes) if probe.code != "OK" or probe.seconds > most]
    after = slow[-1] + 1 if slow else 0
    return probes[after].due if after < len(probes) else float("inf")
