"""The conformance suite of agents."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Agent, Choice, Discrete, Spaces, State, Transitions
from footlight_plugins.testing.engine import EngineSuite, same_state, stored

_DRAWS = 4_000


class AgentSuite(EngineSuite):
    """What every agent must do.

    Example
    -------
    ::

        from footlight_plugins.testing import AgentSuite
        from my_package import register_engines

        class TestGambler(AgentSuite):
            spec = register_engines()[0]
    """

    spaces: ClassVar[Spaces] = Spaces(observation=Discrete(6), action=Discrete(4))

    def agent(self) -> Agent:
        """An agent that knows nothing."""
        made: Agent = self.engine_class()(self.chosen_options(), self.spaces)
        return made

    def steps(self, seed: int, n: int = 200) -> Transitions:
        """Completed steps with rewards, endings and masks."""
        rng, (observations, actions) = np.random.default_rng(seed), self._sizes()
        mask = rng.random((n, actions)) < 0.6
        mask[np.arange(n), rng.integers(actions, size=n)] = True  # something is always allowed
        return Transitions(
            observation=rng.integers(observations, size=n),
            action=rng.integers(actions, size=n),
            reward=rng.normal(size=n),
            next_observation=rng.integers(observations, size=n),
            terminated=rng.random(n) < 0.2,
            next_mask=mask,
        )

    def taught(self, seed: int = 0) -> Agent:
        """An agent that has learned from 200 steps."""
        agent = self.agent()
        agent.learn(self.steps(seed))
        return agent

    def situations(self) -> list[tuple[int, NDArray[np.bool_], bool]]:
        """Every observation with everything allowed, with some of it, with one action only; exploring and not."""
        observations, actions = self._sizes()
        masks = [np.ones(actions, np.bool_), np.arange(actions) % 2 == 0, np.arange(actions) == actions - 1]
        return [(o, mask, exploit) for o in range(observations) for mask in masks for exploit in (False, True)]

    def choices(self, agent: Agent) -> list[Choice]:
        """What it does in every situation, with a seed of each one's own."""
        return [agent.act(o, mask, seed, exploit) for seed, (o, mask, exploit) in enumerate(self.situations())]

    def _sizes(self) -> tuple[int, int]:
        return self.spaces.observation.n, self.spaces.action.n

    def test_the_state_survives_storing_and_loading(self) -> None:
        agent, again = self.taught(), self.agent()
        again.load(stored(agent.state()))
        assert all(map(_same_choice, self.choices(agent), self.choices(again)))
        assert again.learned_steps == agent.learned_steps

    def test_a_loaded_agent_goes_on_learning(self) -> None:
        agent, again = self.taught(), self.agent()
        again.load(stored(agent.state()))
        agent.learn(self.steps(1))
        again.learn(self.steps(1))
        assert same_state(agent.state(), again.state())

    def test_a_foreign_state_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"."):
            self.agent().load(State({"foreign": np.zeros(3)}, {"foreign": 1}))

    def test_the_same_seed_draws_the_same_action(self) -> None:
        agent = self.taught()
        assert all(map(_same_choice, self.choices(agent), self.choices(agent)))

    def test_acting_learns_nothing(self) -> None:
        agent = self.taught()
        before = stored(agent.state())
        self.choices(agent)
        assert same_state(agent.state(), before) and agent.learned_steps == 200

    @pytest.mark.parametrize("splits", [(1,), (100,), (199,), (3, 64, 65), tuple(range(1, 200))])
    def test_learning_in_batches_comes_to_the_same_state(self, splits: tuple[int, ...]) -> None:
        agent, steps, edges = self.agent(), self.steps(2), [0, *splits, 200]
        for start, end in itertools.pairwise(edges):
            agent.learn(_rows(steps, start, end))
        assert same_state(agent.state(), self.taught(2).state()) and agent.learned_steps == 200

    def test_learning_nothing_changes_nothing(self) -> None:
        agent = self.taught()
        agent.learn(self.steps(0, n=0))
        assert same_state(agent.state(), self.taught().state())

    def test_learning_changes_the_state(self) -> None:
        assert not same_state(self.taught(0).state(), self.taught(1).state())

    def test_nothing_is_read_beyond_the_end_of_an_episode(self) -> None:
        agent, steps = self.agent(), self.steps(3)
        steps.next_observation[steps.terminated] = -1  # meaningless, so anything may stand there
        steps.next_mask[steps.terminated] = False
        agent.learn(steps)
        assert same_state(agent.state(), self.taught(3).state())

    def test_the_distribution_adds_up_and_keeps_to_the_mask(self) -> None:
        agent = self.taught()
        for (_, mask, _), choice in zip(self.situations(), self.choices(agent), strict=True):
            assert choice.distribution.shape == mask.shape and abs(choice.distribution.sum() - 1) < 1e-9
            assert (choice.distribution >= 0).all() and not choice.distribution[~mask].any()
            assert choice.distribution[choice.action] > 0

    @pytest.mark.parametrize("stride", [1, 2**32])
    def test_actions_are_drawn_as_often_as_the_distribution_says(self, stride: int) -> None:
        agent = self.taught()
        for observation, mask, exploit in self.situations()[:12]:
            drawn = [agent.act(observation, mask, seed * stride, exploit) for seed in range(_DRAWS)]
            share = np.bincount([choice.action for choice in drawn], minlength=len(mask)) / _DRAWS
            p = drawn[0].distribution
            assert (np.abs(share - p) <= 5 * np.sqrt(p * (1 - p) / _DRAWS) + 1e-9).all()

    def test_a_new_agent_has_no_favourite(self) -> None:
        observations, actions = self._sizes()
        mask = np.ones(actions, np.bool_)
        drawn = {self.agent().act(observations - 1, mask, seed, exploit=True).action for seed in range(200)}
        assert len(drawn) > 1, "equal actions must be drawn at random, or an agent may never meet a reward"

    @pytest.mark.parametrize("observation", [-1, 10**6, 10**12])
    def test_an_observation_outside_the_space_is_refused(self, observation: int) -> None:
        with pytest.raises(ValueError, match="observation"):
            self.agent().act(observation, np.ones(self._sizes()[1], np.bool_), 0, False)

    @pytest.mark.parametrize(
        ("column", "value"),
        [("observation", -1), ("observation", 10**6), ("action", -1), ("action", 10**6), ("next_observation", 10**6)],
    )
    def test_a_step_outside_the_spaces_is_refused_and_nothing_learned(self, column: str, value: int) -> None:
        agent, steps = self.taught(), self.steps(4)
        getattr(steps, column)[np.flatnonzero(~steps.terminated)[-1]] = value
        with pytest.raises(ValueError, match=column):
            agent.learn(steps)
        assert same_state(agent.state(), self.taught().state())

    @pytest.mark.parametrize("reward", [np.nan, np.inf])
    def test_a_reward_that_is_not_finite_is_refused_and_nothing_learned(self, reward: float) -> None:
        agent, steps = self.taught(), self.steps(4)
        steps.reward[-1] = reward
        with pytest.raises(ValueError, match="reward"):
            agent.learn(steps)
        assert same_state(agent.state(), self.taught().state())


def _rows(steps: Transitions, start: int, end: int) -> Transitions:
    names = ("observation", "action", "reward", "next_observation", "terminated", "next_mask")
    return Transitions(*(getattr(steps, name)[start:end] for name in names))


def _same_choice(first: Choice, second: Choice) -> bool:
    return first.action == second.action and np.array_equal(first.distribution, second.distribution)
