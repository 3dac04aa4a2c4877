"""RP3beta: a random walk from a person's items over the people who like them, with a penalty for popularity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.kernels.random_walk import Walk, count_likes, reach_items, reach_people, trace_walk
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import Scorer, Taste
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Options, TrainingRun


class Rp3BetaOptions(Options):
    """How the walk goes."""

    alpha: float = Field(
        default=0.6,
        ge=0.0,
        le=2.0,
        description="Exponent of the transition probabilities: 1 is the plain walk, less takes from it what many share.",
    )
    beta: float = Field(
        default=0.25,
        ge=0.0,
        le=2.0,
        description="Exponent of the penalty for popularity: 0 leaves popular items as they are.",
    )
    people: int = Field(
        default=300,
        ge=1,
        le=100_000,
        description="From so many people, those most likely to be met, the walk goes on. More cost time.",
    )
    exponent: float = Field(
        default=1.0,
        ge=0.1,
        le=10.0,
        description="The walk goes on from people by this power of the chance to meet them: 1 is the plain walk, more goes "
        "by those most alike.",
    )


class Rp3Beta(Scorer):
    """A random walk of three steps (P3alpha, Cooper et al. 2014) with popularity penalty (Paudel et al. 2017).

    With n_i people who like item i and d_v items that person v likes,

        a_v = d_v^-alpha sum over likes i of v of n_i^-alpha,   score_j = n_j^-beta sum over v who like j of a_v^e,

    over the ``people`` with the largest a_v. The ``exponent`` e is 1 in both papers; it is what sharpens the similarity of
    people in nearest-neighbour methods (Breese et al. 1998, section 2.2.3, "case amplification"). The walk is taken when it
    is asked for, from the preferences as they are then, so there is nothing to train and every answer equals that after a
    new training. A query costs the popularity of the person's items and the histories of ``people``.
    """

    options_type: ClassVar[type[Options]] = Rp3BetaOptions

    def __init__(self, options: Options, preferences: Preferences | None = None) -> None:
        """Know nobody yet."""
        super().__init__(preferences)
        chosen = options.model_dump()
        self._leave = self._enter = Powers(-float(chosen["alpha"]))
        self._penalty, self._sharpness = Powers(-float(chosen["beta"])), float(chosen["exponent"])
        self._people = int(chosen["people"])
        self._entering = np.empty(0)
        self._walk = _walk(0, self._people)

    def learn(self, run: TrainingRun) -> Mapping[str, float]:
        """Count how many items each person likes."""
        self._entering = np.zeros(0)
        self._count(np.arange(self.preferences.people, dtype=np.int32))
        return {}

    def changed(self, users: NDArray[np.int32], erased: bool) -> int:
        """Count again how many items these people like."""
        self._count(users)
        return len(users)

    def score(self, taste: Taste, time: int) -> NDArray[np.float64]:
        """The chance of ending at each item, with the penalty; -inf where the walk does not lead."""
        x = self.preferences.data
        scores, (_, size) = np.zeros(len(x.item_start)), self._begin(taste)
        self._walk.best[:size] **= self._sharpness
        reach_items(x, self._walk, size, scores)
        return np.where(scores > 0, scores * self._penalty(x.fans), -np.inf)

    def parts(self, taste: Taste, items: NDArray[np.int32], time: int) -> NDArray[np.float64]:
        """What of the chance of ending at an item comes from each like, shape (items, likes)."""
        x = self.preferences.data
        leaving, size = self._begin(taste)
        order, met = np.argsort(items), self._walk.people[:size]
        entering = self._entering.copy()
        entering[met] *= self._walk.best[:size] ** (self._sharpness - 1.0)
        traced = trace_walk(x, taste.item, leaving, entering, items[order], self._walk, size)
        parts = np.empty_like(traced)
        parts[order] = traced
        return np.asarray(parts * self._penalty(x.fans[items])[:, None])

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Rp3Beta(Rp3BetaOptions()))

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Compute anew what follows from the preferences."""
        self._entering = np.zeros(0)
        self._count(np.arange(self.preferences.people, dtype=np.int32))

    def _begin(self, taste: Taste) -> tuple[NDArray[np.float64], int]:
        """Walk to people; return the weights of the first step, 0 for items that nobody likes, and how many go on."""
        x = self.preferences.data
        if len(x.person_start) > len(self._walk.chance):
            self._walk = _walk(len(x.person_start), self._people)
        known = taste.item < len(x.fans)
        fans = np.zeros(len(taste.item), np.int32)
        fans[known] = x.fans[taste.item[known]]
        leaving = np.where(fans > 0, self._leave(fans), 0.0)
        begun = fans > 0
        return leaving, int(reach_people(x, taste.item[begun], leaving[begun], self._entering, taste.user, self._walk))

    def _count(self, users: NDArray[np.int32]) -> None:
        x = self.preferences.data
        if len(x.person_start) > len(self._entering):
            self._entering = np.concatenate([self._entering, np.zeros(len(x.person_start) - len(self._entering))])
        known = users[users < self.preferences.people]
        likes = np.zeros(len(known), np.int32)
        count_likes(x, known, likes)
        self._entering[known] = self._enter(likes)


class Powers:
    """Counts to a power, looked up; 0 counts as 1."""

    def __init__(self, exponent: float) -> None:
        self._exponent = exponent
        self._table = np.ones(1)

    def __call__(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        most = int(counts.max(initial=0))
        if most >= len(self._table):
            table = np.arange(2 * most + 1, dtype=np.float64)
            table[0] = 1.0
            self._table = table**self._exponent
        return np.asarray(self._table[counts])


def _walk(people: int, k: int) -> Walk:
    return Walk(np.zeros(people), np.zeros(people, np.int32), np.zeros(k), np.zeros(k, np.int32))
