"""Spans of OpenTelemetry around the calls, where a provider of them is set up; without one it costs nothing.

The server depends on the API only. Whoever wants traces installs an SDK and an exporter beside it and sets the provider up
before the server starts, as `opentelemetry-instrument footlight serve` does.
"""

from __future__ import annotations

from typing import Any

from footlight_server.telemetry.calls import Noted


class Tracing:
    """Starts and ends the spans of one RPC."""

    def __init__(self, method: str) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._method = method
        self._trace = trace
        self._propagator = TraceContextTextMapPropagator()
        self._tracer = trace.get_tracer("footlight_server")
        self._attributes = {"rpc.system.name": "grpc", "rpc.method": method}

    def start(self, noted: Noted) -> Any:
        """A span that goes on with the caller's trace."""
        parent = self._propagator.extract({"traceparent": noted.trace}) if noted.trace else None
        attributes = self._attributes | {"footlight.request_id": noted.request_id}
        span = self._tracer.start_span(self._method, parent, self._trace.SpanKind.SERVER, attributes)
        own = span.get_span_context()
        noted.trace = f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"
        return span

    def end(self, span: Any, code: str, noted: Noted) -> None:
        """End it, with what became of the call."""
        span.set_attribute("rpc.response.status_code", code)
        span.set_attribute("footlight.engine.queue_seconds", noted.queued)
        span.set_attribute("footlight.engine.execute_seconds", noted.executed)
        if code in SERVER_FAULTS:
            span.set_attribute("error.type", code)
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()


SERVER_FAULTS = frozenset(("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"))
"""The codes that count as errors of the server, by OpenTelemetry's conventions for gRPC."""


def tracing(method: str) -> Tracing | None:
    """The spans of an RPC; None where nobody wants any."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    provider = trace.get_tracer_provider()
    wanted = not isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider)
    return Tracing(method) if wanted else None
