"""Compiles kernels while a very first demo does other things: ``python -m footlight_server.demo.compiling``.

The server and its jobs find them in Numba's cache. Two processes that need the same kernel at the same time both compile it,
so this one goes another way round than they do: it trains, which the demo needs first, and asks first the engine that the
server makes ready last. What takes in events and forgets people, which `Engine.warm_up` begins with, is left to the server.
Where everything is compiled, there is hardly anything to do.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from footlight_plugins import EngineSpec, Events, Options, Query, Recommender, TrainingRun
from footlight_plugins.factories import resolve_factory
from footlight_plugins.loader import load_plugins
from footlight_plugins.options import options_of

RECOMMENDERS = ("item-knn", "user-knn")
"""In the order in which the server makes them ready."""
AGENT = "q-learning"
NICE = 10
"""Whatever else runs comes first."""


def main() -> None:
    """Compile until the input ends: then the demo has ended."""
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    os.nice(NICE)
    engines = load_plugins().engines
    exercise([_made(engines[name]) for name in RECOMMENDERS])
    resolve_factory(engines[AGENT])  # importing it compiles its kernels


def exercise(engines: Sequence[Recommender]) -> None:
    """Train engines that nobody uses on a handful of events, and ask them, the last first."""
    events = Events.of([0, 0, 1, 1, 2, 2], [0, 1, 0, 2, 1, 2], [5.0, 3.0, 4.0, 2.0, 1.0, 5.0])
    with tempfile.TemporaryDirectory() as folder:
        run = TrainingRun(0, Path(folder), lambda fraction, step, metrics: None)
        for engine in engines:
            engine.fit(events, run)
    for engine in reversed(engines):
        for reasons in (0, 2):
            engine.recommend(Query(1, 3, np.ones(3, np.bool_), np.empty(0, np.int32), reasons=reasons))


def _made(spec: EngineSpec) -> Recommender:
    found = resolve_factory(spec)
    make = cast(Callable[[Options], Recommender], found)
    return make(options_of(found, {}))


def _end_with_the_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
