"""User-based collaborative filtering: what people like you liked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.kernels.like_people import Crowd, Likeness, Liking, Meeting
from footlight_engines.kernels.neighbours import Rule
from footlight_engines.kernels.scores import score_by_people
from footlight_engines.recommend.answering import Desk
from footlight_engines.recommend.popular_weights import PopularColumns
from footlight_engines.recommend.preferences import WEIGHT_ONE, Preferences
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Events, History, Options, Query, Ranking, Recommender, State, TrainingRun


class UserKnnOptions(Options):
    """Who counts as like you."""

    k: int = Field(default=100, ge=1, le=1_000, description="How many of the most similar people have a say.")
    metric: Literal["cosine", "pearson"] = Field(
        default="cosine",
        description="What makes people alike: the cosine of all they prefer, or the correlation of what both rated.",
    )
    exponent: float = Field(
        default=2.5, ge=0.1, le=10.0, description="People have a say by this power of their similarity."
    )
    min_similarity: float = Field(default=0.0, ge=0.0, le=1.0, description="People less similar than this have no say.")
    shrinkage: float = Field(
        default=0.0,
        ge=0.0,
        le=1e6,
        description="Damps likeness that rests on little: added to the denominator of the cosine, or, of n items that both "
        "rated, the correlation times n / (n + shrinkage).",
    )


class UserKnn(Recommender):
    """Likeness between people over their preferences, found anew for every query (Herlocker et al. 1999).

    The similarity of u and v is c_uv / (sqrt(n_u n_v) + shrinkage), with c_uv = sum_i w_ui w_vi and n_u = c_uu, or
    Pearson's correlation over the items that both rated. An item scores the sum of s_uv^exponent w_vi over the k people
    most like u, similarity descending, then ordinal ascending. Only similarities above 0 count, and only items with a
    score above 0 are answered. There is nothing to train: a query costs the sum of the popularity of the person's items.
    """

    options_type: ClassVar[type[Options]] = UserKnnOptions

    def __init__(self, options: Options) -> None:
        """Know nobody yet."""
        self._like = _likeness(options)
        self._preferences = Preferences()
        self._popular = PopularColumns(self._preferences)
        self._desk = Desk()
        self._meeting = _meeting(self._like.k, 0)

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Read the preferences; nothing else is to be learned."""
        self._preferences.replace(events)
        self._popular.choose()
        return self._preferences.figures()

    def apply(self, events: Events) -> int:
        """Follow further events."""
        recorded = self._preferences.record(events)
        self._popular.follow(events)
        return recorded

    def forget(self, user: int) -> int:
        """Take a person out."""
        self._popular.forget(user)
        return self._preferences.forget(user)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference other than 0."""
        return self._preferences.knows(user)

    def recommend(self, query: Query) -> Ranking:
        """What the people most like this one, or like the visitor, prefer."""
        if query.history is None and not self.knows(query.user):
            return Ranking.empty()
        board, answer = self._desk.board(self._preferences), self._desk.answer(query.count, people=query.reasons > 0)
        asked = self._desk.question(query), self._liking(query)
        size = score_by_people(self._preferences.data, board, *asked, self._crowd(), answer)
        if not query.reasons:
            return Ranking(answer.items[:size], answer.scores[:size])
        return Ranking(answer.items[:size], answer.scores[:size], Basis.SIMILAR_PEOPLE, people=answer.people[:size])

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(UserKnn(UserKnnOptions(metric="pearson" if self._like.pearson else "cosine")))

    def state(self) -> State:
        """Everybody's preferences."""
        return State(self._preferences.arrays(), {"format": 1})

    def load(self, state: State) -> None:
        """Take over a state."""
        self._preferences.load(state.arrays)
        self._popular.choose()

    def _crowd(self) -> Crowd:
        """Everybody, with working space for as many people as there is room for."""
        people = len(self._preferences.data.person_start) if self._like.pearson else 0
        if people > len(self._meeting.met):
            self._meeting = _meeting(self._like.k, people)
        return Crowd(self._like, *self._popular.at_hand(), self._meeting)

    def _liking(self, query: Query) -> Liking:
        if query.history is not None:
            return Liking(*weighed(query.history), 0, len(query.history))
        x = self._preferences.data
        first = int(x.person_start[query.user])
        return Liking(x.item, x.weight, first, first + int(x.person_length[query.user]))


def weighed(history: History) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """A visitor's items and whole weights, as preferences have them."""
    weight = np.rint(np.clip(history.value, -1_000.0, 1_000.0) * WEIGHT_ONE).astype(np.int32)
    return np.array(history.item, np.int32), weight


def _meeting(k: int, people: int) -> Meeting:
    return Meeting(
        heap_score=np.zeros(k, np.float64),
        heap_person=np.zeros(k, np.int32),
        rated=np.zeros((people, 6), np.int64),
        met=np.zeros(people, np.int64),
        people=np.zeros(people, np.int32),
        tick=np.zeros(1, np.int64),
    )


def _likeness(options: Options) -> Likeness:
    chosen = options.model_dump()
    pearson = chosen["metric"] == "pearson"
    shrinkage = float(chosen["shrinkage"]) * (1 if pearson else WEIGHT_ONE**2)  # overlaps are in squares of 1/16
    return Likeness(int(chosen["k"]), float(chosen["min_similarity"]), shrinkage, pearson, float(chosen["exponent"]))


def neighbour_rule(options: Options) -> Rule:
    """The options k, min_similarity and shrinkage in the units of the kernels."""
    chosen = options.model_dump()
    shrinkage = float(chosen["shrinkage"]) * WEIGHT_ONE**2  # overlaps and norms are in squares of 1/16
    return Rule(int(chosen["k"]), float(chosen["min_similarity"]), shrinkage)
