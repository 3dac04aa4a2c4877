"""Working space of the recommenders' queries: made once, grown with the catalogue, never shared between instances."""

from __future__ import annotations

import numpy as np

from footlight_engines.kernels.scores import REASONS, Answer, Board, Question
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Query

_LONGEST = 1_000
"""The most items that a query, and the most people that an engine's option may ask for."""


class Desk:
    """Turns queries into arrays for the kernels."""

    def __init__(self) -> None:
        """Make room for nothing yet."""
        self._board = _board(0, 0, 0)

    def board(self, preferences: Preferences) -> Board:
        """Working space for all items and people that there is room for."""
        items, people = len(preferences.data.item_start), len(preferences.data.person_start)
        if items > len(self._board.total) or people > len(self._board.overlap):
            self._board = _board(items, people, int(self._board.tick[0]))
        return self._board

    @staticmethod
    def question(query: Query) -> Question:
        """The query's arrays as the kernels were compiled for them: contiguous, writable, of one type."""
        servable = np.require(query.servable, np.bool_, ["C", "W"])
        exclude = np.require(query.exclude, np.int32, ["C", "W"])
        return Question(int(query.user), servable, exclude, bool(query.include_seen))

    @staticmethod
    def answer(count: int, *, reasons: bool = False, people: bool = False) -> Answer:
        """Fresh arrays for an answer of at most so many items."""
        explained = count if reasons else 0
        return Answer(
            items=np.empty(count, np.int32),
            scores=np.empty(count, np.float64),
            because=np.empty((explained, REASONS), np.int32),
            shares=np.empty((explained, REASONS), np.float64),
            people=np.empty(count if people else 0, np.int32),
        )


def _board(items: int, people: int, tick: int) -> Board:
    return Board(
        total=np.zeros(items, np.float64),
        stamp=np.zeros(items, np.int64),
        blocked=np.zeros(items, np.int64),
        touched=np.zeros(items, np.int32),
        place=np.zeros(items, np.int32),
        overlap=np.zeros(people, np.int64),
        met=np.zeros(people, np.int64),
        people=np.zeros(people, np.int32),
        heap_score=np.zeros(_LONGEST, np.float64),
        heap_person=np.zeros(_LONGEST, np.int32),
        tick=np.array([tick], np.int64),
    )
