"""The conformance suite of agents."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import (
    Agent,
    Box,
    Candidates,
    Choice,
    Choices,
    Discrete,
    Situation,
    Situations,
    Spaces,
    State,
    Transitions,
)
from footlight_plugins.testing.engine import EngineSuite, same_state, stored

_DRAWS = 4_000
_SESSIONS = 7
"""So many sessions go on side by side in the steps of the suite."""
_SIGHTINGS = 6
"""How many different observations of a box the suite looks at."""


class AgentSuite(EngineSuite):
    """What every agent must do.

    Example
    -------
    ::

        from footlight_plugins.testing import AgentSuite
        from my_package import register_engines

        class TestGambler(AgentSuite):
            spec = register_engines()[0]

    Override ``spaces`` where the agent observes vectors (`Box`) or is given its actions with each request (`Candidates`).
    """

    spaces: ClassVar[Spaces] = Spaces(observation=Discrete(6), action=Discrete(4))
    starts_even: ClassVar[bool] = True
    """Whether a new agent has no favourite; False where it begins with a prior."""

    def agent(self) -> Agent:
        """An agent that knows nothing."""
        made: Agent = self.engine_class()(self.chosen_options(), self.spaces)
        return made

    def observation(self, rng: np.random.Generator) -> Any:
        """A value of the observation space."""
        return _sample(self.spaces.observation, rng, 1)[0]

    def steps(self, seed: int, n: int = 200) -> Transitions:
        """Completed steps of sessions side by side, with rewards, both kinds of endings, and masks."""
        rng, actions = np.random.default_rng(seed), self.spaces.action.n
        mask = rng.random((n, actions)) < 0.6
        mask[np.arange(n), rng.integers(actions, size=n)] = True  # something is always allowed
        terminated, turn = rng.random(n) < 0.2, np.arange(n) % _SESSIONS
        truncated = ~terminated & (rng.random(n) < 0.1)
        observation = _sample(self.spaces.observation, rng, n)
        following = _sample(self.spaces.observation, rng, n)
        goes_on = np.flatnonzero(~(terminated | truncated)[: max(0, n - _SESSIONS)])
        observation[goes_on + _SESSIONS] = following[goes_on]
        candidates = isinstance(self.spaces.action, Candidates)
        return Transitions(
            observation=observation,
            action=rng.integers(actions, size=n),
            reward=rng.normal(size=n),
            next_observation=following,
            terminated=terminated,
            next_mask=mask[:, :0] if candidates else mask,
            truncated=truncated,
            session=_sessions(turn, terminated | truncated),
            propensity=rng.uniform(0.05, 1.0, size=n),
            chosen=rng.normal(size=(n, self.spaces.action.features)) if candidates else None,  # type: ignore[union-attr]
            user=rng.integers(-1, 5, size=n),
        )

    def taught(self, seed: int = 0) -> Agent:
        """An agent that has learned from 200 steps."""
        agent = self.agent()
        agent.learn(self.steps(seed))
        return agent

    def situations(self) -> list[tuple[Situation, bool]]:
        """Many observations with everything allowed, with some of it, with one action only; exploring and not."""
        rng, actions = np.random.default_rng(11), self.spaces.action.n
        masks = [np.ones(actions, np.bool_), np.arange(actions) % 2 == 0, np.arange(actions) == actions - 1]
        seen = self.spaces.observation
        each = list(range(seen.n)) if isinstance(seen, Discrete) else list(_sample(seen, rng, _SIGHTINGS))
        return [
            (Situation(one, mask, self._candidates(rng), user), exploit)
            for user, one in enumerate(each, -1)
            for mask in masks
            for exploit in (False, True)
        ]

    def _candidates(self, rng: np.random.Generator) -> NDArray[np.float64] | None:
        space = self.spaces.action
        return rng.normal(size=(space.n, space.features)) if isinstance(space, Candidates) else None

    def choices(self, agent: Agent) -> list[Choice]:
        """What it does in every situation, with a seed of each one's own."""
        return [agent.decide(one, seed, exploit) for seed, (one, exploit) in enumerate(self.situations())]

    def prepared(self, folder: Path) -> State:
        return self.taught().state()

    def loaded(self, state: State) -> Agent:
        agent = self.agent()
        agent.load(state)
        return agent

    def asked(self, engine: Agent) -> list[tuple[int, list[float]]]:
        return [(choice.action, choice.distribution.tolist()) for choice in self.choices(engine)]

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

    def test_a_state_does_not_change_when_the_agent_learns_on(self) -> None:
        agent = self.taught()
        state = agent.state()
        before = stored(state)
        agent.learn(self.steps(1))
        assert same_state(state, before)

    def test_a_foreign_state_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"."):
            self.agent().load(State({"foreign": np.zeros(3)}, {"foreign": 1}))

    def test_the_same_seed_draws_the_same_action(self) -> None:
        agent = self.taught()
        assert all(map(_same_choice, self.choices(agent), self.choices(agent)))

    def test_a_batch_of_decisions_equals_single_ones(self) -> None:
        agent, single = self.taught(), self.choices(self.taught())
        exploit = np.array([exploit for _, exploit in self.situations()])
        together = agent.decide_batch(_columns([one for one, _ in self.situations()]), _seeds(len(exploit)), exploit)
        expected = Choices.of(single, self.spaces.action.n)
        assert together.action.tolist() == expected.action.tolist()
        assert np.array_equal(together.distribution, expected.distribution)

    def test_acting_learns_nothing(self) -> None:
        agent = self.taught()
        before = stored(agent.state())
        self.choices(agent)
        assert same_state(agent.state(), before) and agent.learned_steps == 200

    @pytest.mark.parametrize("splits", [(1,), (100,), (199,), (3, 64, 65), tuple(range(1, 200))])
    def test_learning_in_batches_comes_to_the_same_state(self, splits: tuple[int, ...]) -> None:
        agent, steps, edges = self.agent(), self.steps(2), [0, *splits, 200]
        for start, end in itertools.pairwise(edges):
            agent.learn(steps.take(slice(start, end)))
        assert same_state(agent.state(), self.taught(2).state()) and agent.learned_steps == 200

    def test_learning_one_by_one_comes_to_the_same_state(self) -> None:
        agent, steps = self.agent(), self.steps(2)
        for i in range(200):
            agent.learn_one(steps.one(i))
        assert same_state(agent.state(), self.taught(2).state()) and agent.learned_steps == 200

    def test_learning_nothing_changes_nothing(self) -> None:
        agent = self.taught()
        agent.learn(self.steps(0, n=0))
        assert same_state(agent.state(), self.taught().state())

    def test_learning_changes_the_state(self) -> None:
        assert not same_state(self.taught(0).state(), self.taught(1).state())

    def test_steps_that_say_less_are_learned_from_too(self) -> None:
        agent, steps = self.agent(), self.steps(5)
        agent.learn(replace(steps, truncated=None, session=None, propensity=None, user=None))
        assert agent.learned_steps == 200

    def test_an_agent_goes_on_after_the_world_has_changed(self) -> None:
        agent, again = self.taught(), self.agent()
        agent.drifted()
        again.load(stored(agent.state()))
        for one in (agent, again):
            one.learn(self.steps(6))
        assert same_state(agent.state(), again.state())
        assert all(abs(choice.distribution.sum() - 1) < 1e-9 for choice in self.choices(agent))

    def test_nothing_is_read_beyond_the_end_of_an_episode(self) -> None:
        agent, steps = self.agent(), self.steps(3)
        steps.next_observation[steps.terminated] = -1  # meaningless, so anything may stand there
        steps.next_mask[steps.terminated] = False
        agent.learn(steps)
        assert same_state(agent.state(), self.taught(3).state())

    def test_the_distribution_adds_up_and_keeps_to_the_mask(self) -> None:
        agent = self.taught()
        for (one, _), choice in zip(self.situations(), self.choices(agent), strict=True):
            assert choice.distribution.shape == one.mask.shape and abs(choice.distribution.sum() - 1) < 1e-9
            assert (choice.distribution >= 0).all() and not choice.distribution[~one.mask].any()
            assert choice.distribution[choice.action] > 0

    def test_what_it_expects_of_actions_is_a_number_for_each(self) -> None:
        for choice in self.choices(self.taught()):
            if choice.values is not None:
                assert choice.values.shape == choice.distribution.shape and not np.isnan(choice.values).any()

    @pytest.mark.parametrize("stride", [1, 2**32])
    def test_actions_are_drawn_as_often_as_the_distribution_says(self, stride: int) -> None:
        """Where the distribution itself depends on the seed, by votes for instance, the mean of what it says is compared."""
        agent = self.taught()
        for one, exploit in self.situations()[:12]:
            drawn = [agent.decide(one, seed * stride, exploit) for seed in range(_DRAWS)]
            share = np.bincount([choice.action for choice in drawn], minlength=len(one.mask)) / _DRAWS
            p = np.mean([choice.distribution for choice in drawn], axis=0)
            assert (np.abs(share - p) <= 5 * np.sqrt(np.maximum(0.0, p * (1 - p)) / _DRAWS) + 1e-9).all()

    def test_a_new_agent_has_no_favourite(self) -> None:
        if not self.starts_even:
            pytest.skip("it begins with a prior")
        one, _ = self.situations()[0]
        if one.candidates is not None:
            one = replace(one, candidates=np.repeat(one.candidates[:1], len(one.mask), axis=0))
        drawn = {self.agent().decide(one, seed, exploit=True).action for seed in range(200)}
        assert len(drawn) > 1, "equal actions must be drawn at random, or an agent may never meet a reward"

    def test_an_observation_outside_the_space_is_refused(self) -> None:
        (one, _), *_ = self.situations()
        for wrong in _outside(self.spaces.observation):
            with pytest.raises(ValueError, match="observation"):
                self.agent().decide(replace(one, observation=wrong), 0, False)

    @pytest.mark.parametrize(
        ("column", "value"),
        [("observation", -1), ("observation", 10**6), ("action", -1), ("action", 10**6), ("next_observation", 10**6)],
    )
    def test_a_step_outside_the_spaces_is_refused_and_nothing_learned(self, column: str, value: int) -> None:
        agent, steps = self.taught(), self.steps(4)
        if not self._reads(column):
            return
        box = column != "action" and isinstance(self.spaces.observation, Box)
        getattr(steps, column)[np.flatnonzero(~steps.terminated)[-1]] = np.nan if box else value
        with pytest.raises(ValueError, match=column):
            agent.learn(steps)
        assert same_state(agent.state(), self.taught().state())

    def _reads(self, column: str) -> bool:
        """Whether the agent has to look at a column of the steps."""
        if column == "action":
            return isinstance(self.spaces.action, Discrete)
        return column != "next_observation" or bool(self.engine_class().looks_ahead)

    @pytest.mark.parametrize("reward", [np.nan, np.inf])
    def test_a_reward_that_is_not_finite_is_refused_and_nothing_learned(self, reward: float) -> None:
        agent, steps = self.taught(), self.steps(4)
        steps.reward[-1] = reward
        with pytest.raises(ValueError, match="reward"):
            agent.learn(steps)
        assert same_state(agent.state(), self.taught().state())


