"""Hard filters: what an item must be, from what was said. A wish that the catalogue cannot judge is no filter."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.lexicons import table
from footlight_engines.act.assistant.measures import EXTREMES, Measures
from footlight_engines.act.assistant.memory import Memory, Want
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED, WANTED
from footlight_engines.act.assistant.uses import others

Mask = NDArray[np.bool_]
CHILD_AGE = {"kids": 8, "family": 12, "teen": 14}
"""The age that a word for who watches stands for, in years."""
_UNFIT = (
    ("genre", "horror"), ("mood", "scary"), ("mood", "violent"), ("age", "adult"), ("genre", "crime"), ("genre", "war"),
)  # fmt: skip
_FIT = (("age", "kids"), ("age", "family"), ("genre", "animation"), ("genre", "family"))
_MEASURED = ("era", "duration", "price", "difficulty", "score", "year", "seasons", "episodes")
SHORT, LONG = 100.0, 130.0
"""Minutes that are short and long where nobody gives a figure."""
RECENT_YEARS, CLASSIC_YEARS = 6, 25
"""A recent item is at most so many years older than the newest; a classic is at least so many."""


class Filters:
    """Filters for the items of a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.measures = Measures(shelf)
        self._years = np.zeros(shelf.size, np.int32)
        self._minutes = np.zeros(shelf.size)
        self._ages = np.full(shelf.size, -1, np.int32)
        for item, facts in shelf.facts.items():
            self._years[item], self._minutes[item], self._ages[item] = facts.year, facts.minutes, facts.least_age

    def allowed(self, memory: Memory) -> tuple[Mask, list[Want]]:
        """Which items fit everything that was said, shape (size,), and the wants that the catalogue cannot judge."""
        mask, unjudged = np.ones(self._shelf.size, np.bool_), []
        for name in sorted(dict.fromkeys(want.name for want in memory.wants), key=lambda one: one != "kind"):
            wants = [want for want in memory.wants if want.name == name]
            if name in ("title", "mood", "about") and all(want.polarity == WANTED for want in wants):
                continue  # these rank, they do not filter
            if name in _MEASURED and not (mask & self._measured(name)).any() and mask.any():
                unjudged += wants  # nothing of that kind has any
                continue
            unjudged += self._narrow(mask, wants, name in memory.either)
        if memory.use and not memory.wanted("kind"):
            for kind in others(memory.use):
                mask &= ~self._shelf.with_facet("kind", kind)
        return mask, unjudged

    def _narrow(self, mask: Mask, wants: list[Want], either: bool) -> list[Want]:
        """Apply the wants of one slot in place."""
        unjudged, positive = [], []
        for want in wants:
            childish = want.name == "age" and want.polarity == UNWANTED and want.value in ("kids", "family")
            fits = self._childish() if childish else self.fits(want)
            if fits is None:
                unjudged.append(want)
            elif want.polarity == UNWANTED:
                mask &= ~fits
            elif want.name not in ("mood", "title", "about"):
                positive.append(fits)
        if positive:
            every = np.logical_and.reduce(positive)
            mask &= every if not either and (mask & every).any() else np.logical_or.reduce(positive)
        return unjudged

    def fits(self, want: Want) -> Mask | None:
        """The items that a value describes; None where the catalogue cannot tell."""
        if want.name == "era":
            return self._era(want.value)
        if want.name == "duration" and want.value not in EXTREMES:
            return self._duration(want.value)
        if want.name == "age":
            return self._age(want.value)
        if want.name == "title":
            return self._items([want.item]) if want.item >= 0 else None
        if want.name == "theme":
            return self._items(self._shelf.about(want.value))
        if want.name == "about":
            return self._items(found) if (found := self._shelf.speaking_of(want.value)) else None
        if want.name == "kind" and want.polarity == WANTED and not self.has_kind(want.value):
            return None
        if want.name in scales():
            return self.measures.fits(want.name, want.value)
        if not self._shelf.knows(want.name):
            return None
        if want.name == "region":
            held = table("region_groups").get(want.value, ())
            within: Mask = np.logical_or.reduce([self._shelf.with_facet("region", one) for one in (want.value, *held)])
            return within
        if want.name == "kind" and want.value == "stream":  # who is a virtual idol streams, too
            return self._shelf.with_facet("kind", "stream") | self._shelf.with_facet("kind", "idol")
        return self._shelf.with_facet(want.name, want.value.casefold() if want.name == "people" else want.value)

    def _measured(self, name: str) -> Mask:
        """The items of which the catalogue says a quantity."""
        return self.measures.known({"era": "year"}.get(name, name))

    def has_kind(self, kind: str) -> bool:
        """Whether there is anything of a kind."""
        others = ("idol",) if kind == "stream" else ()
        return any(bool(self._shelf.with_facet("kind", one).any()) for one in (kind, *others))

    def _items(self, items: Iterable[int]) -> Mask:
        mask = np.zeros(self._shelf.size, np.bool_)
        mask[list(items)] = True
        return mask

    def _era(self, value: str) -> Mask | None:
        known = self._years > 0
        if not known.any():
            return None
        first, last = years_of(value, int(self._years.max()))
        mask: Mask = known & (self._years >= first) & (self._years <= last)
        return mask

    def _duration(self, value: str) -> Mask | None:
        known = self._minutes > 0
        if not known.any():
            return None
        least, most = minutes_of(value)
        mask: Mask = known & (self._minutes >= least) & (self._minutes <= most)
        return mask

    def _age(self, value: str) -> Mask | None:
        if value == "adult":
            return self._shelf.with_facet("age", "adult") | (self._ages >= 17)
        age = CHILD_AGE.get(value) or int(value)
        if age >= 18:
            return None
        rated: Mask = (self._ages >= 0) & (self._ages <= age)
        unfit = np.logical_or.reduce([self._shelf.with_facet(*facet) for facet in _UNFIT])
        if value != "family" and age <= CHILD_AGE["family"]:
            fit = np.logical_or.reduce([self._shelf.with_facet(*facet) for facet in _FIT])
            unfit |= ~fit
        mask: Mask = rated | ((self._ages < 0) & ~unfit)
        return mask

    def _childish(self) -> Mask:
        """What is made for children, and not only fine for them."""
        drawn = self._shelf.with_facet("genre", "animation") & (self._ages <= CHILD_AGE["kids"])
        mask: Mask = drawn | self._shelf.with_facet("age", "kids") | self._shelf.with_facet("genre", "family")
        return mask

    def rated_for(self, memory: Memory) -> Mask:
        """Which items are rated for the youngest who watches; none where nobody said an age."""
        ages = [age for value in memory.wanted("age") if (age := self.years_old(value)) >= 0]
        rated: Mask = (self._ages >= 0) & (self._ages <= min(ages, default=-1))
        return rated

    def years_old(self, value: str) -> int:
        """The age that a value of the slot stands for, in years; -1 for adults."""
        return CHILD_AGE.get(value) or (int(value) if value.isdigit() else -1)

    def narrower(self, want: Want, focus: int) -> Want:
        """A relative want ("newer", "shorter") as a bound, from the item that is being talked about."""
        if focus < 0 or focus >= len(self._years):
            return want
        if want.name in scales() and want.name not in ("era", "duration", "age"):
            return self.measures.narrower(want, focus)
        year, minutes = int(self._years[focus]), float(self._minutes[focus])
        if want.name == "era" and year and want.value in ("newer", "older"):
            bound = f"after:{year + 1}" if want.value == "newer" else f"before:{year}"
            return Want("era", bound, WANTED, -1, want.turn)
        if want.name == "duration" and minutes and want.value in ("shorter", "longer"):
            bound = f"max:{minutes - 1:g}" if want.value == "shorter" else f"min:{minutes + 1:g}"
            return Want("duration", bound, WANTED, -1, want.turn)
        return want


