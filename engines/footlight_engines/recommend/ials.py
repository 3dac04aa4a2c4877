"""iALS: matrix factorisation of implicit feedback, people folded in when they ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.recommend.als_training import Schedule, train
from footlight_engines.recommend.preferences import Preferences, check_arrays
from footlight_engines.recommend.scorer import Scorer, Taste
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Options, TrainingRun


class IalsOptions(Options):
    """The size of the model, and how it is trained."""

    factors: int = Field(
        default=64,
        ge=1,
        le=1_024,
        description="Numbers for each item and person.",
        json_schema_extra={"search": {"low": 16, "high": 256, "log": True}},
    )
    iterations: int = Field(
        default=16,
        ge=1,
        le=500,
        description="How often both sides are solved for.",
        json_schema_extra={"search": {"low": 4, "high": 32, "log": True}},
    )
    unobserved: float = Field(
        default=8.0,
        gt=0.0,
        le=1e4,
        description="What all pairs count together that nobody has met, as preferences of 0, for 1 of those that are liked.",
        json_schema_extra={"search": {"low": 0.5, "high": 500.0, "log": True}},
    )
    regularisation: float = Field(
        default=0.02,
        ge=0.0,
        le=100.0,
        description="Times what is known of a person or an item, see frequency_scaling.",
        json_schema_extra={"search": {"low": 0.001, "high": 10.0, "log": True}},
    )
    frequency_scaling: float = Field(
        default=1.0,
        ge=0.0,
        le=2.0,
        description="Exponent by which regularisation grows with what is known: 0 is the same for all, 1 in proportion.",
    )


class Ials(Scorer):
    """Implicit alternating least squares (Hu et al. 2008) in the settings of Rendle et al. (2021, "Revisiting iALS").

    With a person's likes S_u, item factors h, the weight a of a pair that is not observed and f(u) = |S_u| + a |I|, a
    person's factors are

        w_u = (sum over S_u of h_i h_i^T + a H^T H + reg f(u)^nu I)^-1 sum over S_u of h_i,   score_j = h_j w_u.

    The weight a is chosen so that all pairs that are not observed count ``unobserved`` times as much as the likes: good
    values of a fall with the density of the data, those of this ratio hardly change.

    A person's factors are computed from the preferences when they ask (fold-in), so that visitors, new people and new
    events count at once. The item factors are those of the last training: new items get none before the next one, and a
    person who is erased is in them until then.
    """

    options_type: ClassVar[type[Options]] = IalsOptions

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know nothing yet."""
        super().__init__(preferences)
        self._schedule = Schedule.model_validate(options.model_dump())
        self._take(np.zeros((0, self._schedule.factors)), 0.0)

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Train the item factors."""
        factors, figures = train(self.preferences, self._schedule, run)
        self._take(factors, figures["unobserved_weight"])
        return figures

    def forget(self, user: int) -> int:
        """Raise NotImplementedError: what a person's likes did to the item factors stays until the next training."""
        raise NotImplementedError

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """h_j w_u; -inf for items without factors."""
        scores = np.full(len(self._trained), -np.inf)
        own, matrix = self._folded(taste)
        if len(own):
            person = np.linalg.solve(matrix, self._factors[own].sum(axis=0))
            scores[self._trained] = self._factors[self._trained] @ person
        return scores

    def parts(self, taste: Taste, items: NDArray[np.int32], time: int) -> NDArray[np.float64]:
        """h_j A^-1 h_i for the likes i and the answers j, shape (answers, likes): Hu et al. (2008), section 5."""
        own, matrix = self._folded(taste)
        parts = np.zeros((len(items), len(taste.item)))
        parts[:, np.isin(taste.item, own)] = self._factors[items] @ np.linalg.solve(matrix, self._factors[own].T)
        return parts

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Ials(IalsOptions()))

    def learned(self) -> dict[str, NDArray[Any]]:
        """The item factors, and the weight of what is not observed."""
        return {"item_factors": self._factors.copy(), "unobserved_weight": np.array([self._weight])}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over the item factors, as many as the option ``factors`` says."""
        factors, width = arrays.get("item_factors"), self._schedule.factors
        if factors is None or factors.ndim != 2 or factors.shape[1] != width or factors.dtype != np.float64:
            raise ValueError(f"the state must have an array 'item_factors' of float64, shape (items, {width})")
        check_arrays(arrays, {"unobserved_weight": np.float64})
        self._take(np.array(factors), float(arrays["unobserved_weight"].sum()))

    def _take(self, factors: NDArray[np.float64], weight: float) -> None:
        self._factors, self._weight = factors, weight
        self._gram = weight * (factors.T @ factors)
        self._trained = (factors != 0.0).any(axis=1)

    def _folded(self, taste: Taste) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The likes that have factors, and the matrix of the person's least squares."""
        own = taste.item[taste.item < len(self._trained)]
        own = own[self._trained[own]]
        likes = self._factors[own]
        reg = self._schedule.strengths(np.array([len(own)]), self._weight * np.count_nonzero(self._trained))
        return own, likes.T @ likes + self._gram + reg * np.eye(self._schedule.factors)
