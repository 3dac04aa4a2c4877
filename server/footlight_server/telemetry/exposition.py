"""The metrics of a server as Prometheus reads them, put together when they are asked for.

RPCs are named as OpenTelemetry's conventions for Prometheus have it (`rpc.server.call.duration`), what is Footlight's own
begins with ``footlight_``. No label holds a person, an id, or anything else that a caller may choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from footlight_server.telemetry.meters import BOUNDS, ENGINES, METHODS, Histogram

Metric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


@dataclass(frozen=True, slots=True)
class EngineView:
    """One deployment, as it is now."""

    deployment: str
    ready: bool
    pending: int
    """Calls that work or wait."""
    faults: int
    restarts: int
    lag: int | None
    """Events that it has not seen yet; None where it does not follow the log."""
    agents: int | None = None
    """How many of its agents are in memory; None where it has none."""


@dataclass(frozen=True, slots=True)
class PartView:
    """One part of a plug-in at work, as it is now."""

    role: str
    part: str
    plugin: str
    able: bool
    faults: int
    lag: int | None = None
    """Events that it has not been told of; None where it is told of none here."""


@dataclass(frozen=True, slots=True)
class ServerView:
    """The server, as it is now."""

    ready: bool
    loop_lag_seconds: float
    log_position: int
    access_log_dropped: int
    engines: Sequence[EngineView]
    parts: Sequence[PartView] = ()


class Exposition(Collector):
    """Collects everything. ``look`` may be called from any thread."""

    def __init__(self, look: Callable[[], ServerView]) -> None:
        self._look = look
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self.registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: it would need a server."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        yield from _rpcs()
        yield from _work()
        view = self._look()
        yield from _server(view)
        yield from _parts(view.parts)


def _rpcs() -> Iterator[Metric]:
    duration = HistogramMetricFamily(
        "rpc_server_call_duration_seconds",
        "How long calls took in the server, from their message to their answer.",
        labels=("rpc_system_name", "rpc_method", "rpc_response_status_code"),
    )
    flying = GaugeMetricFamily("footlight_rpc_in_flight", "Calls that are being answered.", labels=("rpc_method",))
    messages = CounterMetricFamily(
        "footlight_rpc_stream_messages", "Messages that streams have answered.", labels=("rpc_method",)
    )
    for meter in list(METHODS.values()):
        flying.add_metric((meter.method,), meter.in_flight)
        messages.add_metric((meter.method,), meter.messages)
        for code, histogram in list(meter.by_code.items()):
            _add(duration, ("grpc", meter.method, code), histogram)
    yield from (duration, flying, messages)


def _work() -> Iterator[Metric]:
    label = ("deployment",)
    queue = HistogramMetricFamily(
        "footlight_engine_queue_seconds", "How long work waited for its engine's turn.", labels=label
    )
    execute = HistogramMetricFamily("footlight_engine_execute_seconds", "How long engines worked.", labels=label)
    rejected = CounterMetricFamily("footlight_engine_rejected", "Calls that found no room.", labels=label)
    for name, meter in list(ENGINES.items()):
        _add(queue, (name,), meter.queue)
        _add(execute, (name,), meter.execute)
        rejected.add_metric((name,), meter.rejected)
    yield from (queue, execute, rejected)


def _server(view: ServerView) -> Iterator[Metric]:
    label = ("deployment",)
    up = GaugeMetricFamily("footlight_deployment_ready", "1 where it can answer.", labels=label)
    pending = GaugeMetricFamily("footlight_engine_pending", "Calls that work or wait.", labels=label)
    lag = GaugeMetricFamily("footlight_deployment_lag_events", "Events that it has not seen yet.", labels=label)
    faults = CounterMetricFamily("footlight_engine_faults", "What engines did wrong.", labels=label)
    restarts = CounterMetricFamily("footlight_engine_restarts", "How often engines were made anew.", labels=label)
    agents = GaugeMetricFamily("footlight_agents_at_hand", "Agents that are in memory.", labels=label)
    for engine in view.engines:
        name = (engine.deployment,)
        up.add_metric(name, engine.ready)
        pending.add_metric(name, engine.pending)
        faults.add_metric(name, engine.faults)
        restarts.add_metric(name, engine.restarts)
        if engine.lag is not None:
            lag.add_metric(name, engine.lag)
        if engine.agents is not None:
            agents.add_metric(name, engine.agents)
    yield from (up, pending, lag, faults, restarts, agents)
    yield GaugeMetricFamily("footlight_ready", "1 where every required deployment is warm.", view.ready)
    yield GaugeMetricFamily("footlight_log_position", "The last position of the event log.", view.log_position)
    yield GaugeMetricFamily(
        "footlight_event_loop_lag_seconds", "For how long the event loop has not come round.", view.loop_lag_seconds
    )
    yield CounterMetricFamily(
        "footlight_access_log_dropped", "Lines that could not be written in time.", view.access_log_dropped
    )
    build = GaugeMetricFamily("footlight_build_info", "Always 1.", labels=("version",))
    build.add_metric((version("footlight"),), 1)
    yield build


def _parts(views: Sequence[PartView]) -> Iterator[Metric]:
    label = ("role", "part", "plugin")
    up = GaugeMetricFamily("footlight_part_ready", "1 where it is asked.", labels=label)
    faults = CounterMetricFamily("footlight_part_faults", "What parts of plug-ins did wrong.", labels=label)
    lag = GaugeMetricFamily("footlight_part_lag_events", "Events that a listener has not been told of.", labels=label)
    for view in views:
        up.add_metric((view.role, view.part, view.plugin), view.able)
        faults.add_metric((view.role, view.part, view.plugin), view.faults)
        if view.lag is not None:
            lag.add_metric((view.role, view.part, view.plugin), view.lag)
    yield from (up, faults, lag)


def _add(family: HistogramMetricFamily, labels: Sequence[str], histogram: Histogram) -> None:
    counts = list(histogram.counts)
    if not any(counts):
        return  # most RPCs of most servers are never called
    total, buckets = 0, []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    family.add_metric(labels, buckets, histogram.seconds)
