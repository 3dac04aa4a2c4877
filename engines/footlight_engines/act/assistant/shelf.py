"""The catalogue as the assistant sees it: facts by item, and indexes of titles, people, words, facets and meanings.

Indexes are made of segments, so that a changed item costs as much as the items changed lately, not the whole catalogue.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.facts import Facts, facts_of
from footlight_engines.act.assistant.labels import Labels
from footlight_engines.act.assistant.lexicons import table
from footlight_engines.act.assistant.reading import is_han
from footlight_engines.act.assistant.title_index import Match, TitleIndex
from footlight_engines.act.assistant.words import WordIndex
from footlight_plugins import Embedder, EmbedderFailed, ItemContent

log = logging.getLogger(__name__)

TAIL = 1_024
"""At most so many items in the segment of the lately changed; then all are indexed together."""
MASKS = 512
"""So many facets are kept as masks."""
QUERIES = 256
"""So many queries are kept as vectors."""
SLICE = 32
"""So many items are embedded at a time."""


STEM = 5
"""So many letters of an English word have to be found."""


def _stem(word: str) -> str:
    ending = 3 if word.endswith("ing") and len(word) > 6 else 1 if word.endswith("s") and len(word) > 3 else 0
    return word[: len(word) - ending][:STEM]


def _says(spoken: str, stems: Sequence[str]) -> bool:
    return all(stem in spoken and re.search(rf"(?<![a-z]){re.escape(stem)}", spoken) for stem in stems)


class Segment:
    """Some items, indexed."""

    def __init__(self, facts: Sequence[Facts]) -> None:
        self.items = np.array([one.item for one in facts], np.int32)
        self.titles = TitleIndex((one.item, title) for one in facts for title in one.titles if title)
        self.words = WordIndex([one.spoken for one in facts])


class Shelf:
    """Everything that is known of the items."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self.facts: dict[int, Facts] = {}
        self.embedder = embedder
        self.vectors = np.zeros((0, embedder.size if embedder else 0), np.float32)
        """Shape (items, d); zero where an item is not embedded yet."""
        self._facets: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._segments: list[Segment] = []
        self._owner: NDArray[np.int8] = np.empty(0, np.int8)
        """Shape (size,): the segment that an item is found in; -1 where there is no such item."""
        self._tail: dict[int, None] = {}
        self._waiting: dict[int, None] = {}
        self._queries: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._masks: dict[tuple[str, str], NDArray[np.bool_]] = {}
        self._themes: dict[str, list[int]] = {}
        self._spoken: dict[int, str] = {}
        self._about: dict[str, list[int]] = {}
        self._labels, self._stale = Labels(()), True
        self._phrases: dict[tuple[str, ...], NDArray[np.float32]] = {}
        self.size = 0

    def put(self, contents: Sequence[ItemContent]) -> None:
        """Take over items, in place of what was said of them before."""
        for content in contents:
            self._drop(content.item)
            facts = self.facts[content.item] = facts_of(content)
            self._spoken[content.item] = facts.spoken.lower()
            for facet in facts.facets:
                self._facets[facet].add(content.item)
            self.size = max(self.size, content.item + 1)
            self._tail[content.item] = None
            if self.embedder is not None:
                self._waiting[content.item] = None
        self._masks.clear()
        self._themes.clear()
        self._stale = True
        self._about.clear()
        self._index()

    def _drop(self, item: int) -> None:
        if (before := self.facts.pop(item, None)) is not None:
            for facet in before.facets:
                self._facets[facet].discard(item)
        if item < len(self.vectors):
            self.vectors[item] = 0.0

    def _index(self) -> None:
        if len(self._tail) > TAIL or not self._segments:
            self._segments = [Segment(list(self.facts.values()))]
            self._owner = np.full(self.size, -1, np.int8)
            self._owner[list(self.facts)] = 0
            self._tail = {}
        elif self._tail:
            self._segments[1:] = [Segment([self.facts[item] for item in self._tail])]
            grown = np.full(self.size, -1, np.int8)
            grown[: len(self._owner)] = self._owner
            grown[list(self._tail)] = 1
            self._owner = grown

    @property
    def waiting(self) -> int:
        """How many items and labels wait to be embedded."""
        return len(self._waiting) + (self.labels.waiting if self.embedder is not None else 0)

    def embed_some(self) -> None:
        """Embed some of the items that wait."""
        if self.embedder is None:
            return
        items = list(self._waiting)[:SLICE]
        try:
            if not items:
                return self.labels.embed_some(self.embedder, SLICE)
            vectors = self.embedder.embed([self.facts[item].spoken[:300] for item in items])
        except EmbedderFailed as fault:
            return self.go_without(fault)
        if len(self.vectors) < self.size:
            grown = np.zeros((self.size + self.size // 8, vectors.shape[1]), np.float32)
            grown[: len(self.vectors)] = self.vectors
            self.vectors = grown
        self.vectors[items] = vectors
        for item in items:
            del self._waiting[item]

    def go_without(self, fault: EmbedderFailed) -> None:
        """Search by words alone from now on, as where no embedder is installed."""
        log.error("the assistant goes on without an embedder: %s", fault, exc_info=fault.__cause__)
        self.embedder = None
        self._waiting.clear()
        self._queries.clear()

    def embedded(self, items: Iterable[int], vectors: NDArray[np.float32]) -> None:
        """Take over vectors that were computed before, of items that are there and wait."""
        for item, vector in zip(items, vectors, strict=True):
            if item in self._waiting:
                if len(self.vectors) < self.size:
                    self.vectors = np.concatenate(
                        [self.vectors, np.zeros((self.size - len(self.vectors), vectors.shape[1]), np.float32)]
                    )
                self.vectors[item] = vector
                del self._waiting[item]

    def with_facet(self, slot: str, value: str) -> NDArray[np.bool_]:
        """Which items have a value of a slot, shape (size,); read only."""
        known = self._masks.get((slot, value))
        if known is None:
            known = np.zeros(self.size, np.bool_)
            items = self._facets.get((slot, value))
            if items:
                known[np.fromiter(items, np.int64, len(items))] = True
            if len(self._masks) < MASKS:
                self._masks[slot, value] = known
        return known

    def embedded_query(self, query: str) -> NDArray[np.float32] | None:
        """The vector of a query; None without an embedder. The latest ones are kept: "another one" asks the same again."""
        if self.embedder is None:
            return None
        if (vector := self._queries.get(query)) is None:
            try:
                vector = self._queries[query] = self.embedder.embed([query])[0]
            except EmbedderFailed as fault:
                self.go_without(fault)
                return None
            if len(self._queries) > QUERIES:
                self._queries.popitem(last=False)
        return vector

    def vectors_of(self, phrases: tuple[str, ...]) -> NDArray[np.float32]:
        """The vectors of phrases that are compared with many texts, shape (n, d); kept, as they stay the same.

        Raises
        ------
        EmbedderFailed
            When the embedder fails; there has to be one.
        """
        assert self.embedder is not None
        if (known := self._phrases.get(phrases)) is None:
            known = self._phrases[phrases] = self.embedder.embed(list(phrases))
        return known

    def knows(self, slot: str) -> bool:
        """Whether the catalogue says anything about a slot."""
        return any(name == slot and items for (name, _), items in self._facets.items())

    def about(self, theme: str) -> list[int]:
        """The items whose title, tags or text speak of a theme of `data/themes.toml`."""
        if (known := self._themes.get(theme)) is None:
            said = re.compile(str(table("themes")["themes"][theme]))
            known = [item for item in self.facts if said.search(self._spoken[item])]
            self._themes[theme] = known
        return known

    def speaking_of(self, words: str) -> list[int]:
        """The items that are said to be, or called, what some words say; English ones as far as their stems."""
        if (known := self._about.get(words)) is None:
            stems = [words] if is_han(words) else [_stem(word) for word in words.split()]
            known = [item for item in self.facts if _says(self._spoken[item], stems)]
            if len(self._about) < MASKS:
                self._about[words] = known
        return known

    @property
    def labels(self) -> Labels:
        """The kinds and tags that are the catalogue's own."""
        if self._stale:
            known = table("kinds")
            counted = (
                (facet, len(items)) for facet, items in self._facets.items() if items and facet[0] in ("kind", "tag")
            )
            new = Labels((facet, n) for facet, n in counted if facet[0] == "tag" or facet[1] not in known)
            self._labels, self._stale = new.taken_over(self._labels), False
        return self._labels

    def values(self, slot: str) -> list[tuple[str, int]]:
        """The values of a slot and of how many items each is, the most frequent first."""
        counted = [(value, len(items)) for (name, value), items in self._facets.items() if name == slot and items]
        return sorted(counted, key=lambda pair: (-pair[1], pair[0]))

    def is_person(self, name: str) -> bool:
        """Whether somebody of that name, in lower case, has to do with an item."""
        return bool(self._facets.get(("people", name)))

    def find_titles(self, text: str) -> list[Match]:
        """The titles in a normalised text, the surest first."""
        found = [
            match
            for number, segment in enumerate(self._segments)
            for match in segment.titles.find(text)
            if self._owner[match.item] == number
        ]
        return sorted(found, key=lambda match: (-match.similarity * len(match.title) ** 0.5, match.item))

    def of_family(self, name: str) -> list[int]:
        """The items whose titles begin with a name that several may share, in normalised spelling."""
        found = (
            i
            for number, one in enumerate(self._segments)
            for i in one.titles.of_family(name)
            if self._owner[i] == number
        )
        return sorted(found)

    def called(self, title: str) -> list[int]:
        """The items that are called exactly so, in normalised spelling."""
        return [match.item for match in self.find_titles(title) if match.similarity == 1.0 and match.title == title]

    def by_words(self, query: str) -> NDArray[np.float64]:
        """The BM25 score of every item, shape (size,)."""
        total = np.zeros(self.size)
        for number, segment in enumerate(self._segments):
            mine = self._owner[segment.items] == number
            total[segment.items[mine]] = segment.words.scores(query)[mine]
        return total

    def by_meaning(self, query: NDArray[np.float32]) -> NDArray[np.float64]:
        """The cosine of every item with a vector of length 1, shape (size,); 0 where an item has none yet."""
        cosines = np.zeros(self.size)
        rows = min(len(self.vectors), self.size)
        cosines[:rows] = self.vectors[:rows] @ query
        return cosines
