"""A potential that falls with the distance to a goal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins import Discrete, Options, PotentialOptions, PotentialShaper, Spaces


class CompassOptions(PotentialOptions):
    """Where the goal is, and what nearness is worth."""

    goal: tuple[float, ...] = Field(
        (0.0,), min_length=1, description="The number of the goal in a finite space; else one number for each feature."
    )
    columns: int = Field(
        1,
        ge=1,
        le=1_000_000,
        description="A finite space is a grid of so many columns, numbered row by row; 1: a line.",
    )
    features: tuple[int, ...] = Field(
        (), description="Which numbers of an observation that is a vector say where it is; empty: the first ones."
    )
    scale: float = Field(1.0, ge=0.0, le=1e9, description="What one unit of distance is worth, in units of reward.")


class Compass(PotentialShaper):
    """``phi(s) = -scale * distance(s, goal)``: steps in a grid, or the straight line between vectors."""

    options_type = CompassOptions

    def __init__(self, options: Options) -> None:
        """Find the goal."""
        super().__init__(options)
        assert isinstance(options, CompassOptions)
        self.goal, self.columns, self.scale = np.array(options.goal), options.columns, options.scale
        self.features = list(options.features or range(len(options.goal)))

    def check(self, spaces: Spaces) -> None:
        """Refuse a goal that lies nowhere in the space."""
        seen = spaces.observation
        if isinstance(seen, Discrete):
            if len(self.goal) != 1 or not 0 <= self.goal[0] < seen.n:
                raise ValueError(f"goal: expected one number from 0 to {seen.n - 1}, got {self.goal.tolist()}")
        elif len(self.features) != len(self.goal) or not all(0 <= one < seen.size for one in self.features):
            raise ValueError(f"features: expected as many as goal has, each from 0 to {seen.size - 1}")

    def potential(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Minus the distance, in units of reward."""
        distance = self._steps(observations) if observations.ndim == 1 else self._straight(observations)
        return np.asarray(-self.scale * distance, np.float64)

    def _straight(self, observations: NDArray[np.float64]) -> NDArray[Any]:
        return np.asarray(np.linalg.norm(observations[:, self.features] - self.goal, axis=1))

    def _steps(self, observations: NDArray[np.int64]) -> NDArray[Any]:
        row, column = divmod(observations, self.columns)
        goal_row, goal_column = divmod(int(self.goal[0]), self.columns)
        return np.asarray(np.abs(row - goal_row) + np.abs(column - goal_column))
