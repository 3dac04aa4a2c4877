"""A classifier of texts: the say beside the cues, the fallback where no cue decides, and the model of the benchmark.

Logistic regression, one a label, with a kernel that is linear in what a text says (`features`) and Gaussian in what it
means, where there is an embedder. Trained by Nesterov's accelerated gradient from zero weights: no draw, so the same texts
give the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.examples import Example, examples
from footlight_engines.act.assistant.features import features
from footlight_engines.act.assistant.intents import INTENTS
from footlight_engines.act.assistant.lexicons import shared_lexicon
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.slots import Slot, slots_of
from footlight_engines.act.assistant.words import tokens
from footlight_plugins import Embedder

_STEPS = 200
MEANING, NEAR = np.float32(30.0), np.float32(1.5)
"""How much the meaning counts beside the words, and how fast it fades with the angle between two; chosen on two authors'
utterances, each time with the others' as examples."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of n texts."""

    said: Matrix
    """Shape (n, d)."""
    meant: Matrix | None = None
    """Embeddings of length 1, shape (n, e); None without an embedder."""

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Seen:
        return Seen(self.said[chosen], None if self.meant is None else self.meant[chosen])


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of what is said, and of how near the meaning is to that of each text that it was trained on."""

    weights: Matrix
    """Shape (d, labels)."""
    bias: Matrix
    """Shape (labels,)."""
    near: Matrix
    """Shape (texts, labels)."""
    meant: Matrix | None
    """Shape (texts, e)."""

    def probabilities(self, seen: Seen) -> Matrix:
        """The probability of each label by itself, shape (n, labels)."""
        scores = seen.said @ self.weights + self.bias
        if seen.meant is not None and self.meant is not None:
            scores = scores + _nearness(seen.meant, self.meant) @ self.near
        chances: Matrix = 1.0 / (1.0 + np.exp(-scores))
        return chances


def _nearness(one: Matrix, other: Matrix) -> Matrix:
    """A Gaussian of the distance of unit vectors, shape (n, m)."""
    near: Matrix = MEANING * np.exp(NEAR * (one @ other.T - 1))
    return near


def train(seen: Seen, labels: Matrix, penalty: float = 1e-4) -> Model:
    """Minimise the mean log loss of every label plus ``penalty`` / 2 times the squared norm of the weights.

    ``labels`` (n, l) of 0 and 1. The weights are kept as sums over the n texts, so that a step costs n^2 l. Step size
    1 / L with L = max eigenvalue of the kernel / 4n + penalty (Nesterov 1983).
    """
    n = len(labels)
    kernel: Matrix = seen.said @ seen.said.T + np.float32(1.0)  # (n, n); the 1 is the bias
    if seen.meant is not None:
        kernel += _nearness(seen.meant, seen.meant)
    step = np.float32(1.0 / (_largest_eigenvalue(kernel) / (4 * n) + penalty))
    a: Matrix = np.zeros((n, labels.shape[1]), np.float32)  # (n, l)
    ahead = a
    for t in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-(kernel @ ahead)))  # (n, l)
        after: Matrix = ahead - step * ((chances - labels) / n + np.float32(penalty) * ahead)
        ahead, a = after + np.float32(t / (t + 3)) * (after - a), after
    return Model(seen.said.T @ a, a.sum(axis=0), a, seen.meant)


def _largest_eigenvalue(kernel: Matrix) -> float:
    """By the power method, and a little above."""
    v, length = np.ones(len(kernel), np.float32), 1.0
    for _ in range(30):
        v = kernel @ v
        length = float(np.linalg.norm(v))
        v /= max(length, 1e-30)
    return length * 1.05


class Classifier:
    """Intents of texts, from words, shapes, cues and slots, and from what the texts mean where there is an embedder.

    Trained when it is made, on the utterances that come with the assistant: some seconds.
    """

    def __init__(self, embedder: Embedder | None, known: Sequence[Example] | None = None) -> None:
        self._embedder = embedder
        known = examples() if known is None else known
        texts = [read(one.text).text for one in known]
        slots = [slots_of(text, one.text, shared_lexicon()) for text, one in zip(texts, known, strict=True)]
        labels = np.array([[one.intent == intent for intent in INTENTS] for one in known], np.float32)
        self._words = frozenset(word for text in texts for word in tokens(text))
        self._model = train(Seen(features(texts, slots), self._meant(texts)), labels)

    def _meant(self, texts: Sequence[str]) -> Matrix | None:
        return None if self._embedder is None else self._embedder.embed(texts)

    def probabilities(self, text: str, slots: Sequence[Slot], vector: Matrix | None = None) -> dict[str, float]:
        """The probability of each intent of a normalised text; ``vector``: its embedding, where it is there already."""
        meant = self._meant([text]) if vector is None else vector[None]
        chances = self._model.probabilities(Seen(features([text], [slots]), meant))[0]
        if meant is None and not slots and (said := set(tokens(text))) and not said & self._words:
            chances = 0.0 * chances  # not a word of it was ever said: how it is spelt tells nothing
        return dict(zip(INTENTS, (float(chance) for chance in chances), strict=True))


@cache
def classifier(embedder: Embedder | None) -> Classifier:
    """The classifier for an embedder, made when it is first needed."""
    return Classifier(embedder)
