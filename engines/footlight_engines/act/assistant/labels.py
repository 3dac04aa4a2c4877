"""The catalogue's own words: kinds and tags that no phrase of the lexicon means, found as they stand, or by meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.lexicons import Lexicon, pattern
from footlight_engines.act.assistant.reading import is_han
from footlight_plugins import Embedder

MOST = 400
"""So many labels are known, the most frequent."""
NEAR = 0.62
"""A cosine from which on words mean a label. Of 22 words in the other language or another form, those that meant a label
were at .64 to .92, those that meant none at .33 to .50."""
CHUNKS = 4
"""So many groups of words of a text are compared with the labels."""
Label = tuple[str, str]
"""A slot, kind or tag, and its value."""


class Labels:
    """Finds the labels of a catalogue in texts."""

    def __init__(self, counted: Iterable[tuple[Label, int]]) -> None:
        best = sorted(counted, key=lambda one: (-one[1], one[0]))[:MOST]
        self.labels: list[Label] = [label for label, _ in best]
        self._lexicon = Lexicon()
        for slot, value in self.labels:
            self._lexicon.add(value, slot, value)
        self._vectors: NDArray[np.float32] | None = None

    def find(self, text: str) -> list[tuple[str, str, int, int]]:
        """The labels that stand in a normalised text: slot, value, place."""
        return [(*found.meanings[0], found.start, found.end) for found in self._lexicon.find(text)]

    def near(self, text: str, taken: Sequence[tuple[int, int]], embedder: Embedder) -> list[tuple[str, str, int, int]]:
        """Labels that words of a text mean; of places that are ``taken``, none."""
        chunks = list(_chunks(text, taken))[:CHUNKS]
        if not chunks or not self.labels:
            return []
        if self._vectors is None:
            self._vectors = embedder.embed([value for _, value in self.labels])
        cosines = embedder.embed([text[start:end] for start, end in chunks]) @ self._vectors.T
        best = cosines.argmax(axis=1)
        return [
            (*self.labels[best[row]], start, end)
            for row, (start, end) in enumerate(chunks)
            if cosines[row, best[row]] >= NEAR
        ]


_BETWEEN = pattern("between_words")
_PIECE = re.compile(r"[a-z][a-z' -]*[a-z]|[\u4e00-\u9fff]{2,8}")


def _chunks(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The groups of words that say something, with what says nothing blanked out."""
    blank = list(text)
    for start, end in [*taken, *((match.start(), match.end()) for match in _BETWEEN.finditer(text))]:
        blank[start:end] = "." * (end - start)
    for match in _PIECE.finditer("".join(blank)):
        if match.end() - match.start() >= (2 if is_han(match[0]) else 4):
            yield match.start(), match.end()
