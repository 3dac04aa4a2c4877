"""Environments as clients, agents as policies: what crosses, and what a policy is exactly worth."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from footlight import Decision, DiscreteSpace, EndReason, SessionEnd, Step
from footlight.gymnasium import Player, exact_value, masks_of, spaces_of, to_observation, to_space


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(4, start=-1),
        spaces.Box(-1.0, 1.0, (2, 3)),
        spaces.MultiDiscrete([2, 3]),
        spaces.MultiBinary(3),
        spaces.Dict({"b": spaces.Discrete(2), "a": spaces.Box(0.0, 1.0, (1,))}),
        spaces.Tuple([spaces.Discrete(2), spaces.MultiBinary(2)]),
    ],
)
def test_every_kind_of_space_has_a_twin(space: Any) -> None:
    space.seed(1)
    assert to_space(space) is not None and to_observation(space, space.sample()) is not None


def test_a_space_without_a_twin_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"observation_space: a Text space"):
        spaces_of(_World(spaces.Text(3)))


class _World:
    """Three states in a row: action 1 goes on and earns 1 at the end, action 0 stays."""

    def __init__(self, observation_space: Any) -> None:
        self.observation_space, self.action_space = observation_space, spaces.Discrete(2)
        self.unwrapped, self.spec, self.state = self, None, 0

    def reset(self, seed: int | None = None) -> tuple[int, dict[str, Any]]:
        self.state = 0
        return 0, {"action_mask": np.array([1, 1])}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.state += action
        return self.state, float(self.state == 2), self.state == 2, False, {"action_mask": np.array([0, 1])}


class _Stream:
    """Always goes on, and remembers what it was told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.ends: list[SessionEnd] = []

    def step(self, step: Step) -> Decision:
        self.steps.append(step)
        return Decision("d", 1, 1.0, (0.0, 1.0), 0, 0)

    def end(self, end: SessionEnd) -> None:
        self.ends.append(end)


def test_an_episode_is_one_message_a_step_and_an_end() -> None:
    stream = _Stream()
    assert Player(_World(spaces.Discrete(3))).episode(stream, "e") == 1.0
    assert [(one.observation, one.reward, one.mask) for one in stream.steps] == [
        (0, None, [True, True]),
        (1, 0.0, [False, True]),
    ]
    assert stream.ends == [SessionEnd("e", EndReason.TERMINATED, 1.0, None)]


def test_the_value_of_always_going_right_on_a_dry_lake_is_known() -> None:
    lake = gymnasium.make("FrozenLake-v1", desc=["SFG"], is_slippery=False)
    right = [(0.0, 0.0, 1.0, 0.0)] * 3
    halting = [(0.5, 0.0, 0.5, 0.0)] * 3
    assert exact_value(lake, lambda: right) == 1.0
    assert exact_value(lake, lambda: halting) == pytest.approx(1.0, abs=1e-9)  # a hundred steps are enough


def test_the_best_policy_on_the_slippery_lake_is_worth_what_is_known() -> None:
    lake = gymnasium.make("FrozenLake-v1", is_slippery=True)
    best = [0, 3, 3, 3, 0, 0, 0, 0, 3, 1, 0, 0, 0, 2, 1, 0]
    policy = [tuple(float(a == action) for a in range(4)) for action in best]
    assert exact_value(lake, lambda: policy) == pytest.approx(0.744, abs=0.005)


def test_a_world_without_a_table_has_no_exact_value() -> None:
    assert exact_value(_World(spaces.Discrete(3)), lambda: []) is None


def test_taxi_says_what_is_allowed_where() -> None:
    masks = masks_of(gymnasium.make("Taxi-v4"))
    assert len(masks) == 500 and all(any(mask) for mask in masks)
    assert spaces_of(gymnasium.make("Taxi-v4")) == (DiscreteSpace(500), DiscreteSpace(6))
