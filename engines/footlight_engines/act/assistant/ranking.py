"""Which items answer a wish: hard filters first, then meaning, words, the recommender, moods, and what was turned down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.filters import Filters, Mask
from footlight_engines.act.assistant.lexicons import shared_lexicon
from footlight_engines.act.assistant.memory import OPPOSITE, Memory, Want
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED

MEANING, WORDS, TASTE, MOOD, LIKENESS, TURNED_DOWN = 0.5, 0.35, 0.25, 0.25, 0.6, 0.3
"""How much each part of a score counts; each part is 0 to 1."""
RATED = 0.3
"""What it counts that an item is rated for the age of who watches, rather than not at all."""
EASILY_DROPPED = (
    "score", "difficulty", "price", "subtitles", "language", "platform", "duration", "era", "region", "people", "mood",
    "theme", "about", "seasons", "episodes", "year", "tag", "players", "genre", "kind", "title",
)  # fmt: skip
"""The wants that may be let go where nothing fits, the easiest first."""
TOPIC = 0.4
"""What it counts that an item speaks of what is wanted."""
POOL = 60
"""From so many of the best a varied list is chosen."""
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is for a wish."""

    items: NDArray[np.int32]
    """The best first, at most `POOL`."""
    scores: Scores
    count: int
    """How many items fit in all."""
    unjudged: tuple[Want, ...]
    """Wants that the catalogue cannot judge."""
    again: frozenset[int] = frozenset()
    """Those of the items that were shown before."""


