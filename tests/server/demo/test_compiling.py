"""Kernels are compiled ahead by a process that ends with the demo."""

from __future__ import annotations

import subprocess
import sys
from typing import cast

from footlight_plugins import Query, Ranking, Recommender
from footlight_plugins.factories import resolve_factory
from footlight_plugins.loader import load_plugins
from footlight_plugins.options import options_of
from footlight_server.demo.compiling import RECOMMENDERS, exercise
from footlight_server.demo.recommending import ENGINES
from footlight_server.demo.stage import compiling_ahead

_SLEEPER = """
import time
from footlight_server.demo import compiling
compiling.exercise = lambda engines: time.sleep(600)
compiling.main()
"""


def test_it_compiles_for_those_whom_the_demo_asks() -> None:
    assert RECOMMENDERS == ENGINES


def test_the_engines_are_trained_and_asked() -> None:
    asked: list[str] = []
    engines = [_listening(name, asked) for name in RECOMMENDERS]
    exercise(engines)
    assert all(engine.knows(1) for engine in engines)
    assert asked == [name for name in reversed(RECOMMENDERS) for _ in range(2)]


def _listening(name: str, asked: list[str]) -> Recommender:
    """An engine that notes when it is asked."""
    found = cast(type[Recommender], resolve_factory(load_plugins().engines[name]))
    engine = found(options_of(found, {}))
    recommend = engine.recommend

    def noted(query: Query) -> Ranking:
        asked.append(name)
        return recommend(query)

    engine.recommend = noted  # type: ignore[method-assign]
    return engine


def test_it_ends_with_the_block() -> None:
    with compiling_ahead() as process:
        assert process.poll() is None
    assert process.returncode is not None


def test_it_ends_when_the_demo_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", _SLEEPER], stdin=subprocess.PIPE)
    process.communicate(timeout=60)
    assert process.returncode == 0
