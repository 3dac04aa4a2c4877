"""Keeps the weights of popular items beside some preferences, in a form that is quick to sum up."""

from __future__ import annotations

import numpy as np

from footlight_engines.kernels import popular_weights as kernels
from footlight_engines.kernels.popular_weights import SIDE, PopularWeights, Sums
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import Events

_POPULAR = 40
"""An item is popular where one in so many people has it: a half byte for everybody is then read sooner than its postings."""
_SPARE = 2
"""There is room for so many times the people; memory that was never touched is only an address."""


class PopularColumns:
    """Which items are popular is settled when they are chosen; what is kept of them follows every event."""

    def __init__(self, preferences: Preferences) -> None:
        """Keep nothing yet."""
        self._preferences = preferences
        self._kept, self._sums = _nothing(0, 0), _sums(0)

    def choose(self) -> None:
        """Choose the popular items anew; a pass over their postings."""
        x, people, items = self._preferences.data, self._preferences.people, self._preferences.items
        popular = np.flatnonzero(x.item_length[:items] * _POPULAR > people).astype(np.int32)
        room = _SPARE * people + 16
        self._kept, self._sums = _nothing(room, items, len(popular)), _sums(room)
        kernels.fill_columns(x, self._kept, popular)

    def follow(self, events: Events) -> None:
        """Carry over what the preferences have recorded of events; costs a look for each of them."""
        if len(self._kept.root):
            user, item = (np.require(ordinals, np.int32, ["C", "W"]) for ordinals in (events.user, events.item))
            kernels.follow_weights(self._preferences.data, self._kept, user, item)

    def forget(self, user: int) -> None:
        """Take out somebody whom the preferences still hold."""
        if self._preferences.has(user):
            kernels.take_out(self._preferences.data, self._kept, user)

    def at_hand(self) -> tuple[PopularWeights, Sums]:
        """The arrays for the kernels, with room for everybody."""
        if self._preferences.people > len(self._kept.root):
            self.choose()
        return self._kept, self._sums


def _nothing(people: int, items: int, popular: int = 0) -> PopularWeights:
    return PopularWeights(
        column=np.full(items, -1, np.int32),
        unit=np.zeros(popular, np.int32),
        code=np.zeros((popular, kernels.column_bytes(people)), np.uint8),
        root=np.zeros(people, np.float32),
        most=np.zeros(1, np.int64),
    )


def _sums(people: int) -> Sums:
    low, high = (np.zeros(SIDE // 8, np.uint64) for _ in range(2))
    return Sums(np.zeros(people, np.int32), np.zeros(people, np.int64), low, high)
