"""What the metrics of a server say about the time between two looks at them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

_DURATION = "rpc_server_call_duration_seconds"
Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Look:
    """All samples at one moment."""

    time: float
    samples: Mapping[str, Mapping[Labels, float]]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have the labels."""
        wanted = labels.items()
        return sum(value for have, value in self.samples.get(name, {}).items() if wanted <= set(have))

    def named(self, name: str, label: str) -> set[str]:
        """The values of a label."""
        return {dict(have).get(label, "") for have in self.samples.get(name, {})}


@dataclass(frozen=True, slots=True)
class MethodFigures:
    """One RPC."""

    name: str
    per_second: float
    refused_per_second: float
    median: float
    """Seconds; NaN where there was no call. So are all quantiles."""
    p99: float


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """One deployment."""

    name: str
    ready: bool
    pending: float
    queue_p99: float
    execute_p99: float
    busy: float
    """The share of the time in which it worked."""
    rejected_per_second: float
    lag: float


@dataclass(frozen=True, slots=True)
class Picture:
    """One server."""

    ready: bool
    calls_per_second: float
    in_flight: float
    memory_bytes: float
    processor: float
    open_files: float
    log_position: float
    methods: list[MethodFigures]
    engines: list[EngineFigures]

    def json(self) -> dict[str, Any]:
        """As JSON has it, which knows no NaN."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def look(text: str, time: float) -> Look:
    """Read the text format of Prometheus. Raises ValueError where it is none."""
    samples: dict[str, dict[Labels, float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name][frozenset(sample.labels.items())] = sample.value
    if "footlight_build_info" not in samples:
        raise ValueError("no Footlight answers there")
    return Look(time, samples)


def between(before: Look, after: Look) -> Picture:
    """What happened meanwhile."""
    seconds = max(after.time - before.time, 1e-9)

    def grown(name: str, **labels: str) -> float:
        return max(0.0, after.value(name, **labels) - before.value(name, **labels)) / seconds

    methods = [
        MethodFigures(
            name.removeprefix("footlight.v1."),
            grown(f"{_DURATION}_count", rpc_method=name),
            grown(f"{_DURATION}_count", rpc_method=name)
            - grown(f"{_DURATION}_count", rpc_method=name, rpc_response_status_code="OK"),
            *(quantile(before, after, _DURATION, q, rpc_method=name) for q in (0.5, 0.99)),
        )
        for name in after.named(f"{_DURATION}_count", "rpc_method")
    ]
    engines = [
        EngineFigures(
            name,
            bool(after.value("footlight_deployment_ready", deployment=name)),
            after.value("footlight_engine_pending", deployment=name),
            quantile(before, after, "footlight_engine_queue_seconds", 0.99, deployment=name),
            quantile(before, after, "footlight_engine_execute_seconds", 0.99, deployment=name),
            grown("footlight_engine_execute_seconds_sum", deployment=name),
            grown("footlight_engine_rejected_total", deployment=name),
            after.value("footlight_deployment_lag_events", deployment=name),
        )
        for name in after.named("footlight_deployment_ready", "deployment")
    ]
    return Picture(
        bool(after.value("footlight_ready")),
        grown(f"{_DURATION}_count"),
        after.value("footlight_rpc_in_flight"),
        after.value("process_resident_memory_bytes"),
        grown("process_cpu_seconds_total"),
        after.value("process_open_fds"),
        after.value("footlight_log_position"),
        sorted(methods, key=lambda one: (-one.per_second, one.name)),
        sorted(engines, key=lambda one: (-one.busy, one.name)),
    )


def quantile(before: Look, after: Look, name: str, q: float, **labels: str) -> float:
    """The quantile of what was observed meanwhile, between two bounds in a straight line; NaN where nothing was."""
    bounds = sorted(after.named(f"{name}_bucket", "le"), key=float)
    totals = [
        after.value(f"{name}_bucket", le=bound, **labels) - before.value(f"{name}_bucket", le=bound, **labels)
        for bound in bounds
    ]
    if not totals or totals[-1] <= 0:
        return math.nan
    wanted = q * totals[-1]
    for (low, under), (high, upto) in pairwise(_steps(bounds, totals)):
        if upto >= wanted:
            share = (wanted - under) / (upto - under) if upto > under else 1.0
            return low if math.isinf(high) else low + share * (high - low)
    return math.nan


def _steps(bounds: Iterable[str], totals: Iterable[float]) -> list[tuple[float, float]]:
    return [(0.0, 0.0), *((float(bound), total) for bound, total in zip(bounds, totals, strict=True))]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
