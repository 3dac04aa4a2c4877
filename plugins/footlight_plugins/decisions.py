"""What crosses between the host and an agent: spaces, situations, choices, completed steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Discrete:
    """The whole numbers 0 to n - 1, as `gymnasium.spaces.Discrete`."""

    n: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class Box:
    """Vectors of float64 within bounds, both included; infinite where there is none. The host flattens whatever the
    owner declared (a box of any shape, a dictionary, multi-discrete numbers) as `gymnasium.spaces.utils.flatten` does."""

    low: tuple[float, ...]
    """The least of each number."""
    high: tuple[float, ...]
    """The greatest of each number."""

    @property
    def size(self) -> int:
        """The length d of the vectors."""
        return len(self.low)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Actions that come with each request, from 1 to ``n`` of them, each described by ``features`` numbers."""

    features: int
    """How many numbers describe an action."""
    n: int
    """The most actions that come with a request."""


@dataclass(frozen=True, slots=True)
class Spaces:
    """What an agent observes and what it can do.

    An agent gets a `Box` only where its class says ``takes_features``, and `Candidates` only where it says
    ``takes_candidates``; all others get `Discrete` and nothing else.
    """

    observation: Discrete | Box
    """What it sees."""
    action: Discrete | Candidates
    """What it can do."""


@dataclass(slots=True)  # not frozen: it is made with every call
class Situation:
    """What an agent is to decide on."""

    observation: Any
    """An int of a discrete space, or a float64 vector of shape (d,) of a box."""
    mask: NDArray[np.bool_]
    """Shape (actions,): which actions are allowed; at least one is. With candidates: as long as there are candidates."""
    candidates: NDArray[np.float64] | None = None
    """Shape (actions, features) where the action space is `Candidates`."""
    user: int = -1
    """The ordinal of the person it is for, for agents that keep something of each; -1 where nobody said."""


