"""The compass keeps the contract, and leads to the goal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from footlight_compass import register_parts
from footlight_compass.compass import Compass, CompassOptions

from footlight_plugins import Box, Discrete, Spaces
from footlight_plugins.testing import RewardShaperSuite


class TestCompass(RewardShaperSuite):
    spec = register_parts()[0]


class TestCompassOfVectors(RewardShaperSuite):
    spec = register_parts()[0]
    options = {"goal": [1.0, -1.0], "features": [0, 2]}  # noqa: RUF012
    spaces = Spaces(Box((-2.0,) * 3, (2.0,) * 3), Discrete(4))

    def chosen_options(self) -> CompassOptions:
        return CompassOptions(goal=(1.0, -1.0), features=(0, 2))


def test_steps_in_a_grid_are_counted() -> None:
    compass = Compass(CompassOptions(goal=(15.0,), columns=4))
    assert compass.potential(np.array([0, 3, 14, 15])).tolist() == [-6.0, -3.0, -1.0, 0.0]


def test_a_way_round_earns_nothing() -> None:
    """What is added along a way that ends where it began is 0: nobody can live off going round in circles."""
    compass = Compass(CompassOptions(goal=(15.0,), columns=4, gamma=1.0))
    way = np.array([0, 1, 5, 4, 0])
    steps = replace(
        TestCompass().steps(n=4),
        observation=way[:-1],
        next_observation=way[1:],
        reward=np.zeros(4),
        terminated=np.zeros(4, np.bool_),
    )
    assert compass.shape(steps).sum() == pytest.approx(0.0)


def test_a_goal_outside_the_space_is_refused() -> None:
    with pytest.raises(ValueError, match="goal"):
        Compass(CompassOptions(goal=(99.0,))).check(Spaces(Discrete(16), Discrete(4)))
