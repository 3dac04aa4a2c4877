"""Why an item is in a reply: what was asked for and it has, what it is like, who else likes it."""

from __future__ import annotations

import numpy as np

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.filters import CHILD_AGE, years_of
from footlight_engines.act.assistant.memory import Memory, Want
from footlight_engines.act.assistant.ranking import Scores
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.wording import measure, say, title_of, value_name, want_name

MOST = 3
_NEAR = 0.35
"""A cosine from which on an item is close to what was described."""


class Reasons:
    """Gives the reasons of one reply."""

    def __init__(self, shelf: Shelf, memory: Memory, taste: Scores | None) -> None:
        self._shelf = shelf
        self._memory = memory
        self._taste = taste

    def of(self, item: int) -> tuple[str, ...]:
        """At most three, the most telling first."""
        facts, language = self._shelf.facts[item], self._memory.language
        likes = [title_of(language, self._shelf.facts[like]) for like in self._like(facts)]
        found = [say(language, "reason_like", title=title) for title in likes]
        found += [name for want in self._memory.positive if (name := self._matched(facts, want.name, want.value))]
        if {("kind", "stream"), ("kind", "idol")} & (facts.facets | self._live(facts)):
            found.append(say(language, "reason_live"))
        if self._taste is not None and item < len(self._taste) and self._taste[item] > np.percentile(self._taste, 90):
            found.append(say(language, "reason_taste"))
        if not found and self._near(item):
            found.append(say(language, "reason_meaning"))
        return tuple(dict.fromkeys(found))[:MOST]

    def _like(self, facts: Facts) -> list[int]:
        likes = [item for item in self._memory.likes if item in self._shelf.facts]
        return [item for item in likes if _common(facts, self._shelf.facts[item])][:1]

    def _live(self, facts: Facts) -> set[tuple[str, str]]:
        return {("kind", "stream")} if facts.kind.lower() in ("live", "livestream") else set()

    def _matched(self, facts: Facts, slot: str, value: str) -> str:
        """The reason that a want gives; empty where the item does not have it."""
        language = self._memory.language
        if slot == "era" and facts.year:
            first, last = years_of(value, facts.year)
            return say(language, "reason_era", year=facts.year) if first <= facts.year <= last else ""
        if slot == "duration" and facts.minutes:
            return say(language, "reason_duration", minutes=f"{facts.minutes:g}")
        if slot == "people":
            known = ("people", value.casefold()) in facts.facets
            return say(language, "reason_people", value=value_name(language, slot, value)) if known else ""
        if slot == "age" and facts.least_age >= 0 and value != "adult":
            who = want_name(language, Want(slot, value)).removeprefix("for ").removeprefix("适合")
            return say(language, "reason_age", value=who) if facts.least_age <= self._years(value) else ""
        if slot in scales() and slot in facts.scales:
            return measure(language, slot, facts)
        if (slot, value) == ("language", "instrumental") and (slot, value) in facts.facets:
            return value_name(language, slot, value)
        if slot == "language" and (slot, value) in facts.facets:
            return say(language, "in_language", names=value_name(language, slot, value))
        if slot in ("tag", "subtitles") and (slot, value) in facts.facets:
            return value_name(language, slot, value)
        if slot in ("platform", "region") and (slot, value) in facts.facets:
            return say(language, f"reason_{slot}", value=value_name(language, slot, value))
        if slot in ("genre", "mood") and (slot, value) in facts.facets:
            return say(language, f"reason_{slot}", value=value_name(language, slot, value))
        return ""

    def _years(self, value: str) -> int:
        return CHILD_AGE.get(value) or int(value)

    def _near(self, item: int) -> bool:
        query = self._shelf.embedded_query(self._memory.query) if self._memory.query else None
        if query is None or item >= len(self._shelf.vectors):
            return False
        return float(self._shelf.vectors[item] @ query) > _NEAR


def _common(first: Facts, second: Facts) -> bool:
    shared = {facet for facet in first.facets & second.facets if facet[0] in ("genre", "people", "mood")}
    return bool(shared)