def years_of(value: str, newest: int) -> tuple[int, int]:
    """The first and the last year that an era means."""
    if match := re.fullmatch(r"(\d{4})s", value):
        return int(match[1]), int(match[1]) + 9
    if match := re.fullmatch(r"(\d{4})-(\d{4})", value):
        first, last = sorted((int(match[1]), int(match[2])))
        return first, last
    if match := re.fullmatch(r"after:(\d{4})", value):
        return int(match[1]), 9999
    if match := re.fullmatch(r"before:(\d{4})", value):
        return 1, int(match[1]) - 1
    if match := re.fullmatch(r"\d{4}", value):
        return int(match[0]), int(match[0])
    return (newest - RECENT_YEARS, 9999) if value in ("recent", "newer") else (1, newest - CLASSIC_YEARS)


def minutes_of(value: str) -> tuple[float, float]:
    """The least and the most minutes that a duration means."""
    if match := re.fullmatch(r"(\d+)-(\d+)", value):
        return float(match[1]), float(match[2])
    bound, _, figure = value.partition(":")
    if figure:
        minutes = float(figure)
        return {"max": (0.0, minutes), "min": (minutes, 1e9)}.get(bound, (minutes * 0.8, minutes * 1.2))
    return (0.0, SHORT) if value in ("short", "shorter") else (LONG, 1e9)