class Ranker:
    """Ranks the items of a shelf as it was when this was made."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.filters = Filters(shelf)
        self._there = np.zeros(shelf.size, np.bool_)
        self._there[list(shelf.facts)] = True

    def find(self, memory: Memory, servable: Mask, taste: Scores | None, intent: str = intents.MORE) -> Found:
        """The items for what a conversation has come to. Those that it has shown come after all others, and only where a
        wish was changed: "another one" wants none of them; who has seen one, only where there is nothing else."""
        allowed, unjudged = self.filters.allowed(memory)
        allowed &= self.to_have(memory, servable)
        shown = self._of(memory.shown)
        fresh, again = allowed & ~shown, allowed & shown
        if intent == intents.MORE or (intent in (intents.SEEN, intents.REJECT) and fresh.any()):
            again[:] = False
        scores = self.scores(memory, taste)
        items = np.flatnonzero(fresh | again)
        keys = [items, -scores[items], again[items], ~self.in_mood(memory)[items]]
        if (extreme := self.filters.measures.extreme(memory.positive)) is not None:
            keys.append(-extreme[items])  # who wants the cheapest, wants it before all else
        order = np.lexsort(keys)[:POOL]
        chosen = items[order].astype(np.int32)
        repeated = frozenset(np.flatnonzero(again).tolist())
        return Found(chosen, scores[chosen], len(items), tuple(unjudged), repeated)

    def in_the_way(self, memory: Memory, servable: Mask) -> list[tuple[int, int]]:
        """Which wants keep everything new out, each by itself: its place among them, and how many items there are without
        it. What is easily done without comes first; the age of who watches is none of them."""
        there = self.to_have(memory, servable)
        new = self._without_one(memory, there & ~self._of(memory.shown))
        return new or self._without_one(memory, there)

    def _without_one(self, memory: Memory, there: Mask) -> list[tuple[int, int]]:
        found = []
        for place, want in enumerate(memory.wants):
            if want.name not in EASILY_DROPPED:
                continue
            rest = replace(memory, wants=(*memory.wants[:place], *memory.wants[place + 1 :]))
            if count := int((self.filters.allowed(rest)[0] & there).sum()):
                found.append((place, count))
        rank = {name: number for number, name in enumerate(EASILY_DROPPED)}
        turns = [want.turn for want in memory.wants]

        def ease(one: tuple[int, int]) -> tuple[bool, bool, int]:
            want = memory.wants[one[0]]
            firm = want.polarity == UNWANTED and want.name not in scales() and want.name != "era"
            return firm, want.turn == max(turns) != min(turns), rank[want.name]

        return sorted(found, key=ease)

    def in_mood(self, memory: Memory) -> Mask:
        """Which items have a mood that was wanted last: they come first, also those that were shown."""
        said = [want for want in memory.positive if want.name == "mood"]
        latest = max((want.turn for want in said), default=0)
        moods = [self._shelf.with_facet("mood", want.value) for want in said if want.turn == latest]
        wanted: Mask = np.logical_or.reduce(moods) if moods else np.zeros(self._shelf.size, np.bool_)
        return wanted

    def to_have(self, memory: Memory, servable: Mask) -> Mask:
        """Which items may be shown at all: not what was seen, turned down, taken, or named as a likeness."""
        gone = self._of({*memory.seen, *memory.rejected, *memory.accepted, *memory.likes})
        return self._grown(servable, False) & self._there & ~gone

    def _of(self, items: Iterable[int]) -> Mask:
        mask = np.zeros(self._shelf.size, np.bool_)
        mask[[item for item in items if item < len(mask)]] = True
        return mask

    def _grown(self, values: NDArray[np.bool_], fill: bool) -> Mask:
        mask = np.full(self._shelf.size, fill)
        n = min(len(values), len(mask))
        mask[:n] = values[:n]
        return mask

    def scores(self, memory: Memory, taste: Scores | None) -> Scores:
        """How well each item answers, shape (size,)."""
        total = np.zeros(self._shelf.size)
        if memory.query:
            total += WORDS * _of_best(self._shelf.by_words(_as_words(memory.query, memory.wanted("people"))))
            if (vector := self._shelf.embedded_query(memory.query)) is not None:
                total += MEANING * np.maximum(self._shelf.by_meaning(vector), 0.0)
        if taste is not None:
            known = np.zeros(len(total))
            known[: min(len(taste), len(total))] = taste[: len(total)]
            total += TASTE * _of_best(known)
        for mood in memory.wanted("mood"):
            total += MOOD * self._shelf.with_facet("mood", mood)
            for contrary in OPPOSITE.get(mood, ()):
                total -= MOOD * self._shelf.with_facet("mood", contrary)
        for topic in memory.wanted("about"):
            total[self._shelf.speaking_of(topic)] += TOPIC
        total += RATED * self.filters.rated_for(memory)
        if memory.likes:
            total += LIKENESS * self._likeness(memory.likes)
        if memory.apart:
            total -= LIKENESS * self._likeness(memory.apart)
        if memory.rejected:
            total -= TURNED_DOWN * self._likeness(memory.rejected[-5:])
        return total

    def _likeness(self, items: Sequence[int]) -> Scores:
        """How much each item is like some others, 0 to 1: by meaning, and by the facets that they share."""
        facets = np.zeros(self._shelf.size)
        weight = 1e-9
        for item in items:
            if (facts := self._shelf.facts.get(item)) is None:
                continue
            for slot, value in facts.facets:
                share = {"people": 1.5, "genre": 1.0, "mood": 0.3}.get(slot, 0.0)
                facets += share * self._shelf.with_facet(slot, value)
                weight += share
        vectors = self._shelf.vectors
        known = [item for item in items if item < len(vectors) and vectors[item].any()]
        if not known:
            return facets / weight
        middle = vectors[known].mean(axis=0)
        cosines = self._shelf.by_meaning(middle / max(float(np.linalg.norm(middle)), 1e-9))
        likeness: Scores = 0.5 * np.maximum(cosines, 0.0) + 0.5 * facets / weight
        return likeness

    def varied(self, found: Found, count: int) -> list[int]:
        """Some of the best that differ in genre and era: each takes what the ones before already stand for off the rest."""
        chosen: list[int] = []
        best_first = np.linspace(1.0, 0.0, len(found.items)) if found.again else 0.0
        scores = found.scores + best_first
        while len(chosen) < min(count, len(found.items)):
            best = int(np.argmax(scores))
            chosen.append(int(found.items[best]))
            taken = self._shelf.facts[chosen[-1]]
            for row, item in enumerate(found.items):
                facts = self._shelf.facts[int(item)]
                common = set(facts.values("genre")) & set(taken.values("genre"))
                close = abs(facts.year - taken.year) < 10 and facts.year > 0
                scores[row] -= 0.15 * len(common) + 0.05 * close
            scores[best] = -np.inf
        return chosen


_NO_WORDS = {"mood", "kind", "era", "age", "platform", "region", "people"}


def _as_words(query: str, people: Sequence[str]) -> str:
    """A query for search by words: who wants something scary does not want "Scary Movie", nor "French Kiss" who wants
    something French."""
    for found in reversed(shared_lexicon().find(query)):
        if {slot for slot, _ in found.meanings} <= _NO_WORDS:
            query = query[: found.start] + " " + query[found.end :]
    for person in people:
        query = query.replace(person.casefold(), " ")
    return query


def _of_best(scores: Scores) -> Scores:
    """As shares of the highest."""
    highest = float(scores.max(initial=0.0))
    shares: Scores = np.maximum(scores, 0.0) / highest if highest > 0 else np.zeros(len(scores))
    return shares
