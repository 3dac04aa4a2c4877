"""Counts and durations of one process. To count costs a few operations of Python; what is shown is put together when it
is asked for.

Each histogram is written by one thread (the event loop, or the thread of an engine) and read by any.
"""

from __future__ import annotations

from bisect import bisect_left

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper ends in seconds: those that OpenTelemetry recommends for RPCs, and three below, because many calls take less."""


class Histogram:
    """How many durations fell between two bounds each, and their sum."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class MethodMeter:
    """The calls of one RPC."""

    __slots__ = ("by_code", "in_flight", "messages", "method")

    def __init__(self, method: str) -> None:
        self.method = method
        """Its full name, "footlight.v1.CatalogService/GetItem"."""
        self.in_flight = 0
        self.messages = 0
        """How many messages its streams have answered."""
        self.by_code: dict[str, Histogram] = {"OK": Histogram()}

    def refused(self, code: str) -> None:
        """Count a call that was let in nowhere."""
        self.in_flight += 1
        self.ended(code, 0.0)

    def ended(self, code: str, seconds: float) -> None:
        """Count a call that has come to its end."""
        self.in_flight -= 1
        if (histogram := self.by_code.get(code)) is None:
            histogram = self.by_code[code] = Histogram()
        histogram.observe(seconds)


class EngineMeter:
    """The work of the engine of one deployment."""

    __slots__ = ("execute", "queue", "rejected")

    def __init__(self) -> None:
        self.queue = Histogram()
        """How long work waited for its turn."""
        self.execute = Histogram()
        self.rejected = 0
        """How many calls found no room."""

    def worked(self, queued: float, executed: float) -> None:
        """Count one piece of work, in seconds."""
        self.queue.observe(queued)
        self.execute.observe(executed)


METHODS: dict[str, MethodMeter] = {}
ENGINES: dict[str, EngineMeter] = {}
"""By the name of the deployment, of whichever tenant."""


def method_meter(method: str) -> MethodMeter:
    """The meter of an RPC; the same one for the services of all tenants."""
    return METHODS.setdefault(method, MethodMeter(method))


def engine_meter(deployment: str) -> EngineMeter:
    """The meter of a deployment's engine; it outlives the engine."""
    return ENGINES.setdefault(deployment, EngineMeter())
