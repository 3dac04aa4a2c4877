"""The suite of event listeners."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from footlight_plugins import EventKind, EventListener, Happening
from footlight_plugins.testing.part import PartSuite

_NOON = 1_790_000_000_000_000
_NAMES = ("ann", 'o"brien', "line\nbreak", "名前", "a/../b", " ")


class EventListenerSuite(PartSuite):
    """Holds an event listener to `EventListener`.

    Example
    -------
    ::

        class Deaf(EventListener):
            def hear(self, happened):
                "Nothing is kept."

            def forget(self, user):
                "Nothing was."

        class TestDeaf(EventListenerSuite):
            spec = PartSpec("deaf", PartRole.EVENT_LISTENER, "1.0", "Hears nothing.", "my_package:Deaf")

            def part_class(self):
                return Deaf
    """

    def happened(self, first: int = 1, n: int = 20) -> list[Happening]:
        """Events of some people over a few days."""
        rng = np.random.default_rng(first)
        kinds = list(EventKind)
        return [
            Happening(
                position=position,
                event_id=f"event-{position}",
                user=position % len(_NAMES),
                user_id=_NAMES[position % len(_NAMES)],
                item_id=f"item {rng.integers(9)}",
                kind=kinds[position % len(kinds)],
                value=float(rng.normal()),
                time=_NOON + int(rng.integers(3 * 86_400)) * 1_000_000,
                decision_id="" if position % 3 else f"d-{position}",
            )
            for position in range(first, first + n)
        ]

    def asked(self, part: Any) -> Any:
        """What it answers when it is told something."""
        return [part.hear(self.happened()), part.forget(2)]

    def check_heard(self, part: EventListener, happened: list[Happening]) -> None:
        """Tell it something; it has nothing to answer."""
        told: Any = part.hear
        assert told(happened) is None

    def test_it_is_told_of_one_event_and_of_many(self) -> None:
        part = self.new()
        self.check_heard(part, self.happened(1, 1))
        self.check_heard(part, self.happened(2, 500))

    def test_what_is_told_twice_is_taken_in(self) -> None:
        part = self.new()
        self.check_heard(part, self.happened())
        self.check_heard(part, self.happened())
        self.check_heard(self.new(), self.happened())

    def test_places_may_be_missing(self) -> None:
        self.check_heard(self.new(), self.happened()[::3])

    @pytest.mark.parametrize("time", [0, -_NOON, 4 * _NOON])
    def test_any_time_is_taken_in(self, time: int) -> None:
        one = self.happened(1, 1)[0]
        self.check_heard(self.new(), [Happening(1, "e", 0, "ann", "item", one.kind, one.value, time, "")])

    def test_it_forgets_those_whom_it_has_heard_of_and_strangers(self) -> None:
        part = self.new()
        self.check_heard(part, self.happened())
        assert [part.forget(user) for user in (0, 0, 1_000_000)] == [None] * 3

    def test_it_goes_on_after_it_has_forgotten(self) -> None:
        part = self.new()
        part.forget(0)
        self.check_heard(part, self.happened(100))

    def test_it_says_how_long_it_may_take(self) -> None:
        assert 0.0 < self.new().seconds <= 3_600.0
