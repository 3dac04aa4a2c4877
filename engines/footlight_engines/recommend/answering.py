"""Working space of the recommenders' queries: made once, grown with the catalogue, never shared between instances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.scores import REASONS, Answer, Board, Question
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Query

_NO_ITEMS = np.empty(0, np.int32)
_NO_REASONS = np.empty((0, 0), np.int32), np.empty((0, 0), np.float64)


class Desk:
    """Turns queries into arrays for the kernels."""

    def __init__(self) -> None:
        """Make room for nothing yet."""
        self._board = _board(0, 0)
        self._seen = self._servable = np.empty(0, np.bool_)

    def board(self, preferences: Preferences) -> Board:
        """Working space for all items that there is room for."""
        items = len(preferences.data.item_start)
        if items > len(self._board.total):
            self._board = _board(items, int(self._board.tick[0]))
        return self._board

    def question(self, query: Query) -> Question:
        """The query as the kernels take it."""
        return Question(int(query.user), *self.asked(query), bool(query.include_seen))

    def asked(self, query: Query) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """The query's arrays as the kernels were compiled for them: contiguous, writable, of one type.

        They are servable and exclude.
        """
        if query.servable is not self._seen:  # it is the same one until the catalogue changes
            self._seen, self._servable = query.servable, np.require(query.servable, np.bool_, ["C", "W"])
        exclude = np.require(query.exclude, np.int32, ["C", "W"]) if len(query.exclude) else _NO_ITEMS
        return self._servable, exclude

    @staticmethod
    def answer(count: int, *, reasons: int = 0, people: bool = False) -> Answer:
        """Fresh arrays for an answer of at most so many items, each with at most so many items as reasons."""
        items, scores = np.empty(count, np.int32), np.empty(count, np.float64)
        because, shares = _NO_REASONS
        if reasons > 0:
            shape = (count, min(reasons, REASONS))
            because, shares = np.empty(shape, np.int32), np.empty(shape, np.float64)
        return Answer(items, scores, because, shares, np.empty(count, np.int32) if people else _NO_ITEMS)


def _board(items: int, tick: int) -> Board:
    return Board(
        total=np.zeros(items, np.float64),
        stamp=np.zeros(items, np.int64),
        blocked=np.zeros(items, np.int64),
        touched=np.zeros(items, np.int32),
        place=np.zeros(items, np.int32),
        tick=np.array([tick], np.int64),
    )
