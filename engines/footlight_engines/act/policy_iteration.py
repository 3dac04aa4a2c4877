"""Policy iteration: Howard (1960); Sutton & Barto (2018), chapter 4. Soft policy iteration: Haarnoja et al. (2018),
theorem 1."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.chance import uniform
from footlight_engines.act.checking import Steps, checked_index, checked_mask, checked_steps
from footlight_engines.act.exploration import Exploration, ExplorationOptions
from footlight_engines.act.world_model import WorldModel
from footlight_engines.kernels import exploration, planning, tabular
from footlight_plugins import Agent, Choice, Discrete, Options, Spaces, State, Transitions

MAX_PAIRS = 5_000_000
_KINDS = {"greedy": planning.GREEDY, "soft": planning.SOFT, "boltzmann": planning.BOLTZMANN}

Row = tuple[int, int, int, float, float, bool]
"""Observation, action, next observation, probability, reward, whether the episode ends."""


class PolicyIterationOptions(ExplorationOptions):
    """How a policy is made of values, how exactly it is evaluated, and how much is explored."""

    improvement: Literal["greedy", "soft", "boltzmann"] = Field(
        "greedy",
        description="greedy: the best action. soft: softmax of the values, whose entropy counts as a reward; it "
        "converges to "
        "V = tau logsumexp(Q / tau). boltzmann: softmax of the ordinary values, as textbooks have it; it need "
        "not improve, and "
        "may have several fixed points (Asadi & Littman 2017).",
    )
    temperature: float = Field(
        0.01,
        gt=0,
        le=1e6,
        description="tau of a softmax, in units of reward, after the decay. Where episodes cost something by the step, keep "
        "tau log(actions) below that, or going on for ever pays.",
    )
    temperature_start: float = Field(0.0, ge=0, le=1e6, description="tau before anything is learned; 0 means the same.")
    temperature_decay_steps: int = Field(10_000, ge=1, description="Over how many learned steps tau falls.")
    discount_factor: float = Field(0.99, ge=0, le=1, description="What a reward one step later is worth today.")
    initial_value: float = Field(
        0.0, allow_inf_nan=False, description="The value of moves never tried, in units of reward; high ones are tried."
    )
    plan_every: int = Field(256, ge=1, le=1_000_000, description="After so many learned steps it plans again.")
    tolerance: float = Field(1e-6, gt=0, le=1, description="A policy is evaluated until no value moves by more.")
    sweeps: int = Field(1_000, ge=1, le=100_000, description="At most so many sweeps evaluate one policy.")
    improvements: int = Field(50, ge=1, le=10_000, description="At most so many policies are tried in one planning.")
    model: tuple[Row, ...] = Field(
        (),
        description="The world where it is known: rows of observation, action, next observation, probability, "
        "reward, whether "
        "the episode ends. Empty: it is estimated from what was met.",
    )
    drift_memory: float = Field(0.05, ge=0, le=1, description="How much of what was met is left after a drift alarm.")


class PolicyIteration(Agent):
    """Estimates the world, or is told it, and plans in it: evaluates its policy, improves it, until it no longer changes."""

    options_type: ClassVar[type[Options]] = PolicyIterationOptions

    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Make an agent that has met nothing.

        Raises
        ------
        ValueError
            When the spaces are not discrete or too large, or the model does not fit them.
        """
        if not isinstance(options, PolicyIterationOptions):
            raise TypeError(f"options must be PolicyIterationOptions, not {type(options).__name__}")
        seen, actions = spaces.observation, spaces.action
        if not isinstance(seen, Discrete) or not isinstance(actions, Discrete):
            raise ValueError("planning needs discrete observations and actions")
        if min(seen.n, actions.n) < 1 or seen.n * actions.n > MAX_PAIRS:
            raise ValueError(f"{seen.n} observations x {actions.n} actions: 1 to {MAX_PAIRS:,} pairs fit")
        self._options, self._seen, self._actions = options, seen, actions.n
        self._exploration = Exploration(options)
        self._world = WorldModel(seen.n, actions.n)
        self._waiting: list[Steps] = []
        """Steps since the last planning."""
        self._value = np.zeros(seen.n)
        self._q = np.full((seen.n, actions.n), options.initial_value)
        if options.model:
            self._take_model(options.model)
            self._plan()

    def _take_model(self, model: tuple[Row, ...]) -> None:
        columns = [np.array(column) for column in zip(*model, strict=True)]
        observation, action, following = (column.astype(np.int64) for column in columns[:3])
        chance, reward, ended = (
            columns[3].astype(np.float64),
            columns[4].astype(np.float64),
            columns[5].astype(np.bool_),
        )
        for name, column, n in (("observation", observation, self._seen.n), ("action", action, self._actions)):
            if column.min() < 0 or column.max() >= n:
                raise ValueError(f"model: {name} must be 0 to {n - 1}")
        if following.min() < 0 or following.max() >= self._seen.n:
            raise ValueError(f"model: next observation must be 0 to {self._seen.n - 1}")
        pair = observation * self._actions + action
        total = np.bincount(pair, chance, self._seen.n * self._actions)
        if chance.min() < 0 or not np.isfinite(reward).all() or (np.abs(total[np.unique(pair)] - 1) > 1e-6).any():
            raise ValueError("model: probabilities of each observation and action must add up to 1, rewards be finite")
        self._world.add(pair, reward, np.where(ended, self._seen.n, following), chance)

    @property
    def learned_steps(self) -> int:
        """From how many steps it has learned."""
        return self._exploration.learned_steps

    @property
    def temperature(self) -> float:
        """tau by now."""
        options, start = self._options, self._options.temperature_start
        done = min(1.0, self.learned_steps / options.temperature_decay_steps)
        return options.temperature if start == 0.0 else start + (options.temperature - start) * done

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw an action with its exact distribution; see `Agent.act`.

        Raises
        ------
        ValueError
            When the observation is out of range, the mask has another shape or allows nothing, or the seed is negative.
        """
        q, mask = self._q[checked_index(observation, self._seen.n)].copy(), checked_mask(mask, self._actions)
        distribution, epsilon = np.empty(self._actions), 0.0 if exploit else self._exploration.epsilon
        if exploit or self._options.improvement == "greedy":
            exploration.mix_greedy(q, mask, epsilon, distribution)
        else:
            planning.softmax(q, mask, self.temperature, distribution)
            distribution *= 1.0 - epsilon
            distribution += epsilon * mask / mask.sum()
        return Choice(int(tabular.draw(distribution, uniform(seed))), distribution, q)

    def learn(self, steps: Transitions) -> None:
        """Learn from completed steps; plan whenever ``plan_every`` of them have come together.

        Raises
        ------
        ValueError
            When a step is out of range or not finite; nothing is learned from any of them then.
        """
        checked_steps(steps, self._seen, self._actions)
        start, every = 0, self._options.plan_every
        while start < len(steps):
            end = min(len(steps), start + every - self.learned_steps % every)
            self._waiting.append(checked_steps(steps.take(slice(start, end)), self._seen, self._actions))
            self._exploration.learned_steps += end - start
            if self.learned_steps % every == 0:
                self._digest()
                self._plan()
            start = end

    def _digest(self) -> None:
        """Count what was met since the last planning."""
        for steps in self._waiting if not self._options.model else ():
            going_on = ~steps.terminated
            following = np.where(going_on, steps.next_observation, self._seen.n)
            pair = steps.observation * self._actions + steps.action
            self._world.add(pair, steps.reward, following, np.ones(len(steps)))
            self._world.see_masks(steps.next_observation[going_on], steps.next_mask[going_on])
        self._waiting = []

    def _plan(self) -> None:
        """Evaluate the policy and improve it, until it no longer changes."""
        options, world = self._options, self._world.arrays()
        kind, tau = _KINDS[options.improvement], self.temperature
        rest = (options.discount_factor, options.initial_value)
        policy = np.zeros((self._seen.n, self._actions))
        planning.improve(*world, self._value, policy, *rest, kind, tau)
        for _ in range(options.improvements):
            entropy = tau if kind == planning.SOFT else 0.0
            planning.evaluate(*world, self._value, policy, *rest, entropy, options.tolerance, options.sweeps)
            if planning.improve(*world, self._value, policy, *rest, kind, tau) < 1e-9:
                break
        for observation in range(self._seen.n):
            planning.action_values(*world, self._value, *rest, observation, self._q[observation])

    def drifted(self) -> None:
        """Trust what was met little, and explore more for a while."""
        self._digest()
        self._world.fade(self._options.drift_memory if not self._options.model else 1.0)
        self._exploration.alarm = self.learned_steps

    def state(self) -> State:
        """Copies of the world as met, of the values (observations,) and (observations, actions), and of what waits."""
        arrays: dict[str, NDArray[Any]] = {"value": self._value.copy(), "q": self._q.copy(), **self._world.state()}
        for name in _WAITING:
            parts = [getattr(steps, name) for steps in self._waiting]
            if parts:
                arrays[f"waiting_{name}"] = np.concatenate(parts)
        return State(arrays, self._exploration.meta())

    def load(self, state: State) -> None:
        """Take over a state of the same spaces.

        Raises
        ------
        ValueError
            When an array is missing, has another shape or holds what is not finite.
        """
        value, q = state.arrays.get("value"), state.arrays.get("q")
        if value is None or q is None or value.shape != self._value.shape or q.shape != self._q.shape:
            raise ValueError(f"state of policy iteration: 'value' and 'q' must have shape {self._q.shape}")
        if not np.isfinite(value).all() or not np.isfinite(q).all():
            raise ValueError("state of policy iteration: 'value' and 'q' must be finite")
        restored = self._exploration.restored(state)
        self._world.restore(state)
        self._value, self._q, self._exploration = np.array(value), np.array(q, order="C"), restored
        self._waiting = []
        if f"waiting_{_WAITING[0]}" in state.arrays:
            columns = {name: state.arrays[f"waiting_{name}"] for name in _WAITING}
            self._waiting = [checked_steps(Transitions(**columns), self._seen, self._actions)]


_WAITING = ("observation", "action", "reward", "next_observation", "terminated", "next_mask")
