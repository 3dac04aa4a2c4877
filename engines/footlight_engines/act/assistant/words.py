"""Search by words: BM25 (Robertson & Zaragoza 2009) over English words and Chinese pairs of characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.lexicons import table
from footlight_engines.act.assistant.reading import read

K1, B = 1.2, 0.75
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_COMMON = frozenset(table("names")["common"])


def tokens(text: str) -> list[str]:
    """Words without a plural s, and pairs of Chinese characters; what nearly every wish holds is left out."""
    found: list[str] = []
    for run in _WORD.findall(read(text).text):
        if run[0] < "\u3400":
            word = run[:-1] if len(run) > 3 and run.endswith("s") and not run.endswith("ss") else run
            found += [word] if run not in _COMMON else []
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1) if run[i : i + 2] not in _COMMON]
    return found


class WordIndex:
    """Scores texts for a query."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._numbers: dict[str, int] = {}
        postings: list[list[tuple[int, int]]] = []
        lengths = np.zeros(len(texts))
        for row, text in enumerate(texts):
            counted = Counter(tokens(text))
            lengths[row] = sum(counted.values())
            for token, count in counted.items():
                number = self._numbers.setdefault(token, len(postings))
                if number == len(postings):
                    postings.append([])
                postings[number].append((row, count))
        self._rows = [np.array([row for row, _ in one], np.int32) for one in postings]
        shape = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if len(texts) else lengths
        self._weights = [_weights(one, rows, shape, len(texts)) for one, rows in zip(postings, self._rows, strict=True)]
        self.size = len(texts)

    def scores(self, query: str) -> NDArray[np.float64]:
        """The BM25 score of each text, shape (n,)."""
        total = np.zeros(self.size)
        for token in dict.fromkeys(tokens(query)):
            if (number := self._numbers.get(token)) is not None:
                total[self._rows[number]] += self._weights[number]
        return total


def _weights(
    posting: Sequence[tuple[int, int]], rows: NDArray[np.int32], shape: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    counts = np.array([count for _, count in posting], float)
    idf = np.log1p((n - len(posting) + 0.5) / (len(posting) + 0.5))
    weights: NDArray[np.float64] = idf * counts * (K1 + 1) / (counts + shape[rows])
    return weights