def _sample(space: Discrete | Box, rng: np.random.Generator, n: int) -> NDArray[Any]:
    """Values of a space, shape (n,) or (n, d); of a box within its bounds, or around 0 where it has none."""
    if isinstance(space, Discrete):
        return rng.integers(space.n, size=n)
    low, high = np.maximum(space.low, -2.0), np.minimum(space.high, 2.0)
    return rng.uniform(low, high, size=(n, space.size))


def _sessions(turn: NDArray[np.int64], over: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The name of each step's session: a new one after every ending."""
    names, following = np.empty(len(turn), np.int64), {int(one): int(one) for one in turn}
    for i, (one, ended) in enumerate(zip(turn.tolist(), over.tolist(), strict=True)):
        names[i] = following[one]
        following[one] += _SESSIONS * ended
    return names


def _outside(space: Discrete | Box) -> list[Any]:
    if isinstance(space, Discrete):
        return [-1, 10**6, 10**12]
    return [np.zeros(space.size + 1), np.full(space.size, np.nan)]


def _columns(situations: list[Situation]) -> Situations:
    first, users = situations[0], [one.user for one in situations]
    return Situations(
        np.array([one.observation for one in situations]),
        np.array([one.mask for one in situations]),
        None if first.candidates is None else np.array([one.candidates for one in situations]),
        None if first.candidates is None else np.array([len(one.mask) for one in situations], np.int64),
        np.array(users, np.int64),
    )


def _seeds(n: int) -> NDArray[np.uint64]:
    return np.arange(n, dtype=np.uint64)


def _same_choice(first: Choice, second: Choice) -> bool:
    return first.action == second.action and np.array_equal(first.distribution, second.distribution)
