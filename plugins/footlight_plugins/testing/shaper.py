"""The suite of reward shapers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Box, Discrete, RewardShaper, Spaces, Transitions
from footlight_plugins.testing.part import PartSuite

_STEPS = 60


class RewardShaperSuite(PartSuite):
    """Holds a reward shaper to `RewardShaper`.

    Example
    -------
    ::

        class Halved(RewardShaper):
            def shape(self, steps):
                return steps.reward / 2

        class TestHalved(RewardShaperSuite):
            spec = PartSpec("halved", PartRole.REWARD_SHAPER, "1.0", "Half of it.", "my_package:Halved")

            def part_class(self):
                return Halved

    Override ``spaces`` where it takes none but others.
    """

    spaces: ClassVar[Spaces] = Spaces(observation=Discrete(6), action=Discrete(4))

    def steps(self, seed: int = 0, n: int = _STEPS) -> Transitions:
        """Completed steps, some terminated, some truncated: read only, as the part under test is given them."""
        rng = np.random.default_rng(seed)
        terminated = rng.random(n) < 0.2
        made = Transitions(
            observation=self._seen(rng, n),
            action=rng.integers(self.spaces.action.n, size=n),
            reward=rng.normal(size=n),
            next_observation=self._seen(rng, n),
            terminated=terminated,
            next_mask=np.ones((n, self.spaces.action.n), np.bool_),
            truncated=~terminated & (rng.random(n) < 0.1),
            session=np.arange(n),
            propensity=rng.random(n),
            user=np.full(n, -1),
        )
        return _read_only(made)

    def _seen(self, rng: np.random.Generator, n: int) -> NDArray[Any]:
        space = self.spaces.observation
        if isinstance(space, Discrete):
            return rng.integers(space.n, size=n)
        low, high = np.maximum(space.low, -9.0), np.minimum(space.high, 9.0)
        return rng.uniform(low, high, (n, space.size))

    def asked(self, part: Any) -> Any:
        """What some steps come to."""
        return part.shape(self.steps()).tolist()

    def check_rewards(self, part: RewardShaper, steps: Transitions) -> NDArray[np.float64]:
        """What the steps come to, which must be numbers."""
        shaped = part.shape(steps)
        assert isinstance(shaped, np.ndarray) and shaped.dtype == np.float64, (
            f"{type(shaped).__name__} is no float64 array"
        )
        assert shaped.shape == (len(steps),) and np.isfinite(shaped).all(), shaped
        return shaped

    def test_it_takes_the_spaces_that_it_is_tested_with(self) -> None:
        assert self.new().check(self.spaces) is None

    @pytest.mark.parametrize(
        "observation", [Discrete(1), Discrete(1_000), Box((), ()), Box((-np.inf,) * 3, (np.inf,) * 3)], ids=str
    )
    def test_it_refuses_or_takes_spaces_but_raises_nothing_else(self, observation: Discrete | Box) -> None:
        with suppress(ValueError):
            assert self.new().check(Spaces(observation, Discrete(2))) is None

    def test_each_step_comes_to_a_finite_reward(self) -> None:
        for seed in range(3):
            self.check_rewards(self.new(), self.steps(seed))

    def test_no_steps_come_to_no_rewards(self) -> None:
        assert len(self.check_rewards(self.new(), self.steps(0, 0))) == 0

    def test_the_same_steps_come_to_the_same_rewards(self) -> None:
        part = self.new()
        first = self.asked(part)
        assert self.asked(part) == first == self.asked(self.new())

    def test_steps_alone_come_to_the_same_as_together(self) -> None:
        part, steps = self.new(), self.steps()
        alone = [part.shape(_read_only(steps.take(slice(i, i + 1))))[0] for i in range(len(steps))]
        np.testing.assert_allclose(alone, part.shape(steps), rtol=1e-12, atol=1e-12)

    def test_nothing_is_read_beyond_the_end_of_a_session(self) -> None:
        part, steps, others = self.new(), self.steps(), self.steps(1)
        ended = steps.terminated if steps.observation.ndim == 1 else steps.terminated[:, None]
        other = replace(steps, next_observation=np.where(ended, others.next_observation, steps.next_observation))
        assert part.shape(_read_only(other)).tolist() == part.shape(steps).tolist()

    @pytest.mark.parametrize("reward", [0.0, -1e9, 1e9])
    def test_it_answers_whatever_the_rewards_are(self, reward: float) -> None:
        self.check_rewards(self.new(), _read_only(replace(self.steps(), reward=np.full(_STEPS, reward))))


def _read_only(steps: Transitions) -> Transitions:
    for column in fields(steps):
        if isinstance(array := getattr(steps, column.name), np.ndarray):
            array.flags.writeable = False
    return steps
