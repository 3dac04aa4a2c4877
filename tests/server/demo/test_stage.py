"""A job of the demo is heard of from its start, also where nobody waits for it yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

import footlight
from footlight import Training, TrainingState
from footlight_server.demo.stage import Listener, Stage, watch


def _job(fraction: float, state: TrainingState = TrainingState.RUNNING) -> Training:
    return Training("t", "scene-gan", state, fraction, 0, {}, None, "out of luck", 0, 7)


DONE = [_job(0.1), _job(0.6), _job(1.0, TrainingState.SUCCEEDED)]


def _listener(told: Sequence[Training], fault: Exception | None = None) -> Listener:
    """One whose server tells this much of the job, and then maybe breaks."""

    def watch_training(training_id: str) -> Iterator[Training]:
        yield from told
        if fault is not None:
            raise fault

    return Listener(cast(footlight.Client, SimpleNamespace(watch_training=watch_training)), DONE[0])


def _stage(written: StringIO) -> Stage:
    return Stage(Path(), quick=True, console=Console(file=written), client=cast(Any, None))


def test_everything_is_told_to_whoever_asks_after_the_end() -> None:
    listener = _listener(DONE)
    while len(listener.heard) < len(DONE):
        pass
    assert list(listener) == DONE


def test_the_bar_ends_with_the_job() -> None:
    written = StringIO()
    assert watch(_stage(written), _listener(DONE), "training", {}) == DONE
    assert "100 %" in written.getvalue()


def test_a_job_that_made_no_model_is_an_error() -> None:
    with pytest.raises(footlight.TrainingFailed):
        watch(_stage(StringIO()), _listener([_job(0.3, TrainingState.FAILED)]), "training", {})


def test_what_breaks_while_nobody_waits_is_raised_where_somebody_does() -> None:
    listener = _listener(DONE[:1], footlight.Unavailable("gone"))
    with pytest.raises(footlight.Unavailable, match="gone"):
        list(listener)
