"""Compiles kernels before anybody waits for them: the first call of a kernel costs seconds, its cached code milliseconds."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from footlight_plugins import EventKind, Events, History, Query, Recommender

_HISTORY = History(np.array([0, 1], np.int32), np.array([5.0, 3.0]), np.array([1, 2], np.int64))
"""What a visitor without a name has met."""


def exercise(engine: Recommender) -> None:
    """Take an engine that nobody uses through everything that can happen while it serves, on a handful of events."""
    events = Events.of([0, 0, 1, 1, 2, 2], [0, 1, 0, 2, 1, 2], [5.0, 3.0, 4.0, 2.0, 1.0, 5.0])
    engine.apply(events)
    _forget(engine)  # before it is asked for the first time: what answers may be compiled by somebody else meanwhile
    engine.apply(events)
    _ask(engine)
    engine.apply(Events.of([0, 1], [0, 2], [1.0, 1.0], kind=[EventKind.RATING, EventKind.RETRACTION], time=[10, 10]))
    _ask(engine)
    _forget(engine)
    _ask(engine)


def _forget(engine: Recommender) -> None:
    with suppress(NotImplementedError):  # there are engines that cannot
        engine.forget(0)


def _ask(engine: Recommender) -> None:
    servable, excluded = np.ones(3, np.bool_), np.array([2], np.int32)
    for reasons in (0, 2):
        for user in (0, 1, 2):
            engine.recommend(Query(user, 3, servable, excluded, reasons=reasons))
        engine.recommend(Query(-1, 3, servable, excluded, reasons=reasons, history=_HISTORY))
    with suppress(NotImplementedError):  # there are engines that compare no items
        engine.similar(0, Query(-1, 3, servable, excluded))
