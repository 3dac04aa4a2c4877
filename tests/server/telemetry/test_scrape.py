"""What `footlight top` reckons from two looks at the metrics."""

from __future__ import annotations

import math

import pytest

from footlight_server.commands.scrape import Look, between, look, quantile
from footlight_server.telemetry.exposition import EngineView, Exposition, ServerView
from footlight_server.telemetry.meters import engine_meter, method_meter

METHOD = "footlight.v1.TestService/Scrape"
VIEW = ServerView(True, 0.0, 12, 0, [EngineView("scraped", True, 3, 1, 0, 7)])


def seen(at: float) -> Look:
    return look(Exposition(lambda: VIEW).text().decode(), at)


@pytest.fixture
def looks() -> tuple[Look, Look]:
    """Before and after, ten seconds apart: twenty calls of 2 ms, one refused, an engine at work for half of the time."""
    meter, engine = method_meter(METHOD), engine_meter("scraped")
    meter.in_flight += 42
    meter.ended("OK", 0.3)
    before = seen(0.0)
    for _ in range(20):
        meter.ended("OK", 0.002)
    meter.ended("NOT_FOUND", 0.002)
    engine.worked(0.5, 5.0)
    return before, seen(10.0)


def test_calls_are_counted_between_the_looks_only(looks: tuple[Look, Look]) -> None:
    (method,) = (one for one in between(*looks).methods if METHOD.endswith(one.name))
    assert (method.per_second, method.refused_per_second) == pytest.approx((2.1, 0.1))
    assert 0.001 < method.median < 0.0025 and method.p99 < 0.0025


def test_an_engine_is_busy_for_the_share_in_which_it_works(looks: tuple[Look, Look]) -> None:
    (engine,) = between(*looks).engines
    assert (engine.name, engine.ready, engine.pending, engine.lag) == ("scraped", True, 3, 7)
    assert engine.busy == pytest.approx(0.5) and 2.5 < engine.execute_p99 <= 5.0


def test_where_nothing_happened_there_is_no_quantile(looks: tuple[Look, Look]) -> None:
    after = looks[1]
    assert math.isnan(quantile(after, after, "rpc_server_call_duration_seconds", 0.5))


def test_what_is_no_footlight_is_told() -> None:
    with pytest.raises(ValueError, match="no Footlight"):
        look("# TYPE up gauge\nup 1\n", 0.0)
