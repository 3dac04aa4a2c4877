"""Spans go on with the caller's trace and say what became of the call."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from footlight_server.telemetry.calls import Noted, trace_ids
from footlight_server.telemetry.spans import Tracing, tracing

METHOD = "footlight.v1.CatalogService/GetItem"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What a provider that is set up for this test exports."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


def ended(code: str, parent: str = PARENT) -> Noted:
    noted = Noted(0.0, "mine", parent)
    spans = tracing(METHOD)
    assert isinstance(spans, Tracing)
    spans.end(spans.start(noted), code, noted)
    return noted


def test_a_span_goes_on_with_the_callers_trace(exported: InMemorySpanExporter) -> None:
    noted = ended("OK")
    (span,) = exported.get_finished_spans()
    assert span.parent is not None and f"{span.parent.span_id:016x}" == trace_ids(PARENT)[1]
    assert span.context is not None and trace_ids(noted.trace) == (trace_ids(PARENT)[0], f"{span.context.span_id:016x}")


def test_a_span_is_named_by_the_conventions(exported: InMemorySpanExporter) -> None:
    ended("NOT_FOUND", "nonsense")
    (span,) = exported.get_finished_spans()
    assert span.name == METHOD and span.parent is None and span.kind is trace.SpanKind.SERVER
    said = dict(span.attributes or {})
    assert said["rpc.system.name"] == "grpc" and said["rpc.response.status_code"] == "NOT_FOUND"


@pytest.mark.parametrize(("code", "wrong"), [("INTERNAL", True), ("UNAVAILABLE", True), ("NOT_FOUND", False)])
def test_only_a_fault_of_the_server_is_an_error(exported: InMemorySpanExporter, code: str, wrong: bool) -> None:
    ended(code)
    (span,) = exported.get_finished_spans()
    assert ("error.type" in (span.attributes or {})) is wrong


def test_without_a_provider_nothing_is_traced() -> None:
    assert tracing(METHOD) is None
