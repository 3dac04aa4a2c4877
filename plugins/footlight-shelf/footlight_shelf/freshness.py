"""What is new comes further up."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins import Options, ReRanker, Shortlist

DAY = 86_400e6
"""In microseconds."""
YEAR = 365.2425 * DAY
SINCE = 1970


class FreshnessOptions(Options):
    """How much it counts to be new."""

    half_life_days: float = Field(90.0, ge=0.01, le=100_000.0, description="After so many days an item is half as new.")
    weight: float = Field(0.3, ge=0.0, le=1.0, description="How much that counts beside the engine's order; 1: alone.")
    year_attribute: str = Field(
        "", max_length=64, description="The attribute that holds a year; empty: since when an item is in the catalogue."
    )


class Freshness(ReRanker):
    """Orders by ``(1 - w) relevance + w 2^(-age / half life)``.

    Relevance is the score as a share of the range of all scores, so that the weight means the same for every engine. An
    item without a year counts as infinitely old.
    """

    options_type = FreshnessOptions
    dates: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        """Take the options."""
        super().__init__(options)
        assert isinstance(options, FreshnessOptions)
        self.half_life, self.weight, self.attribute = options.half_life_days, options.weight, options.year_attribute

    @property
    def reads(self) -> tuple[str, ...]:
        """The year, where one is named."""
        return (self.attribute,) if self.attribute else ()

    def order(self, shortlist: Shortlist) -> NDArray[np.intp]:
        """The freshest of the best first."""
        fresh = np.exp2(-self.ages(shortlist) / self.half_life)
        worth = (1.0 - self.weight) * relevance(shortlist.scores) + self.weight * fresh
        return np.argsort(-worth, kind="stable")[: shortlist.count]

    def ages(self, shortlist: Shortlist) -> NDArray[np.float64]:
        """Shape (m,): in days, 0 for what is yet to come, infinite where nobody knows."""
        if self.attribute:
            this_year = SINCE + shortlist.time / YEAR
            days = (this_year - shortlist.attributes[self.attribute]) * (YEAR / DAY)
        else:
            assert shortlist.created is not None
            days = (shortlist.time - shortlist.created) / DAY
        return np.where(np.isnan(days), np.inf, np.maximum(days, 0.0))


def relevance(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores as shares of their range, 1 the best; all 1 where they are the same."""
    half = scores / 2  # their range may be larger than any number
    span = float(half[0] - half[-1])
    return (half - half[-1]) / span if span else np.ones(len(scores))
