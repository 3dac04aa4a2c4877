"""Checks of what an agent is given, the same for all agents. Each names what is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Box, Discrete, Situation, Transition, Transitions

FEW = 64


@dataclass(frozen=True, slots=True)
class Steps:
    """Completed steps as arrays that a kernel takes; shapes as in `Transitions`."""

    observation: NDArray[Any]
    action: NDArray[np.int64]
    reward: NDArray[np.float64]
    next_observation: NDArray[Any]
    terminated: NDArray[np.bool_]
    over: NDArray[np.bool_]
    """Whether the session ends with the step; always, where the steps do not name their session."""
    next_mask: NDArray[np.bool_]
    session: NDArray[np.int64]
    user: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.action)


def checked_mask(mask: NDArray[np.bool_], actions: int | None) -> NDArray[np.bool_]:
    """The mask as a kernel takes it; ``actions`` None where their number comes with the request.

    Raises
    ------
    ValueError
        When it has another shape or allows nothing.
    """
    mask = np.array(mask, np.bool_, order="C")  # what comes from a log may be read-only, which a kernel does not take
    if mask.ndim != 1 or (actions is not None and len(mask) != actions) or not _any(mask):
        raise ValueError(f"mask of shape {mask.shape} must have shape ({actions or 'candidates'},) and allow an action")
    return mask


def _any(mask: NDArray[np.bool_]) -> bool:
    return True in mask.tolist() if len(mask) <= FEW else bool(mask.any())  # a short list is faster than a reduction


def checked_index(observation: Any, n: int) -> int:
    """A value of a discrete observation space of n values, or a ValueError."""
    if not 0 <= observation < n:
        raise ValueError(f"observation {observation} must be 0 to {n - 1}")
    return int(observation)


def checked_vector(observation: Any, size: int) -> NDArray[np.float64]:
    """A vector of a box of d numbers, or a ValueError."""
    vector = np.array(observation, np.float64, order="C")
    if vector.shape != (size,) or not np.isfinite(vector).all():
        raise ValueError(f"observation must be {size} finite numbers, not an array of shape {vector.shape}")
    return vector


def checked_candidates(situation: Situation, features: int) -> NDArray[np.float64]:
    """The candidates of a situation, shape (actions, features), or a ValueError."""
    matrix = np.array(situation.candidates, np.float64, order="C")
    if matrix.shape != (len(situation.mask), features) or not np.isfinite(matrix).all():
        raise ValueError(f"candidates must be {len(situation.mask)} rows of {features} finite numbers")
    return matrix


def checked_steps(steps: Transitions, seen: Discrete | Box, actions: int | None, future: bool = True) -> Steps:
    """The same steps as arrays that a kernel takes.

    Parameters
    ----------
    seen
        The observation space.
    actions
        How many actions there are; None where they come with the request.
    future
        Whether what comes after a step is read at all.

    Raises
    ------
    ValueError
        When a column is out of range or of another shape; the message names it.
    """
    n = len(steps)
    reward, terminated = (
        _column("reward", steps.reward, n, np.float64),
        _column("terminated", steps.terminated, n, np.bool_),
    )
    if not np.isfinite(reward).all():
        raise ValueError("reward must be finite")
    observation = _observations("observation", steps.observation, n, seen)
    _check_range("observation", observation, seen)
    action = _column("action", steps.action, n, np.int64)
    if actions is not None:
        _check_range("action", action, Discrete(actions))
    following, next_mask = observation, np.empty((n, 0), np.bool_)
    if future:
        following, next_mask = _future(steps, terminated, seen, actions or 0)
    truncated = np.zeros(n, np.bool_) if steps.truncated is None else _column("truncated", steps.truncated, n, np.bool_)
    alone = steps.session is None
    return Steps(
        observation=observation,
        action=action,
        reward=reward,
        next_observation=following,
        terminated=terminated,
        over=np.ones(n, np.bool_) if alone else terminated | truncated,
        next_mask=next_mask,
        session=np.arange(n) if steps.session is None else _column("session", steps.session, n, np.int64),
        user=np.full(n, -1) if steps.user is None else _column("user", steps.user, n, np.int64),
    )


def checked_transition(step: Transition, observations: int, actions: int) -> NDArray[np.bool_]:
    """The next mask of a step of numbers as a kernel takes it.

    Raises
    ------
    ValueError
        When anything is out of range or of another shape; the message names it.
    """
    if not math.isfinite(step.reward):
        raise ValueError("reward must be finite")
    checked_index(step.observation, observations)
    if not 0 <= step.action < actions:
        raise ValueError(f"action {step.action} must be 0 to {actions - 1}")
    if step.terminated:
        return np.zeros(actions, np.bool_)
    checked_index(step.next_observation, observations)
    return checked_mask(step.next_mask, actions)


def _future(
    steps: Transitions, terminated: NDArray[np.bool_], seen: Discrete | Box, actions: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    n, going_on = len(steps), ~terminated
    following = _observations("next_observation", steps.next_observation, n, seen)
    _check_range("next_observation", following[going_on], seen)
    mask = np.array(steps.next_mask, np.bool_, order="C")
    if mask.shape != (n, actions):
        raise ValueError(f"next_mask must have shape ({n}, {actions}), not {mask.shape}")
    if not mask[going_on].any(axis=1).all():
        raise ValueError("next_mask must allow an action wherever the step is not terminated")
    following[terminated], mask[terminated] = 0, False  # meaningless there
    return following, mask


def _column(name: str, values: Any, n: int, dtype: Any) -> NDArray[Any]:
    column = np.array(values, dtype, order="C")
    if column.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), not {column.shape}")
    return column


def _observations(name: str, values: Any, n: int, seen: Discrete | Box) -> NDArray[Any]:
    if isinstance(seen, Discrete):
        return _column(name, values, n, np.int64)
    matrix = np.array(values, np.float64, order="C")
    if matrix.shape != (n, seen.size):
        raise ValueError(f"{name} must have shape ({n}, {seen.size}), not {matrix.shape}")
    return matrix


def _check_range(name: str, values: NDArray[Any], space: Discrete | Box) -> None:
    if isinstance(space, Box):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite")
    elif len(values) and (values.min() < 0 or values.max() >= space.n):
        raise ValueError(f"{name} must be 0 to {space.n - 1}, not {values.min()} to {values.max()}")
