"""What most people like."""

from __future__ import annotations

from collections.abc import Mapping

from footlight_engines.kernels.scores import score_by_count
from footlight_engines.recommend.answering import Desk
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.warming import exercise
from footlight_plugins import Basis, Events, Options, Query, Ranking, Recommender, State, TrainingRun


class Popular(Recommender):
    """Scores an item by the number of people with a preference above 0 for it; items nobody likes are left out."""

    def __init__(self, options: Options) -> None:
        """Count nobody yet."""
        self._preferences = Preferences()
        self._desk = Desk()

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Count anew."""
        self._preferences.replace(events)
        return self._preferences.figures()

    def apply(self, events: Events) -> int:
        """Count further events."""
        return self._preferences.record(events)

    def forget(self, user: int) -> int:
        """Take a person out of the counts."""
        return self._preferences.forget(user)

    def knows(self, user: int) -> bool:
        """Whether the person has a preference other than 0; everybody gets an answer all the same."""
        return self._preferences.knows(user)

    def recommend(self, query: Query) -> Ranking:
        """The items that most people like, the smaller ordinal first among equals."""
        x = self._preferences.data
        board = self._desk.board(self._preferences)
        answer = self._desk.answer(query.count, people=True)
        size = score_by_count(x, board, self._desk.question(query), answer)
        return Ranking(answer.items[:size], answer.scores[:size], Basis.POPULAR, people=answer.people[:size])

    def warm_up(self) -> None:
        """Compile the kernels, on an engine that nobody uses."""
        exercise(Popular(Options()))

    def state(self) -> State:
        """Everybody's preferences."""
        return State(self._preferences.arrays(), {"format": 1})

    def load(self, state: State) -> None:
        """Take over a state."""
        self._preferences.load(state.arrays)
