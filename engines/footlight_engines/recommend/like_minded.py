"""What people with the same likes like, as a member of a blend: `user-knn` over likes, as a walk."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.rp3beta import Powers, Rp3Beta, Rp3BetaOptions
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Options


class LikeMindedOptions(Options):
    """Who has a say, and how much."""

    k: int = Field(default=100, ge=1, le=1_000, description="How many of the most similar people have a say.")
    exponent: float = Field(
        default=2.5, ge=0.1, le=10.0, description="People have a say by this power of their similarity."
    )


class LikeMinded(Rp3Beta):
    """Nearest people by the cosine of likes, found anew for every answer.

    The number of likes that two people share, over the root of how many the other one has, is the cosine up to a factor
    that is the same for all. So this is the walk of `Rp3Beta` with other weights of its steps, of which the likelihood of
    meeting somebody is taken to a power; it is as exact, and its reasons add up in the same way.
    """

    options_type: ClassVar[type[Options]] = LikeMindedOptions

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know nobody yet."""
        chosen = LikeMindedOptions.model_validate(options)
        super().__init__(Rp3BetaOptions(people=chosen.k), preferences)
        self._leave = self._penalty = Powers(0.0)
        self._enter, self._sharpness = Powers(-0.5), chosen.exponent

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(LikeMinded(LikeMindedOptions()))
