"""A linear classifier over hashed character n-grams: the fallback where no cue decides, and the model of the benchmark.

Logistic regression, one a label, trained by Nesterov's accelerated gradient from zero weights: no draw, so the same texts
give the same weights. Hashing trick: Weinberger et al. (2009), "Feature Hashing for Large Scale Multitask Learning".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.intents import INTENTS, heard_cues
from footlight_engines.act.assistant.reading import read
from footlight_plugins import Embedder

WIDTH = 1 << 13
"""How many hashed n-grams there are."""
_STEPS = 300
MEANING = np.float32(6.0)
"""How much the embedding counts beside the n-grams; both have length 1. Chosen, as what the classifier weighs beside the
cues, on utterances that neither had seen: n-grams know the words that were used, the embedding also those that were not."""
_CUES = {intent: i for i, intent in enumerate(INTENTS)}


def ngrams(text: str) -> Iterable[str]:
    """Words and pairs of words, and 1 to 4 characters in a row within a word; Chinese has no words, and needs no more."""
    words = text.split()
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))
    padded = f" {' '.join(words)} "
    for n in (1, 2, 3, 4):
        yield from (f"#{padded[i : i + n]}" for i in range(len(padded) - n + 1))


def features(texts: Sequence[str]) -> NDArray[np.float32]:
    """Hashed n-grams of normalised texts, each row of length 1, then the cues heard; shape (n, WIDTH + intents)."""
    rows = np.zeros((len(texts), WIDTH + len(_CUES)), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for gram in set(ngrams(text)):
            row[crc32(gram.encode()) % WIDTH] += 1.0
        row[:WIDTH] = np.log1p(row[:WIDTH])
        row[:WIDTH] /= max(float(np.linalg.norm(row[:WIDTH])), 1e-9)
        for intent, weight in heard_cues(text).items():
            row[WIDTH + _CUES[intent]] = 0.5 if weight else 0.0
    return rows


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of shape (features, labels) and one bias a label."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability of each label by itself, shape (n, labels)."""
        chances: NDArray[np.float32] = 1.0 / (1.0 + np.exp(-(rows @ self.weights + self.bias)))
        return chances


def train(rows: NDArray[np.float32], labels: NDArray[np.float32], penalty: float = 1e-4) -> Linear:
    """Minimise the mean log loss of every label plus ``penalty`` / 2 times the squared weights.

    ``rows`` (n, d) and ``labels`` (n, l) of 0 and 1. The weights are kept as w = x'a, so that a step costs n^2 l instead of
    n d l: there are far fewer texts than n-grams. Step size 1 / L with L = max eigenvalue of x'x / 4n + penalty
    (Nesterov 1983).
    """
    n = len(rows)
    x = np.concatenate([rows, np.ones((n, 1), np.float32)], axis=1)  # (n, d + 1), the last column is the bias
    gram = x @ x.T  # (n, n)
    step = np.float32(1.0 / (_largest_eigenvalue(gram) / (4 * n) + penalty))
    a = ahead = np.zeros((n, labels.shape[1]), np.float32)  # (n, l)
    for t in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-(gram @ ahead)))  # (n, l)
        after = ahead - step * ((chances - labels) / n + np.float32(penalty) * ahead)
        ahead, a = after + np.float32(t / (t + 3)) * (after - a), after
    w = x.T @ a  # (d + 1, l)
    return Linear(w[:-1], w[-1])


def _largest_eigenvalue(gram: NDArray[np.float32]) -> float:
    """By the power method, and a little above."""
    v, length = np.ones(len(gram), np.float32), 1.0
    for _ in range(30):
        v = gram @ v
        length = float(np.linalg.norm(v))
        v /= max(length, 1e-30)
    return length * 1.05


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled utterance."""

    intent: str
    text: str
    slots: frozenset[tuple[str, str, int]]


def examples() -> list[Example]:
    """The utterances that the assistant comes with: intent, text, slots; written by its author."""
    path = files("footlight_engines.act.assistant").joinpath("data", "utterances.tsv")
    return [parsed(line) for line in path.read_text("utf-8").splitlines() if line]


def parsed(line: str) -> Example:
    """A line of such a file: the slots as ``name=value``, with a minus before a value that is not wanted, separated by
    spaces, or by ``|`` where values hold spaces."""
    intent, text, said = (*line.split("\t"), "", "")[:3]
    found = set()
    for part in said.split("|"):
        for slot in _slot_texts(part):
            name, _, value = slot.partition("=")
            unwanted = value.startswith("-")
            found.add((name.strip(), value.lstrip("-").strip().casefold(), -1 if unwanted else 1))
    return Example(intent, text, frozenset(found))


def _slot_texts(said: str) -> Iterable[str]:
    """Split before each ``name=``: values may hold spaces."""
    parts: list[str] = []
    for word in said.split():
        if "=" in word:
            parts.append(word)
        elif parts:
            parts[-1] += f" {word}"
    return parts


class Classifier:
    """Intents of texts, from n-grams and cues, and from what the texts mean where there is an embedder.

    Trained when it is made, on the utterances that come with the assistant: about a second.
    """

    def __init__(self, embedder: Embedder | None, known: Sequence[Example] | None = None) -> None:
        self._embedder = embedder
        known = examples() if known is None else known
        rows = self._rows([read(one.text).text for one in known])
        self._model = train(rows, np.array([[one.intent == intent for intent in INTENTS] for one in known], np.float32))

    def _rows(self, texts: Sequence[str], vectors: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        if self._embedder is None:
            return features(texts)
        return np.hstack([features(texts), MEANING * (self._embedder.embed(texts) if vectors is None else vectors)])

    def probabilities(self, text: str, vector: NDArray[np.float32] | None = None) -> dict[str, float]:
        """The probability of each intent of a normalised text; ``vector``: its embedding, where it is there already."""
        rows = self._rows([text], None if vector is None else vector[None])
        chances = self._model.probabilities(rows)[0]
        return dict(zip(INTENTS, (float(chance) for chance in chances), strict=True))


@cache
def classifier(embedder: Embedder | None) -> Classifier:
    """The classifier for an embedder, made when it is first needed."""
    return Classifier(embedder)
