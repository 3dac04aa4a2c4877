"""Which items fit a wish for more or less of something: at most 20, easy, cheaper than that one, the cheapest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.memory import Want
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.uses import KINDS, PLAY

Mask = NDArray[np.bool_]
LOW, HIGH = 40.0, 60.0
"""What is cheap or easy is among so many per cent of the items that have a price or a difficulty; what is dear, above."""
STEPS, EASY, HARD = 5, 2, 4
"""Where difficulty is said in words, or from one to five: what is easy, and what is hard."""
EXTREMES = ("most", "least")


class Measures:
    """The quantities of the items of a shelf, an array each; not a number where the catalogue does not say."""

    def __init__(self, shelf: Shelf) -> None:
        self._playable = np.zeros(shelf.size, np.bool_)
        for kind in KINDS[PLAY]:
            self._playable |= shelf.with_facet("kind", kind)
        self._least = {name: np.full(shelf.size, np.nan) for name in scales()}
        self._most = {name: np.full(shelf.size, np.nan) for name in scales()}
        for item, facts in shelf.facts.items():
            for name, (least, most) in facts.scales.items():
                self._least[name][item], self._most[name][item] = least, most

    def known(self, name: str) -> Mask:
        """The items of which the catalogue says how much they have, shape (size,)."""
        known: Mask = ~np.isnan(self._least[name])
        return known

    def fits(self, name: str, value: str) -> Mask | None:
        """The items that have so much of it, shape (size,); None where the catalogue says nothing of it, or the value
        only ranks."""
        least, most = self._least[name], self._most[name]
        known = ~np.isnan(least)
        if not known.any() or value in EXTREMES:
            return None if not known.any() else known
        bound, _, figure = value.partition(":")
        with np.errstate(invalid="ignore"):
            mask: Mask = known & self._within(name, least, most, bound, figure)
        if name == "players":
            mask |= ~known & ~self._playable  # two people can watch any film
        return mask

    def _within(
        self, name: str, least: NDArray[np.float64], most: NDArray[np.float64], bound: str, figure: str
    ) -> Mask:
        if not figure:
            low = bound in ("low", "lower")
            steps = least[~np.isnan(least)]
            if name == "difficulty" and np.array_equal(steps, np.round(steps)) and (steps <= STEPS).all():
                return (least <= EASY) if low else (least >= HARD)
            edge = float(np.nanpercentile(least, LOW if low else HIGH))
            within: Mask = (least <= edge) if low else (least >= edge)
            return within
        value = float(figure)
        ways: dict[str, Mask] = {
            "max": least <= value, "min": most >= value, "below": least < value, "above": most > value,
            "with": (least <= value) & (most >= value),
        }  # fmt: skip
        return ways[bound]

    def narrower(self, want: Want, focus: int) -> Want:
        """A want that compares as a bound, from the item that is being talked about."""
        if want.value not in ("lower", "higher") or not 0 <= focus < len(self._least[want.name]):
            return want
        value = float(self._least[want.name][focus])
        if np.isnan(value):
            return want
        return Want(
            want.name, f"{'below' if want.value == 'lower' else 'above'}:{value:g}", want.polarity, -1, want.turn
        )

    def extreme(self, wants: list[Want]) -> NDArray[np.float64] | None:
        """How far each item is towards what is wanted most, 0 to 1; None where no such wish was made."""
        total = None
        for want in wants:
            if want.value in EXTREMES and (known := self._least[want.name][~np.isnan(self._least[want.name])]).size:
                span = max(float(np.ptp(known)), 1e-9)
                share = (self._least[want.name] - float(known.min())) / span
                share = np.nan_to_num(share if want.value == "most" else 1.0 - share, nan=-1.0)
                total = share if total is None else total + share
        return total
