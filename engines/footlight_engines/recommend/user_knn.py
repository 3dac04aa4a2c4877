"""User-based collaborative filtering: what people like you liked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from footlight_engines.kernels.neighbours import Rule
from footlight_engines.kernels.scores import score_by_people
from footlight_engines.recommend.answering import Desk
from footlight_engines.recommend.preferences import WEIGHT_ONE, Preferences
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Events, Options, Query, Ranking, Recommender, State, TrainingRun


class UserKnnOptions(Options):
    """Who counts as like you."""

    k: int = Field(default=50, ge=1, le=1_000, description="How many of the most similar people have a say.")
    min_similarity: float = Field(default=0.0, ge=0.0, le=1.0, description="People less similar than this have no say.")
    shrinkage: float = Field(
        default=0.0,
        ge=0.0,
        le=1e6,
        description="Added to the denominator of the cosine: damps likeness that rests on few items.",
    )


class UserKnn(Recommender):
    """Cosine between people over their preferences, found anew for every query (Herlocker et al. 1999).

    The similarity of u and v is c_uv / (sqrt(n_u n_v) + shrinkage), with c_uv = sum_i w_ui w_vi and n_u = c_uu. An item
    scores the sum of s_uv w_vi over the k people most like u, similarity descending, then ordinal ascending. Only
    similarities above 0 count, and only items with a score above 0 are answered. There is nothing to train: a query
    costs the sum of the popularity of the person's items.
    """

    options_type: ClassVar[type[Options]] = UserKnnOptions

    def __init__(self, options: Options) -> None:
        """Know nobody yet."""
        self._rule = neighbour_rule(options)
        self._preferences = Preferences()
        self._desk = Desk()

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Read the preferences; nothing else is to be learned."""
        self._preferences.replace(events)
        return self._preferences.figures()

    def apply(self, events: Events) -> int:
        """Follow further events."""
        return self._preferences.record(events)

    def forget(self, user: int) -> int:
        """Take a person out."""
        return self._preferences.forget(user)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference other than 0."""
        return self._preferences.knows(user)

    def recommend(self, query: Query) -> Ranking:
        """What the people most like this one prefer."""
        if not self.knows(query.user):
            return Ranking.empty()
        board, answer = self._desk.board(self._preferences), self._desk.answer(query.count, people=query.reasons > 0)
        size = score_by_people(self._preferences.data, board, self._desk.question(query), self._rule, answer)
        if not query.reasons:
            return Ranking(answer.items[:size], answer.scores[:size])
        return Ranking(answer.items[:size], answer.scores[:size], Basis.SIMILAR_PEOPLE, people=answer.people[:size])

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(UserKnn(UserKnnOptions()))

    def state(self) -> State:
        """Everybody's preferences."""
        return State(self._preferences.arrays(), {"format": 1})

    def load(self, state: State) -> None:
        """Take over a state."""
        self._preferences.load(state.arrays)


def neighbour_rule(options: Options) -> Rule:
    """The options k, min_similarity and shrinkage in the units of the kernels."""
    chosen = options.model_dump()
    shrinkage = float(chosen["shrinkage"]) * WEIGHT_ONE**2  # overlaps and norms are in squares of 1/16
    return Rule(int(chosen["k"]), float(chosen["min_similarity"]), shrinkage)
