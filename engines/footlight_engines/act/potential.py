"""Shaping by a potential that the owner writes down."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins import Discrete, Options, PotentialOptions, PotentialShaper, Spaces


class TabledOptions(PotentialOptions):
    """How promising each observation is."""

    values: tuple[float, ...] = Field(
        (), description="Of each observation of a finite space its potential; those beyond the end have 0."
    )
    weights: tuple[float, ...] = Field(
        (),
        description="Of each number of an observation that is a vector its weight: the potential is the weighted sum.",
    )


class Potential(PotentialShaper):
    """A table of potentials for numbers, a weighted sum for vectors (Ng, Harada, Russell 1999)."""

    options_type = TabledOptions

    def __init__(self, options: Options) -> None:
        """Keep the numbers at hand."""
        super().__init__(options)
        assert isinstance(options, TabledOptions)
        self.values = np.array(options.values, np.float64)
        self.weights = np.array(options.weights, np.float64)

    def check(self, spaces: Spaces) -> None:
        """Refuse spaces for which there are too many numbers."""
        seen = spaces.observation
        given, room = (self.values, seen.n) if isinstance(seen, Discrete) else (self.weights, seen.size)
        if len(given) > room:
            name = "values" if given is self.values else "weights"
            raise ValueError(f"{name}: {len(given)} numbers for an observation space that has room for {room}")

    def potential(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """What the options say of each."""
        if observations.ndim > 1:
            return np.asarray(observations[:, : len(self.weights)] @ self.weights, np.float64)
        table = np.append(self.values, 0.0)
        return np.asarray(table[np.minimum(observations, len(self.values))], np.float64)
