"""What stands beside the bar of a training."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from footlight import Training, TrainingState
from footlight.cli.training import _left

BEGUN = Training("t", "item-knn", TrainingState.RUNNING, 0.0, 0, {}, None, "", 0, 7)


def test_a_training_that_tells_nothing_yet_is_said_to_prepare() -> None:
    assert _left(BEGUN).startswith("preparing; on a machine's first time")


def test_the_time_left_is_told_in_minutes_and_seconds() -> None:
    assert _left(replace(BEGUN, fraction=0.5, remaining=timedelta(seconds=65))) == "1:05 left"


def test_otherwise_the_state_is_told() -> None:
    ended = replace(BEGUN, state=TrainingState.SUCCEEDED, fraction=1.0, remaining=timedelta(0))
    assert (_left(replace(BEGUN, state=TrainingState.QUEUED)), _left(ended)) == ("queued", "succeeded")
