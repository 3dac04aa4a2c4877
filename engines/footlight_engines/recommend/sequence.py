"""What follows what: a sequential recommender made of counts alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import Scorer, Taste
from footlight_engines.recommend.transitions import Transitions
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Options, TrainingRun


class SequenceOptions(Options):
    """How far to look, and how fast it fades."""

    gaps: int = Field(
        default=30, ge=1, le=200, description="Two items of a history count as a pair up to so many places apart."
    )
    gap_decay: float = Field(
        default=1.0, ge=0.0, le=3.0, description="A pair g places apart counts g to the minus this."
    )
    backward: float = Field(
        default=0.4,
        ge=0.0,
        le=1.0,
        description="What a pair counts in reverse: 0 goes by the order alone, 1 by what is near, before or after.",
    )
    recent: int = Field(default=20, ge=1, le=500, description="An answer goes by so many of the latest likes.")
    recency: float = Field(default=1.0, ge=0.0, le=3.0, description="The k-th latest like counts k to the minus this.")
    popularity: float = Field(
        default=0.4, ge=0.0, le=2.0, description="Exponent by which the popularity of what is recommended is taken out."
    )
    history_popularity: float = Field(
        default=0.5, ge=0.0, le=2.0, description="Exponent by which the popularity of what one has liked is taken out."
    )


class Sequence(Scorer):
    """Transitions over several gaps, counted both ways, read out by recency.

    With c_ij the weighted number of people who liked j within ``gaps`` places of i (see `kernels.sequences`) and n_i the
    number of those who like i,

        score_j = sum over the K latest likes i_k of k^-recency sqrt(c_ij / ((n_i + 2)^a (n_j + 2)^b)).

    Of the pairs far apart it is co-occurrence that is left. The square root makes an item that goes with several of
    the latest likes score higher than one that goes with a single one as often. There is nothing to train. An event at
    the end of a history costs as many pairs as there are gaps; answers equal those of a new training.
    """

    options_type: ClassVar[type[Options]] = SequenceOptions

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know nothing yet."""
        super().__init__(preferences)
        chosen = options.model_dump()
        self._recent, self._recency = int(chosen["recent"]), float(chosen["recency"])
        self._popularity, self._context = float(chosen["popularity"]), float(chosen["history_popularity"])
        self._transitions = Transitions(
            self.preferences, int(chosen["gaps"]), float(chosen["gap_decay"]), float(chosen["backward"])
        )

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Put everybody's likes into the order of time, and count what popular items go with."""
        return {"counted_items": float(self._transitions.rebuild(run.report))}

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Carry changed sequences into the counts."""
        return self._transitions.follow(users)

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """The sum over the latest likes; -inf where it is 0."""
        recent, weight, _ = self._latest(taste)
        scores = self._transitions.read(recent, weight)
        scores *= _damped(self.preferences.data.fans, self._popularity)
        scores[scores == 0.0] = -np.inf
        return scores

    def parts(self, taste: Taste, items: NDArray[np.int32], time: int) -> NDArray[np.float64]:
        """What each like adds, shape (items, likes): 0 for all but the latest."""
        recent, weight, order = self._latest(taste)
        parts = np.zeros((len(items), len(taste.item)))
        parts[:, order] = self._transitions.parts(recent, weight, items)
        return np.asarray(parts * _damped(self.preferences.data.fans[items], self._popularity)[:, None])

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Sequence(SequenceOptions()))

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Compute anew what follows from the preferences."""
        self._transitions.rebuild()

    def _latest(self, taste: Taste) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
        """The latest likes that are known, the latest first, what each counts, and their places in the taste."""
        known = np.flatnonzero(taste.item < self.preferences.items)
        order = known[np.lexsort((taste.tie[known], taste.time[known]))][::-1][: self._recent]
        recent = taste.item[order]
        age = np.arange(1, len(order) + 1, dtype=np.float64)
        return recent, age**-self._recency * _damped(self.preferences.data.fans[recent], self._context), order


def _damped(fans: NDArray[np.int32], exponent: float) -> NDArray[np.float64]:
    """sqrt((n + 2)^-exponent), looked up: there are few different numbers of people."""
    table = np.arange(2.0, int(fans.max(initial=0)) + 3.0) ** (-exponent / 2)
    return np.asarray(table[fans])
