"""Checks of what an agent is given, the same for all agents. Each names what is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Box, Discrete, Situation, Transitions


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
    if mask.ndim != 1 or (actions is not None and len(mask) != actions) or not mask.any():
        raise ValueError(f"mask of shape {mask.shape} must have shape ({actions or 'candidates'},) and allow an action")
    return mask


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
    if len(steps) == 1 and future and isinstance(seen, Discrete) and (one := _single(steps, seen.n, actions or 0)):
        return one
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


def _single(steps: Transitions, observations: int, actions: int) -> Steps | None:
    """One step of numbers, as an agent that is asked step by step learns them; None where anything is not as expected.

    Looking at a number costs a fifth of looking at an array of one.
    """
    session, truncated, user, mask = steps.session, steps.truncated, steps.user, steps.next_mask
    columns = (steps.observation, steps.action, steps.next_observation, session, user)
    if not all(isinstance(one, np.ndarray) and one.dtype == np.int64 and one.shape == (1,) for one in columns):
        return None
    if steps.reward.dtype != np.float64 or steps.reward.shape != (1,) or mask.shape != (1, actions):
        return None
    assert session is not None and user is not None
    ends, cut = bool(steps.terminated[0]), truncated is not None and bool(truncated[0])
    if not (0 <= steps.observation[0] < observations and 0 <= steps.action[0] < actions):
        return None
    if not math.isfinite(steps.reward[0]):
        return None
    if not ends and not (0 <= steps.next_observation[0] < observations and True in mask[0].tolist()):
        return None
    following = np.zeros(1, np.int64) if ends else steps.next_observation
    return Steps(
        observation=steps.observation,
        action=steps.action,
        reward=steps.reward,
        next_observation=following,
        terminated=np.array([ends]),
        over=np.array([ends or cut]),
        next_mask=np.zeros((1, actions), np.bool_) if ends else np.array(mask, np.bool_),
        session=session,
        user=user,
    )


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
