"""Situations and steps in Vowpal Wabbit's own text format.

The features have the names that they have in a decision log of Footlight (`footlight act-log export`), so that
``vw --dsjson`` learns from such a log what an agent learned when it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def shared(observation: Any) -> str:
    """The line of what is seen: a number, or a vector of shape (d,)."""
    if np.ndim(observation) == 0:
        return f"shared |Observation state{int(observation)}"
    return f"shared |Observation {_numbers('x', observation)}"


def actions(allowed: NDArray[np.int64], candidates: NDArray[np.float64] | None) -> list[str]:
    """A line for each action that is allowed, in their order."""
    if candidates is None:
        return [f"|Action id{action}" for action in allowed.tolist()]
    return [described(candidates[action]) for action in allowed.tolist()]


def described(features: NDArray[np.float64]) -> str:
    """The line of an action that is described by numbers, shape (features,)."""
    return f"|Action {_numbers('f', features)}"


def labelled(action: str, reward: float, propensity: float) -> str:
    """The line of the action that was taken, with its cost and how probable it had been."""
    return f"0:{-reward:.9g}:{propensity:.9g} {action}"


def _numbers(prefix: str, values: Sequence[float] | NDArray[np.float64]) -> str:
    return " ".join(f"{prefix}{i}:{value:.9g}" for i, value in enumerate(np.asarray(values).tolist()) if value)
