"""Checks of what an agent is given. The host makes them as well; the conformance suite calls agents without a host."""

from __future__ import annotations

from typing import Any

import numpy as np

from footlight_plugins.decisions import Box, Candidates, Discrete, Situation, Spaces, Transitions


def check_situation(spaces: Spaces, situation: Situation) -> None:
    """Refuse a situation that is not one of the spaces.

    >>> spaces = Spaces(Discrete(3), Discrete(2))
    >>> check_situation(spaces, Situation(2, np.ones(2, np.bool_)))

    Raises
    ------
    ValueError
        Naming ``observation``, ``mask`` or ``candidates``, and what was expected.
    """
    _check("observation", np.asarray(situation.observation)[None], spaces.observation)
    mask = np.asarray(situation.mask)
    expected = len(mask) if isinstance(spaces.action, Candidates) else spaces.action.n
    if mask.shape != (expected,) or not mask.any():
        raise ValueError(f"mask must have shape ({expected},) and allow an action, not shape {mask.shape}")
    if isinstance(spaces.action, Candidates):
        shape = (len(mask), spaces.action.features)
        if np.shape(situation.candidates) != shape or not np.isfinite(situation.candidates).all():  # type: ignore[arg-type]
            raise ValueError(f"candidates must be finite numbers of shape {shape}")


def check_steps(spaces: Spaces, steps: Transitions, *, future: bool = True) -> None:
    """Refuse steps that are not of the spaces. ``future`` says whether the agent reads what comes after a step.

    Raises
    ------
    ValueError
        Naming the column, and what was expected.
    """
    if not np.isfinite(steps.reward).all():
        raise ValueError("reward must be finite")
    _check("observation", steps.observation, spaces.observation)
    if isinstance(spaces.action, Discrete):
        _check("action", steps.action, spaces.action)
    if future:
        going_on = ~steps.terminated
        _check("next_observation", steps.next_observation[going_on], spaces.observation)
        if isinstance(spaces.action, Discrete) and not steps.next_mask[going_on].any(axis=1).all():
            raise ValueError("next_mask must allow an action wherever the step is not terminated")


def _check(name: str, values: Any, space: Discrete | Box) -> None:
    """Refuse values of shape (n,) that are not in a discrete space, or of shape (n, d) that are not vectors of a box."""
    if isinstance(space, Discrete):
        if np.ndim(values) != 1 or (len(values) and not (np.min(values) >= 0 and np.max(values) < space.n)):
            raise ValueError(f"{name} must be 0 to {space.n - 1}")
    elif np.ndim(values) != 2 or np.shape(values)[1] != space.size or not np.isfinite(values).all():
        raise ValueError(f"{name} must be {space.size} finite numbers")
