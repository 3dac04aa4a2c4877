"""What Q-learning and SARSA share: one number for every observation and action."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.chance import uniform, uniforms
from footlight_engines.act.checking import Steps, checked_index, checked_mask, checked_steps, checked_transition
from footlight_engines.act.exploration import Exploration, ExplorationOptions
from footlight_engines.act.traces import Traces
from footlight_engines.kernels import tabular, temporal_difference
from footlight_plugins import (
    Agent,
    Choice,
    Choices,
    Discrete,
    Options,
    Situations,
    Spaces,
    State,
    Transition,
    Transitions,
)

MAX_CELLS = 100_000_000
"""The largest table: 800 MB."""


class TableOptions(ExplorationOptions):
    """How fast it learns and how much it explores."""

    learning_rate: float = Field(0.1, gt=0, le=1, description="How far a value moves towards its target at each step.")
    learning_rate_exponent: float = Field(
        0.0,
        ge=0,
        le=1,
        description="The rate is divided by the count of the observation and action to this power. 0 keeps it constant, "
        "which follows a changing world; 0.5 to 1 converges in one that does not change, best at 0.6 to 0.8.",
    )
    learning_rate_floor: float = Field(0.0, ge=0, le=1, description="The rate never falls below this.")
    discount_factor: float = Field(0.99, ge=0, le=1, description="What a reward one step later is worth today.")
    initial_value: float = Field(
        0.0, allow_inf_nan=False, description="The value of moves never tried, in units of reward; high ones are tried."
    )
    steps: int = Field(1, ge=1, le=64, description="How many rewards a return adds up before it trusts the table.")


class ActionValues(Agent):
    """Keeps the value of each action at each observation, and acts epsilon-greedily on it.

    Ties are broken at random: an agent that takes the first of equal actions may never meet a reward at all.
    """

    options_type: ClassVar[type[Options]] = TableOptions
    tables: ClassVar[int] = 1

    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Make the table, of shape (observations, actions).

        Raises
        ------
        ValueError
            When the spaces are not discrete, or the table would have more than 10^8 cells.
        """
        if not isinstance(options, TableOptions):
            raise TypeError(f"options must be TableOptions, not {type(options).__name__}")
        seen, actions = spaces.observation, spaces.action
        if not isinstance(seen, Discrete) or not isinstance(actions, Discrete):
            raise ValueError("a table needs discrete observations and actions")
        if min(seen.n, actions.n) < 1 or seen.n * actions.n * self._table_count(options) > MAX_CELLS:
            raise ValueError(f"a table of {seen.n} observations x {actions.n} actions: 1 to 10^8 cells fit")
        self._options, self._seen, self._actions = options, seen, actions.n
        self._tables = np.full((self._table_count(options), seen.n, actions.n), options.initial_value)
        self._counts = np.zeros((seen.n, actions.n), np.int64)
        self._exploration = Exploration(options)
        self._traces = Traces(options.steps, actions.n)
        self._rate = np.array([options.learning_rate, options.learning_rate_exponent, options.learning_rate_floor])

    def _table_count(self, options: TableOptions) -> int:
        return 1

    @property
    def learned_steps(self) -> int:
        """From how many steps it has learned."""
        return self._exploration.learned_steps

    @property
    def epsilon(self) -> float:
        """The share of random moves by now."""
        return self._exploration.epsilon

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw an action with its exact distribution; see `Agent.act`.

        Raises
        ------
        ValueError
            When the observation is out of range, the mask has another shape or allows nothing, or the seed is negative.
        """
        observation = checked_index(observation, self._seen.n)
        mask = checked_mask(mask, self._actions)
        answer = np.empty((2, self._actions))
        epsilon = 0.0 if exploit else self.epsilon
        action = tabular.choose(self._tables, observation, mask, epsilon, uniform(seed), answer)
        return Choice(action, answer[0], answer[1])

    def decide_batch(self, situations: Situations, seeds: NDArray[np.uint64], exploit: NDArray[np.bool_]) -> Choices:
        """Draw an action in each situation; see `Agent.decide_batch`. Raises ValueError as `act` does."""
        observation = np.array(situations.observation, np.int64, order="C")
        mask = np.array(situations.mask, np.bool_, order="C")
        if len(observation) and (observation.min() < 0 or observation.max() >= self._seen.n):
            raise ValueError(f"observation must be 0 to {self._seen.n - 1}")
        if mask.shape != (len(observation), self._actions) or not mask.any(axis=1).all():
            raise ValueError(f"mask must have shape ({len(observation)}, {self._actions}) and allow an action")
        epsilon = np.where(exploit, 0.0, self.epsilon)
        distribution, values = tabular.epsilon_greedy_rows(self._tables, observation, mask, epsilon)
        return Choices(tabular.draw_rows(distribution, uniforms(seeds)[:, 0]), distribution, values)

    def learn(self, steps: Transitions) -> None:
        """Learn from completed steps, one after the other.

        Raises
        ------
        ValueError
            When a step is out of range or not finite; nothing is learned from any of them then.
        """
        checked = checked_steps(steps, self._seen, self._actions)
        self._learn(checked)
        self._exploration.learned_steps += len(checked)

    def _learn_one_off_policy(self, step: Transition, learner: int, epsilon: float) -> None:
        """Learn from a single step with returns of one reward."""
        next_mask = checked_transition(step, self._seen.n, self._actions)
        temporal_difference.learn_single(
            self._tables,
            self._counts,
            step.observation,
            step.action,
            step.reward,
            0 if step.terminated else step.next_observation,
            step.terminated,
            next_mask,
            learner,
            epsilon,
            self._rate,
            self._options.discount_factor,
        )
        self._exploration.learned_steps += 1

    def _learn(self, steps: Steps) -> None:
        """Change the tables; the learned steps are counted afterwards."""
        raise NotImplementedError

    def _learn_off_policy(self, steps: Steps, learner: NDArray[np.int64], epsilon: NDArray[np.float64]) -> None:
        slot, fresh = self._traces.slots(steps.session, steps.over | (self._options.steps == 1))
        temporal_difference.learn_off_policy(
            self._tables,
            self._counts,
            self._traces.trace,
            self._traces.earned,
            self._traces.length,
            slot,
            fresh,
            steps.observation,
            steps.action,
            steps.reward,
            steps.next_observation,
            steps.terminated,
            steps.over,
            steps.next_mask,
            learner,
            epsilon,
            self._rate,
            self._options.discount_factor,
        )

    def drifted(self) -> None:
        """Explore more for a while, and learn as fast as in the beginning where the rate falls with counts."""
        self._exploration.alarm = self.learned_steps
        self._counts[:] = 0

    def state(self) -> State:
        """A copy of the tables, ``q`` (observations, actions) or (2, observations, actions), and of what goes with them."""
        q = self._tables[0] if len(self._tables) == 1 else self._tables
        arrays: dict[str, NDArray[Any]] = {"q": q.copy(), **self._traces.state()}
        if self._rate[1]:
            arrays["counts"] = self._counts.copy()
        return State(arrays, self._exploration.meta())

    def load(self, state: State) -> None:
        """Take over a table of the same spaces.

        Raises
        ------
        ValueError
            When it has another shape, holds a value that is not finite, or something is missing.
        """
        shape = self._tables.shape if len(self._tables) > 1 else self._tables.shape[1:]
        q, counts = state.arrays.get("q"), state.arrays.get("counts", np.zeros_like(self._counts))
        if q is None or q.shape != shape or q.dtype != np.float64:
            raise ValueError(f"state of a table: array 'q' must be float64 of shape {shape}")
        if not np.isfinite(q).all():
            raise ValueError("state of a table: array 'q' must be finite")
        if counts.shape != self._counts.shape or counts.dtype != np.int64:
            raise ValueError(f"state of a table: array 'counts' must be int64 of shape {self._counts.shape}")
        exploration = self._exploration.restored(state)
        self._traces = Traces.restored(state, self._options.steps, self._actions)
        self._tables, self._counts = np.array(q, order="C").reshape(self._tables.shape), np.array(counts, order="C")
        self._exploration = exploration
