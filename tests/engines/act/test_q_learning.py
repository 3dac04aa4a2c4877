"""Q-learning: its formula at the edges, its schedule, and what it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.act.q_learning import QLearning, QLearningOptions
from footlight_plugins import Discrete, Spaces, State, Transitions

_ALL = np.ones(2, np.bool_)


def _agent(observations: int = 3, actions: int = 2, **options: Any) -> QLearning:
    return QLearning(QLearningOptions(**options), Spaces(Discrete(observations), Discrete(actions)))


def _step(
    observation: int = 0, action: int = 0, reward: float = 1.0, following: int = 1, terminated: bool = False
) -> Transitions:
    return Transitions(
        observation=np.array([observation]),
        action=np.array([action]),
        reward=np.array([reward]),
        next_observation=np.array([following]),
        terminated=np.array([terminated]),
        next_mask=np.ones((1, 2), np.bool_),
    )


def _value(agent: QLearning, observation: int = 0, action: int = 0) -> float:
    return float(agent.state().arrays["q"][observation, action])


def test_a_terminated_step_is_worth_its_reward_alone() -> None:
    agent = _agent(learning_rate=1.0, initial_value=8.0)
    agent.learn(_step(reward=3.0, terminated=True))
    assert _value(agent) == 3.0


def test_a_step_that_goes_on_counts_what_follows() -> None:
    agent = _agent(learning_rate=1.0, discount_factor=0.5, initial_value=8.0)
    agent.learn(_step(reward=3.0))
    assert _value(agent) == 3.0 + 0.5 * 8.0


def test_what_is_not_allowed_next_is_worth_nothing() -> None:
    agent = _agent(learning_rate=1.0, discount_factor=1.0)
    agent.learn(_step(observation=1, action=1, reward=9.0, terminated=True))
    agent.learn(replace(_step(reward=0.0), next_mask=np.array([[True, False]])))
    assert _value(agent) == 0.0


def test_epsilon_falls_with_learned_steps_and_not_with_decisions() -> None:
    agent = _agent(epsilon_start=1.0, epsilon_end=0.2, epsilon_decay_steps=4)
    agent.act(0, _ALL, 0, exploit=False)
    agent.learn(_step())
    assert agent.epsilon == pytest.approx(0.8)


def test_epsilon_stays_at_its_end() -> None:
    agent = _agent(epsilon_end=0.2, epsilon_decay_steps=2)
    for _ in range(5):
        agent.learn(_step())
    assert agent.epsilon == 0.2


def test_the_propensity_is_exact_with_a_favourite() -> None:
    agent = _agent(epsilon_start=0.4, epsilon_end=0.4)
    agent.learn(_step(action=1))
    assert agent.act(0, _ALL, 0, exploit=False).distribution == pytest.approx([0.2, 0.8])


def test_exploiting_draws_the_favourite_only() -> None:
    agent = _agent()
    agent.learn(_step(action=1))
    assert agent.act(0, _ALL, 0, exploit=True).distribution.tolist() == [0.0, 1.0]


def test_a_mask_that_came_as_read_only_bytes_is_taken() -> None:
    mask = np.frombuffer(b"\x00\x01", np.bool_)
    assert _agent().act(0, mask, 0, exploit=False).action == 1


@pytest.mark.parametrize("mask", [np.zeros(2, np.bool_), np.ones(3, np.bool_)])
def test_a_mask_that_allows_nothing_or_has_another_size_is_refused(mask: NDArray[np.bool_]) -> None:
    with pytest.raises(ValueError, match="mask"):
        _agent().act(0, mask, 0, exploit=False)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        _agent().act(0, _ALL, -1, exploit=False)


def test_a_step_without_a_move_after_it_is_refused() -> None:
    with pytest.raises(ValueError, match="next_mask"):
        _agent().learn(replace(_step(), next_mask=np.zeros((1, 2), np.bool_)))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="reward"):
        _agent().learn(replace(_step(), reward=np.zeros(2)))


@pytest.mark.parametrize(("observations", "actions"), [(10_000_000, 11), (0, 4), (5, 0)])
def test_a_table_too_large_or_empty_is_refused(observations: int, actions: int) -> None:
    with pytest.raises(ValueError, match="cells"):
        _agent(observations, actions)


@pytest.mark.parametrize(
    "state",
    [
        State({"q": np.zeros((3, 3))}, {"learned_steps": 1}),
        State({"q": np.zeros((3, 2), np.float32)}, {"learned_steps": 1}),
        State({"q": np.full((3, 2), np.nan)}, {"learned_steps": 1}),
        State({"q": np.zeros((3, 2))}, {"learned_steps": -1}),
        State({"q": np.zeros((3, 2))}, {}),
    ],
)
def test_a_damaged_state_is_refused(state: State) -> None:
    with pytest.raises(ValueError, match="state"):
        _agent().load(state)


def test_a_state_is_a_copy() -> None:
    agent = _agent()
    before = agent.state()
    agent.learn(_step())
    assert not before.arrays["q"].any()


_SESSIONS = 64


def _taught_frozen_lake(rounds: int, seed: int) -> QLearning:
    """An agent after 64 sessions of slippery FrozenLake side by side, learning once a round."""
    options = {"learning_rate": 0.04, "discount_factor": 0.995, "initial_value": 0.7}
    agent = _agent(16, 4, **options, epsilon_start=0.3, epsilon_end=0.3)
    lakes = gymnasium.make_vec("FrozenLake-v1", _SESSIONS, vectorization_mode="sync", is_slippery=True)
    observation, _ = lakes.reset(seed=seed)
    fresh = np.zeros(_SESSIONS, np.bool_)  # the step after an ending only begins the next episode
    every = np.ones((_SESSIONS, 4), np.bool_)
    for i in range(rounds):
        seeds = range(i * _SESSIONS, (i + 1) * _SESSIONS)
        action = np.array(
            [agent.act(int(o), every[0], s, False).action for o, s in zip(observation, seeds, strict=True)]
        )
        following, reward, terminated, truncated, _ = lakes.step(action)
        agent.learn(_rows(~fresh, observation, action, following, reward, terminated))
        observation, fresh = following, terminated | truncated
    lakes.close()
    return agent


def _rows(rows: NDArray[np.bool_], *columns: NDArray[Any]) -> Transitions:
    observation, action, following, reward, terminated = (column[rows] for column in columns)
    return Transitions(observation, action, reward, following, terminated, np.ones((len(action), 4), np.bool_))


def _success(agent: QLearning) -> float:
    """The exact chance of reaching the goal within 100 steps, without exploring: backwards through the known dynamics."""
    dynamics = gymnasium.make("FrozenLake-v1", is_slippery=True).unwrapped.P  # type: ignore[attr-defined]
    policy = [agent.act(s, np.ones(4, np.bool_), 0, exploit=True).distribution for s in range(16)]
    value = np.zeros(16)
    for _ in range(100):
        value = np.array([sum(policy[s][a] * _expected(dynamics[s][a], value) for a in range(4)) for s in range(16)])
    return float(value[0])


def _expected(outcomes: list[tuple[float, int, float, bool]], value: NDArray[np.float64]) -> float:
    return sum(p * (reward + (0.0 if terminated else value[s])) for p, s, reward, terminated in outcomes)


def test_it_learns_slippery_frozen_lake_nearly_to_the_optimum() -> None:
    assert _success(_taught_frozen_lake(rounds=500, seed=0)) > 0.70  # the optimum within 100 steps is 0.744