@dataclass(slots=True)
class Situations:
    """Many situations as columns."""

    observation: NDArray[Any]
    """int64 of shape (n,) of a discrete space; float64 of shape (n, d) of a box."""
    mask: NDArray[np.bool_]
    """Shape (n, actions)."""
    candidates: NDArray[np.float64] | None = None
    """Shape (n, actions, features) where the action space is `Candidates`; filled up with what the mask does not allow."""
    count: NDArray[np.int64] | None = None
    """Shape (n,): how many candidates there really are, where there are any."""
    user: NDArray[np.int64] | None = None
    """Shape (n,): the person's ordinal; -1 where nobody said."""

    def __len__(self) -> int:
        return len(self.mask)

    def one(self, i: int) -> Situation:
        """The situation in row i."""
        width = self.mask.shape[1] if self.count is None else int(self.count[i])
        return Situation(
            self.observation[i] if self.observation.ndim > 1 else int(self.observation[i]),
            self.mask[i, :width],
            None if self.candidates is None else self.candidates[i, :width],
            -1 if self.user is None else int(self.user[i]),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """An agent's decision."""

    action: int
    """The action that was drawn."""
    distribution: NDArray[np.float64]
    """Shape (actions,): the exact probability with which each action could have been drawn. Adds up to 1."""
    values: NDArray[np.float64] | None = None
    """Shape (actions,): what the agent expects of each action, in units of reward, where it can tell."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Decisions as columns."""

    action: NDArray[np.int64]
    """Shape (n,)."""
    distribution: NDArray[np.float64]
    """Shape (n, actions); 0 where there is no such candidate."""
    values: NDArray[np.float64] | None = None
    """Shape (n, actions)."""

    @staticmethod
    def of(choices: Sequence[Choice], width: int) -> Choices:
        """Decisions that were made one by one; ``width`` is how many actions a row has room for."""
        distribution, values = np.zeros((2, len(choices), width))
        for i, choice in enumerate(choices):
            distribution[i, : len(choice.distribution)] = choice.distribution
            if choice.values is not None:
                values[i, : len(choice.values)] = choice.values
        known = bool(choices) and choices[0].values is not None
        return Choices(np.array([one.action for one in choices], np.int64), distribution, values if known else None)


@dataclass(frozen=True, slots=True)
class Transitions:
    """Completed steps as columns, in the order in which they are learned; each array has shape (n,) unless it says more.

    A terminated step has no future: its target is the reward alone. A truncated step is not terminated: the value of
    its next observation counts (Pardo et al. 2018, "Time Limits in Reinforcement Learning").

    The columns after ``next_mask`` are None where somebody made the steps by hand and did not say; the host fills them.
    """

    observation: NDArray[Any]
    """int64 of shape (n,) of a discrete space; float64 of shape (n, d) of a box."""
    action: NDArray[np.int64]
    """int64: which action was taken."""
    reward: NDArray[np.float64]
    """What followed, finite, in units of the owner."""
    next_observation: NDArray[Any]
    """As `observation`. Meaningless where terminated."""
    terminated: NDArray[np.bool_]
    """Whether nothing comes after the step."""
    next_mask: NDArray[np.bool_]
    """Shape (n, actions): which actions are allowed at the next observation; (n, 0) with candidates."""
    truncated: NDArray[np.bool_] | None = None
    """The session was cut off after this step. None: no step was the last of its session unless it is terminated."""
    session: NDArray[np.int64] | None = None
    """Names the session; steps of one session follow each other. None: no step belongs to another one."""
    propensity: NDArray[np.float64] | None = None
    """The probability with which the action was drawn, 0 where nobody knows."""
    chosen: NDArray[np.float64] | None = None
    """Shape (n, features) where the action space is `Candidates`: what the candidate that was taken looked like."""
    user: NDArray[np.int64] | None = None
    """The person's ordinal, -1 where nobody said."""

    def __len__(self) -> int:
        return len(self.action)

    def take(self, rows: NDArray[Any] | slice) -> Transitions:
        """The given steps, by index, mask or slice."""
        columns: list[Any] = [getattr(self, column.name) for column in fields(self)]
        taken: list[Any] = [None if column is None else column[rows] for column in columns]
        return Transitions(*taken)

    def one(self, i: int) -> Transition:
        """The step in row i. Raises ValueError where a column is missing."""
        if self.truncated is None or self.session is None or self.propensity is None or self.user is None:
            raise ValueError("a step alone has a value in every column")
        vectors = self.observation.ndim > 1
        return Transition(
            observation=self.observation[i] if vectors else int(self.observation[i]),
            action=int(self.action[i]),
            reward=float(self.reward[i]),
            next_observation=self.next_observation[i] if vectors else int(self.next_observation[i]),
            terminated=bool(self.terminated[i]),
            next_mask=self.next_mask[i],
            truncated=bool(self.truncated[i]),
            session=int(self.session[i]),
            propensity=float(self.propensity[i]),
            user=int(self.user[i]),
            chosen=None if self.chosen is None else self.chosen[i],
        )


@dataclass(slots=True)  # not frozen: it is made with every call
class Transition:
    """One completed step: a row of `Transitions`, whose columns have the same names and meanings."""

    observation: Any
    """An int of a discrete space, or a float64 vector of shape (d,) of a box; `next_observation` likewise."""
    action: int
    """Which action was taken."""
    reward: float
    """What followed, finite."""
    next_observation: Any
    """As `observation`; meaningless where terminated."""
    terminated: bool
    """Whether nothing comes after the step."""
    next_mask: NDArray[np.bool_]
    """Shape (actions,). Not to be written to."""
    truncated: bool
    """Whether the session was cut off after it."""
    session: int
    """Names the session."""
    propensity: float
    """The probability with which the action was drawn, 0 where nobody knows."""
    user: int
    """The person's ordinal, -1 where nobody said."""
    chosen: NDArray[np.float64] | None = None
    """Shape (features,) where the action space is `Candidates`: what was taken."""

    def columns(self) -> Transitions:
        """The same as columns of length 1."""
        return Transitions(
            observation=np.array([self.observation]),
            action=np.array([self.action], np.int64),
            reward=np.array([self.reward], np.float64),
            next_observation=np.array([self.next_observation]),
            terminated=np.array([self.terminated], np.bool_),
            next_mask=self.next_mask[None],
            truncated=np.array([self.truncated], np.bool_),
            session=np.array([self.session], np.int64),
            propensity=np.array([self.propensity], np.float64),
            chosen=None if self.chosen is None else self.chosen[None],
            user=np.array([self.user], np.int64),
        )
