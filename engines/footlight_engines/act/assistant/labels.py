"""The catalogue's own words: kinds and tags that no phrase of the lexicon means, found as they stand, or by meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.lexicons import Lexicon, pattern, table
from footlight_engines.act.assistant.reading import is_han
from footlight_plugins import Embedder

MOST = 400
"""So many labels are known, the most frequent."""
NEAR = 0.62
"""A cosine from which on words mean a label. Of 22 words in the other language or another form, those that meant a label
were at .64 to .92, those that meant none at .33 to .50."""
FAR, BESIDE = 0.5, 0.12
"""A cosine from which on another kind is near enough to a kind that the catalogue lacks, and how far behind the nearest."""
CHUNKS = 4
"""So many groups of words of a text are compared with the labels."""
Label = tuple[str, str]
"""A slot, kind or tag, and its value."""


def _called(label: str) -> list[str]:
    """What else people call a label, in both languages."""
    rows = table("label_words").values()
    return next((row for row in rows if label in row), [])


class Labels:
    """Finds the labels of a catalogue in texts."""

    def __init__(self, counted: Iterable[tuple[Label, int]]) -> None:
        best = sorted(counted, key=lambda one: (-one[1], one[0]))[:MOST]
        self.labels: list[Label] = [label for label, _ in best]
        self._lexicon = Lexicon()
        for slot, value in self.labels:
            for word in {value, *_called(value)}:
                self._lexicon.add(word, slot, value)
        self._vectors: NDArray[np.float32] | None = None
        self._ready: set[int] = set()

    def find(self, text: str) -> list[tuple[str, str, int, int]]:
        """The labels that stand in a normalised text: slot, value, place."""
        found = ((*one.meanings[0], one.start, one.end) for one in self._lexicon.find(text))
        return [one for one in found if not _BETWEEN.fullmatch(one[1]) or _AS_NOUN.search(text[: one[2]])]

    def near(self, text: str, taken: Sequence[tuple[int, int]], embedder: Embedder) -> list[tuple[str, str, int, int]]:
        """Labels that words of a text mean; of places that are ``taken``, none."""
        chunks = list(_chunks(text, taken))[:CHUNKS]
        if not chunks or not self.labels:
            return []
        cosines = embedder.embed([text[start:end] for start, end in chunks]) @ self._embedded(embedder).T
        best = cosines.argmax(axis=1)
        return [
            (*label, start, end)
            for row, (start, end) in enumerate(chunks)
            if cosines[row, best[row]] >= NEAR
            for label in self._beside(cosines[row])
        ]

    def alike(self, words: str, embedder: Embedder) -> list[Label]:
        """The kinds that words for a kind which the catalogue lacks come nearest to; none where none is near."""
        if not any(slot == "kind" for slot, _ in self.labels):
            return []
        cosines = embedder.embed([words]) @ self._embedded(embedder).T
        found = self._beside(cosines[0])
        return [label for label in found if label[0] == "kind"] if float(cosines.max()) >= FAR else []

    def _embedded(self, embedder: Embedder) -> NDArray[np.float32]:
        """The vectors of the labels, shape (n, d); zero where one is not embedded yet."""
        if self._vectors is None:
            self._vectors = np.zeros((len(self.labels), embedder.size), np.float32)
        return self._vectors

    @property
    def waiting(self) -> int:
        """How many labels are not embedded yet."""
        return len(self.labels) - len(self._ready)

    def embed_some(self, embedder: Embedder, count: int) -> None:
        """Embed so many more."""
        rows = [row for row in range(len(self.labels)) if row not in self._ready][:count]
        if rows:
            self._embedded(embedder)[rows] = embedder.embed([self.labels[row][1] for row in rows])
            self._ready.update(rows)

    def taken_over(self, before: Labels) -> Labels:
        """This, with the vectors that the labels of before had, as far as they are the same."""
        rows = {label: row for row, label in enumerate(before.labels) if row in before._ready}
        if before._vectors is not None:
            self._vectors = np.zeros((len(self.labels), before._vectors.shape[1]), np.float32)
            for row, label in enumerate(self.labels):
                if label in rows:
                    self._vectors[row] = before._vectors[rows[label]]
                    self._ready.add(row)
        return self

    def _beside(self, cosines: NDArray[np.float32]) -> list[Label]:
        """The nearest label; of kinds, those that are nearly as near as well: theatre is plays and musicals."""
        best = self.labels[int(cosines.argmax())]
        if best[0] != "kind":
            return [best]
        near = np.flatnonzero(cosines >= max(FAR, float(cosines.max()) - BESIDE))
        return [self.labels[row] for row in near if self.labels[row][0] == "kind"]


_BETWEEN = pattern("between_words")
_AS_NOUN = re.compile(r"\b(?:a|an|the|any|some|another|good|new|short|of|other) $")
"""What stands before a word that is otherwise an everyday verb, where it is a label: "a play"."""
_PIECE = re.compile(r"[a-z][a-z' -]*[a-z]|[\u4e00-\u9fff]{2,8}")


def _chunks(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The groups of words that say something, with what says nothing blanked out."""
    blank = list(text)
    for start, end in [*taken, *((match.start(), match.end()) for match in _BETWEEN.finditer(text))]:
        blank[start:end] = "." * (end - start)
    for match in _PIECE.finditer("".join(blank)):
        if match.end() - match.start() >= (2 if is_han(match[0]) else 4):
            yield match.start(), match.end()
