"""What linear bandits share: ridge regressions of the reward, one an action or one for all candidates.

A bandit does not look ahead: it learns as soon as the reward is there.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.chance import uniform
from footlight_engines.act.checking import checked_candidates, checked_mask, checked_steps, checked_vector
from footlight_engines.act.exploration import Exploration, ExplorationOptions
from footlight_engines.act.linear_features import FEW, ActionFeatures, CandidateFeatures
from footlight_engines.kernels import exploration, linear_models, tabular
from footlight_plugins import Agent, Box, Candidates, Choice, Discrete, Options, Situation, Spaces, State, Transitions

MAX_CELLS = 50_000_000
"""The largest number of cells of all precision matrices together: 400 MB, and as much for their inverses."""
REFRESH = 512
REFRESH_DISCOUNTED = 64
"""After so many rewards an inverse is computed exactly; where a model forgets, an update leaves more out."""


class LinearOptions(Options):
    """How the rewards are fitted, and the least that is explored."""

    ridge: float = Field(1.0, gt=0, le=1e6, description="How strongly weights are held at 0: the prior precision.")
    discount: float = Field(
        1.0,
        gt=0.5,
        le=1,
        description="How much of a step's weight is left one step later. Below 1 it follows a changing world.",
    )
    epsilon: float = Field(
        0.02,
        ge=0,
        le=1,
        description="The share of random moves. Above 0, so that other policies can be evaluated on the log.",
    )
    interactions: Literal["auto", "none", "all"] = Field(
        "auto",
        description="Which products are seen: pairs of an observation's numbers, or of those and a candidate's. auto: pairs "
        f"where an observation has at most {FEW} numbers, and products with candidates always.",
    )
    personal: float = Field(
        0.0,
        ge=0,
        le=1e6,
        description="Above 0: people get a deviation of their own from what all share, held at 0 as if by so many "
        "observations that say 0.",
    )
    people: int = Field(
        20_000, ge=1, le=10_000_000, description="At most so many people get a deviation, first come first."
    )
    drift_memory: float = Field(
        0.0, ge=0, le=1, description="How much of what was learned is left after a drift alarm."
    )
    drift_epsilon: float = Field(
        0.1,
        ge=0,
        le=1,
        description="The share of random moves right after a drift alarm; falls back in a straight line.",
    )
    drift_steps: int = Field(300, ge=1, description="Over how many learned steps it falls back after a drift alarm.")


class LinearBandit(Agent):
    """Keeps one ridge regression an action, or one for all candidates."""

    options_type: ClassVar[type[Options]] = LinearOptions
    takes_features: ClassVar[bool] = True
    takes_candidates: ClassVar[bool] = True
    looks_ahead: ClassVar[bool] = False

    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Make models that expect 0 of everything.

        Raises
        ------
        ValueError
            When the observation is not a vector, or the models would be too large.
        """
        if not isinstance(options, LinearOptions):
            raise TypeError(f"options must be LinearOptions, not {type(options).__name__}")
        if not isinstance(spaces.observation, Box):
            raise ValueError("a linear bandit observes vectors")
        self._options, self._seen, self._action = options, spaces.observation, spaces.action
        size, products = self._seen.size, options.interactions != "none"
        if isinstance(spaces.action, Candidates):
            self._candidate_features = CandidateFeatures(size, spaces.action.features, products)
            models, m = 1, self._candidate_features.size
        else:
            self._action_features = ActionFeatures(size, products and (options.interactions == "all" or size <= FEW))
            models, m = spaces.action.n, self._action_features.size
        if models < 1 or models * m * m > MAX_CELLS:
            raise ValueError(f"{models} models of {m} weights: at most {MAX_CELLS:,} cells fit")
        self._exploration = Exploration(
            ExplorationOptions(
                epsilon_start=options.epsilon,
                epsilon_end=options.epsilon,
                epsilon_decay_steps=0,
                drift_epsilon=options.drift_epsilon,
                drift_steps=options.drift_steps,
            )
        )
        self._precision = np.tile(np.eye(m) * options.ridge, (models, 1, 1))
        self._covariance = np.tile(np.eye(m) / options.ridge, (models, 1, 1))
        self._moment, self._weights = np.zeros((models, m)), np.zeros((models, m))
        self._last, self._count = np.zeros(models, np.int64), np.zeros(models, np.int64)
        self._people: dict[int, int] = {}
        """A person's row in the arrays of deviations."""
        self._delta, self._certainty = np.zeros((0, models, m)), np.zeros((0, models, m))

    @property
    def learned_steps(self) -> int:
        """From how many steps it has learned."""
        return self._exploration.learned_steps

    @property
    def epsilon(self) -> float:
        """The share of random moves by now."""
        return self._exploration.epsilon

    def act(self, observation: Any, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw one of a fixed number of actions; see `Agent.act`."""
        return self.decide(Situation(observation, mask), seed, exploit)

    def decide(self, situation: Situation, seed: int, exploit: bool) -> Choice:
        """Draw an action with its exact distribution; see `Agent.decide`.

        Raises
        ------
        ValueError
            When the observation, the mask or the candidates have another shape or are not finite, or the seed is negative.
        """
        mask = checked_mask(situation.mask, self._action.n if isinstance(self._action, Discrete) else None)
        x = self._features(situation)
        mean, variance, distribution = np.empty(len(mask)), np.empty(len(mask)), np.empty(len(mask))
        self._predict(x, situation.user, mean, variance)
        if exploit:
            exploration.mix_greedy(mean, mask, 0.0, distribution)
        else:
            self._explore(x, (mean, variance), mask, seed, distribution)
        return Choice(int(tabular.draw(distribution, uniform(seed))), distribution, mean)

    def _features(self, situation: Situation) -> NDArray[np.float64]:
        """What the models see: (1, m) for all actions, or (actions, m)."""
        observation = checked_vector(situation.observation, self._seen.size)[None]
        if isinstance(self._action, Discrete):
            return self._action_features.of(observation)
        candidates = checked_candidates(situation, self._action.features)
        return self._candidate_features.of(np.repeat(observation, len(candidates), axis=0), candidates)

    def _predict(
        self, x: NDArray[np.float64], user: int, mean: NDArray[np.float64], variance: NDArray[np.float64]
    ) -> None:
        options = self._options
        linear_models.predict(
            self._covariance,
            self._weights,
            x,
            self._last,
            self.learned_steps,
            options.discount,
            options.ridge,
            mean,
            variance,
        )
        if (row := self._people.get(user, -1)) >= 0:
            linear_models.predict_deviation(self._delta[row], self._certainty[row], x, mean, variance)

    def _explore(
        self,
        x: NDArray[np.float64],
        expected: tuple[NDArray[np.float64], NDArray[np.float64]],
        mask: NDArray[np.bool_],
        seed: int,
        distribution: NDArray[np.float64],
    ) -> None:
        """Write the distribution of the exploring policy; ``expected`` is the mean and variance of each action."""
        raise NotImplementedError

    def learn(self, steps: Transitions) -> None:
        """Learn from completed steps, one after the other.

        Raises
        ------
        ValueError
            When a step is out of range or not finite; nothing is learned from any of them then.
        """
        discrete = isinstance(self._action, Discrete)
        checked = checked_steps(steps, self._seen, self._action.n if discrete else None, future=False)
        x = self._action_features.of(checked.observation) if discrete else self._chosen(steps, checked.observation)
        model = checked.action if discrete else np.zeros(len(checked), np.int64)
        self._update(model, x, checked.reward, self._rows(checked.user))
        self._exploration.learned_steps += len(checked)

    def _chosen(self, steps: Transitions, observation: NDArray[np.float64]) -> NDArray[np.float64]:
        assert isinstance(self._action, Candidates)
        chosen = np.array(steps.chosen, np.float64, order="C")
        if chosen.shape != (len(steps), self._action.features) or not np.isfinite(chosen).all():
            raise ValueError(f"chosen must be {len(steps)} rows of {self._action.features} finite numbers")
        return self._candidate_features.of(observation, chosen)

    def _update(
        self, model: NDArray[np.int64], x: NDArray[np.float64], reward: NDArray[np.float64], person: NDArray[np.int64]
    ) -> None:
        options = self._options
        linear_models.learn(
            self._precision,
            self._covariance,
            self._moment,
            self._weights,
            self._last,
            self._count,
            self.learned_steps,
            model,
            x,
            reward,
            options.discount,
            options.ridge,
            REFRESH if options.discount == 1.0 else REFRESH_DISCOUNTED,
            self._delta,
            self._certainty,
            person,
        )

    def _rows(self, users: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row of each person's deviation; -1 where there is none."""
        if not self._options.personal:
            return np.full(len(users), -1)
        return np.array([self._row(user) for user in users.tolist()], np.int64)

    def _row(self, user: int) -> int:
        if user < 0:
            return -1
        row = self._people.get(user, -1)
        if row < 0 and len(self._people) < self._options.people:
            row = self._people[user] = len(self._people)
            if row == len(self._delta):
                room = (max(16, row), *self._weights.shape)
                self._delta = np.concatenate([self._delta, np.zeros(room)])
                self._certainty = np.concatenate([self._certainty, np.full(room, self._options.personal)])
        return row

    def drifted(self) -> None:
        """Keep a share of what was learned, ``drift_memory``, and explore more for a while."""
        memory, m = self._options.drift_memory, self._weights.shape[1]
        prior = np.eye(m) * self._options.ridge
        self._precision = prior + memory * (self._precision - prior)
        self._moment *= memory
        self._delta *= memory
        self._certainty = self._options.personal + memory * (self._certainty - self._options.personal)
        for k in range(len(self._weights)):
            linear_models.invert(self._precision[k], self._covariance[k])
            linear_models.quadratic(self._covariance[k], self._moment[k], self._weights[k])
        self._exploration.alarm = self.learned_steps

    def state(self) -> State:
        """Copies of the models (k, m, m) and (k, m), and of people's deviations (people, k, m)."""
        arrays = {name: getattr(self, f"_{name}").copy() for name in _ARRAYS}
        people = len(self._people)
        arrays["person"] = np.fromiter(self._people, np.int64, people)
        arrays["delta"], arrays["certainty"] = self._delta[:people].copy(), self._certainty[:people].copy()
        return State(arrays, self._exploration.meta())

    def load(self, state: State) -> None:
        """Take over models of the same spaces and options.

        Raises
        ------
        ValueError
            When an array is missing, has another shape or holds what is not finite.
        """
        people = len(state.arrays.get("person", ()))
        shapes = {name: getattr(self, f"_{name}").shape for name in _ARRAYS}
        shapes |= {"person": (people,), "delta": (people, *self._weights.shape)}
        shapes |= {"certainty": shapes["delta"]}
        for name, shape in shapes.items():
            array = state.arrays.get(name)
            if array is None or array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"state of a linear bandit: array {name!r} must be finite and of shape {shape}")
        self._exploration = self._exploration.restored(state)
        for name in (*_ARRAYS, "delta", "certainty"):
            setattr(self, f"_{name}", np.array(state.arrays[name], order="C"))
        self._people = {user: row for row, user in enumerate(state.arrays["person"].tolist())}


_ARRAYS = ("precision", "covariance", "moment", "weights", "last", "count")
