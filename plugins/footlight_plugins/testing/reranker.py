"""The suite of re-rankers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import ReRanker, Shortlist
from footlight_plugins.testing.part import PartSuite

_NOW, _DAY = 1_790_000_000_000_000, 86_400_000_000


class ReRankerSuite(PartSuite):
    """Holds a re-ranker to `ReRanker`.

    Example
    -------
    ::

        class AsItIs(ReRanker):
            def order(self, shortlist):
                return np.arange(shortlist.count)

        class TestAsItIs(ReRankerSuite):
            spec = PartSpec("as-it-is", PartRole.RE_RANKER, "1.0", "Leaves the order.", "my_package:AsItIs")

            def part_class(self):
                return AsItIs
    """

    def shortlist(self, size: int, count: int, seed: int = 0) -> Shortlist:
        """A list of made-up items, as the part under test is given it: read only."""
        part, rng = self.new(), np.random.default_rng(seed)
        half = rng.random((size, size))
        made = Shortlist(
            rng.permutation(4 * size)[:size].astype(np.int32),
            np.sort(rng.gamma(2.0, 3.0, size))[::-1].copy(),
            count,
            user=3,
            time=_NOW,
            seed=seed,
            diversity=0.4,
            labels=tuple(tuple(rng.choice(9, rng.integers(0, 4), replace=False).tolist()) for _ in range(size)),
            created=_NOW - rng.integers(0, 4_000, size) * _DAY if part.dates else None,
            likeness=(half + half.T) / 2 if part.compares else None,
            attributes={name: self.attribute(name, size, rng) for name in part.reads},
        )
        return _read_only(made)

    def attribute(self, name: str, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Values of an attribute that it reads; override it where they must be of some size. Some are missing."""
        return np.where(rng.random(size) < 0.2, np.nan, rng.uniform(0.0, 100.0, size))

    def asked(self, part: Any) -> Any:
        """The orders of some lists."""
        return [part.order(self.shortlist(20, 10, seed)).tolist() for seed in range(5)]

    def check(self, part: ReRanker, shortlist: Shortlist) -> list[int]:
        """Its order of a list, which must be one."""
        places = part.order(shortlist)
        assert isinstance(places, np.ndarray) and places.ndim == 1 and places.dtype.kind in "iu", places
        found: list[int] = places.tolist()
        assert len(found) <= shortlist.count, f"{len(found)} were chosen, {shortlist.count} were asked for"
        assert all(0 <= place < len(shortlist) for place in found), (
            "places count from 0 in the list, they are no ordinals"
        )
        assert len(set(found)) == len(found), "an item was chosen twice"
        return found

    @pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 1), (7, 7), (50, 10), (250, 50)])
    def test_it_chooses_each_item_once_and_no_more_than_asked(self, size: int, count: int) -> None:
        for seed in range(3):
            self.check(self.new(), self.shortlist(size, count, seed))

    def test_the_same_list_comes_to_the_same_order(self) -> None:
        part = self.new()
        first = self.asked(part)
        assert first == self.asked(part) == self.asked(self.new())

    def test_it_answers_when_nothing_is_known_of_the_items(self) -> None:
        some = self.shortlist(12, 6)
        blank = {name: np.full(12, np.nan) for name in some.attributes}
        bare = replace(some, labels=((),) * 12, likeness=None, attributes=blank)
        self.check(self.new(), _read_only(bare))

    @pytest.mark.parametrize("scores", [np.zeros(12), np.full(12, -3.5), np.linspace(1e300, -1e300, 12)])
    def test_it_answers_whatever_the_scores_are(self, scores: NDArray[np.float64]) -> None:
        self.check(self.new(), _read_only(replace(self.shortlist(12, 6), scores=scores.copy())))

    def test_it_answers_somebody_without_a_name(self) -> None:
        self.check(self.new(), replace(self.shortlist(12, 6), user=-1, diversity=0.0))

    def test_items_of_the_future_are_put_in_order_too(self) -> None:
        self.check(self.new(), replace(self.shortlist(12, 6), time=0))

    def test_a_thousand_items_are_put_in_order(self) -> None:
        assert len(self.shortlist(1_000, 200)) == 1_000
        self.check(self.new(), self.shortlist(1_000, 200))


def _read_only(shortlist: Shortlist) -> Shortlist:
    arrays = (shortlist.items, shortlist.scores, shortlist.created, shortlist.likeness, *shortlist.attributes.values())
    for array in arrays:
        if array is not None:
            array.flags.writeable = False
    return shortlist
