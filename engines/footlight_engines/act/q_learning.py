"""Tabular Q-learning: Watkins & Dayan (1992), "Q-learning"; Sutton & Barto (2018), section 6.5."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.kernels import tabular
from footlight_plugins import Agent, Choice, Discrete, Options, Spaces, State, Transitions

MAX_CELLS = 100_000_000
"""The largest table: 800 MB."""


class QLearningOptions(Options):
    """How fast it learns and how much it explores."""

    learning_rate: float = Field(0.1, gt=0, le=1, description="How far a value moves towards its target at each step.")
    discount_factor: float = Field(0.99, ge=0, le=1, description="What a reward one step later is worth today.")
    epsilon_start: float = Field(1.0, ge=0, le=1, description="The share of random moves before anything is learned.")
    epsilon_end: float = Field(0.05, ge=0, le=1, description="The share of random moves after the decay.")
    epsilon_decay_steps: int = Field(
        10_000, ge=0, description="Over how many learned steps the share of random moves falls from start to end."
    )
    initial_value: float = Field(
        0.0, allow_inf_nan=False, description="The value of moves never tried, in units of reward; high ones are tried."
    )


class QLearning(Agent):
    """Learns the value of each action at each observation, and acts epsilon-greedily on it.

    Ties are broken at random: an agent that takes the first of equal actions may never meet a reward at all.
    The schedule of epsilon follows the steps that were learned, so asking for decisions changes nothing.
    """

    options_type = QLearningOptions

    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Make the table, of shape (observations, actions).

        Raises
        ------
        ValueError
            When the table would have more than 10^8 cells.
        """
        if not isinstance(options, QLearningOptions):
            raise TypeError(f"options must be QLearningOptions, not {type(options).__name__}")
        self._options = options
        if not isinstance(spaces.observation, Discrete) or not isinstance(spaces.action, Discrete):
            raise ValueError("a table needs discrete observations and actions")
        self._shape = (spaces.observation.n, spaces.action.n)
        if min(self._shape) < 1 or self._shape[0] * self._shape[1] > MAX_CELLS:
            raise ValueError(
                f"a table of {self._shape[0]} observations x {self._shape[1]} actions: 1 to 10^8 cells fit"
            )
        self._table = np.full(self._shape, options.initial_value)
        self._learned_steps = 0

    @property
    def learned_steps(self) -> int:
        """From how many steps it has learned."""
        return self._learned_steps

    @property
    def epsilon(self) -> float:
        """The share of random moves by now: falls in a straight line over the learned steps."""
        options = self._options
        if self._learned_steps >= options.epsilon_decay_steps:
            return options.epsilon_end
        done = self._learned_steps / options.epsilon_decay_steps
        return options.epsilon_start + (options.epsilon_end - options.epsilon_start) * done

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw an action with its exact distribution; see `Agent.act`.

        Raises
        ------
        ValueError
            When the observation is out of range, the mask has another shape or allows nothing, or the seed is negative.
        """
        observations, actions = self._shape
        if not 0 <= observation < observations:
            raise ValueError(f"observation {observation} must be 0 to {observations - 1}")
        mask = np.array(mask, np.bool_)
        if mask.shape != (actions,) or not mask.any():
            raise ValueError(f"mask of shape {mask.shape} must have shape ({actions},) and allow an action")
        epsilon = 0.0 if exploit else self.epsilon
        distribution = tabular.epsilon_greedy(self._table, observation, mask, epsilon)
        return Choice(int(tabular.draw(distribution, _uniform(seed))), distribution)

    def learn(self, steps: Transitions) -> None:
        """Learn from completed steps, one after the other.

        Raises
        ------
        ValueError
            When a step is out of range or not finite; nothing is learned from any of them then.
        """
        steps = _checked(steps, self._shape)
        tabular.q_learning(
            self._table,
            steps.observation,
            steps.action,
            steps.reward,
            steps.next_observation,
            steps.terminated,
            steps.next_mask,
            self._options.learning_rate,
            self._options.discount_factor,
        )
        self._learned_steps += len(steps)

    def state(self) -> State:
        """A copy of the table, ``q`` (observations, actions), and how many steps went into it."""
        return State({"q": self._table.copy()}, {"learned_steps": self._learned_steps})

    def load(self, state: State) -> None:
        """Take over a table of the same spaces.

        Raises
        ------
        ValueError
            When it has another shape, holds a value that is not finite, or the number of steps is missing.
        """
        q, learned_steps = state.arrays.get("q"), state.meta.get("learned_steps")
        if q is None or q.shape != self._shape or q.dtype != np.float64:
            raise ValueError(f"state of q-learning: array 'q' must be float64 of shape {self._shape}")
        if not np.isfinite(q).all():
            raise ValueError("state of q-learning: array 'q' must be finite")
        if not isinstance(learned_steps, int) or learned_steps < 0:
            raise ValueError(f"state of q-learning: 'learned_steps' must be 0 or more, not {learned_steps!r}")
        self._table, self._learned_steps = np.array(q, order="C"), learned_steps


def _checked(steps: Transitions, shape: tuple[int, int]) -> Transitions:
    """The same steps as arrays that the kernel takes, or a ValueError that names the column."""
    n, (observations, actions) = len(steps), shape
    steps = Transitions(
        observation=np.array(steps.observation, np.int64),
        action=np.array(steps.action, np.int64),
        reward=np.array(steps.reward, np.float64),
        next_observation=np.array(steps.next_observation, np.int64),
        terminated=np.array(steps.terminated, np.bool_),
        next_mask=np.array(steps.next_mask, np.bool_, order="C"),
    )
    for name in ("observation", "action", "reward", "next_observation", "terminated"):
        if getattr(steps, name).shape != (n,):
            raise ValueError(f"{name} must have shape ({n},), not {getattr(steps, name).shape}")
    if steps.next_mask.shape != (n, actions):
        raise ValueError(f"next_mask must have shape ({n}, {actions}), not {steps.next_mask.shape}")
    _check_range("observation", steps.observation, observations)
    _check_range("action", steps.action, actions)
    if not np.isfinite(steps.reward).all():
        raise ValueError("reward must be finite")
    going_on = ~steps.terminated
    _check_range("next_observation", steps.next_observation[going_on], observations)
    if not steps.next_mask[going_on].any(axis=1).all():
        raise ValueError("next_mask must allow an action wherever the step is not terminated")
    return replace(steps, next_observation=np.where(going_on, steps.next_observation, 0))


def _check_range(name: str, values: NDArray[np.int64], n: int) -> None:
    if len(values) and (values.min() < 0 or values.max() >= n):
        raise ValueError(f"{name} must be 0 to {n - 1}, not {values.min()} to {values.max()}")


_64_BITS = (1 << 64) - 1


def _uniform(seed: int) -> float:
    """A number in [0, 1) from a seed: one step of SplitMix64 (Steele, Lea & Flood 2014), 53 bits of it.

    Making a generator of numpy costs more than the whole decision, and one number is all that is drawn.
    """
    if seed < 0:
        raise ValueError(f"seed {seed} must be 0 or more")
    z = (seed + 0x9E3779B97F4A7C15) & _64_BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return float((z ^ (z >> 31)) >> 11) * 2.0**-53
