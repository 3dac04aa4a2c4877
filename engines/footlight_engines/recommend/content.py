"""What the catalogue says of items, as vectors whose cosine tells how alike two are."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Embedder, ItemContent, find_embedder

_BUCKETS = 1 << 16
_WORD = re.compile(r"\w+")
_FACT = 2
"""A kind, tag or attribute counts so many times a word of the title: it was chosen from a list."""


class HashedWords:
    """TF-IDF over words of titles, kinds, tags and attributes, hashed into 65,536 buckets (Weinberger et al. 2009).

    A word in n of N items weighs log((N + 1) / (n + 1)) + 1; each item's vector has length 1.
    """

    def __init__(self) -> None:
        """Have heard of no item."""
        self._rows: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._stale = True

    def put(self, contents: Sequence[ItemContent]) -> None:
        """Take over what is said of some items."""
        for content in contents:
            buckets, counts = np.unique([_bucket(word) for word in _words(content)], return_counts=True)
            self._rows[content.item] = (buckets.astype(np.int64), np.sqrt(counts))
        self._stale = self._stale or bool(contents)

    def likeness(self, items: NDArray[np.int32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weighted sum of every item's cosines with some items, shape (items,)."""
        self._refresh()
        profile = np.zeros(_BUCKETS)
        for item, weight in zip(items.tolist(), weights.tolist(), strict=True):
            if item in self._rows:
                entries = slice(self._start[item], self._start[item + 1])
                profile[self._bucket[entries]] += weight * self._value[entries]
        total = np.concatenate([[0.0], np.cumsum(self._value * profile[self._bucket])])
        likeness = total[self._start[1:]] - total[self._start[:-1]]
        return np.where(likeness > 1e-9, likeness, 0.0)

    def _refresh(self) -> None:
        """Lay the rows out one after the other and weigh them anew, which takes some milliseconds."""
        if not self._stale:
            return
        size = max(self._rows, default=-1) + 1
        lengths = np.zeros(size, np.int64)
        for item, (buckets, _) in self._rows.items():
            lengths[item] = len(buckets)
        ordered = [self._rows[item] for item in sorted(self._rows)]
        self._start = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        self._bucket = np.concatenate([np.empty(0, np.int64), *(buckets for buckets, _ in ordered)])
        value = np.concatenate([np.empty(0), *(counts for _, counts in ordered)])
        frequency = np.bincount(self._bucket, minlength=_BUCKETS)
        value *= (np.log((len(self._rows) + 1) / (frequency + 1.0)) + 1.0)[self._bucket]
        item_of = np.repeat(np.arange(size), lengths)
        norm = np.sqrt(np.bincount(item_of, value * value, minlength=size))
        self._value = value / np.maximum(norm, 1e-300)[item_of]
        self._stale = False


class Embeddings:
    """The vectors of an embedder, each of length 1."""

    def __init__(self, embedder: Embedder) -> None:
        """Embed what is put by this one."""
        self._embedder = embedder
        self._vectors = np.zeros((0, 0))

    def put(self, contents: Sequence[ItemContent]) -> None:
        """Embed some items."""
        if not contents:
            return
        made = np.asarray(self._embedder.embed([" ".join(_text(content)) for content in contents]), np.float64)
        if made.ndim != 2 or len(made) != len(contents) or not np.isfinite(made).all():
            raise ValueError(f"the embedder must give finite numbers of shape ({len(contents)}, n), got {made.shape}")
        items = np.array([content.item for content in contents])
        rows = max(len(self._vectors), int(items.max()) + 1)
        vectors = np.zeros((rows, made.shape[1]))
        vectors[: len(self._vectors)] = self._vectors if self._vectors.size else 0.0
        vectors[items] = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-300)
        self._vectors = vectors

    def likeness(self, items: NDArray[np.int32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weighted sum of every item's cosines with some items, shape (items,); below 0 counts as 0."""
        known = items < len(self._vectors)
        profile = weights[known] @ self._vectors[items[known]]
        return np.maximum(self._vectors @ profile, 0.0)


def content_vectors(embedder: str) -> HashedWords | Embeddings:
    """Vectors by an embedder that a plug-in offers under this name, or hashed words where it is "none".

    Raises
    ------
    ValueError
        When none of this name can be used here.
    """
    if embedder == "none":
        return HashedWords()
    found = find_embedder(embedder)
    if found is None:
        raise ValueError(
            f"embedder {embedder!r} must be one that a plug-in offers and that can be used here, or 'none'"
        )
    return Embeddings(found[1])


def _text(content: ItemContent) -> Iterator[str]:
    """What is said of an item, for an embedder."""
    yield content.title
    yield content.kind
    yield from content.tags
    yield from (f"{name} {value}" for name, value in content.attributes.items())


def _words(content: ItemContent) -> Iterator[str]:
    for word in _WORD.findall(content.title.lower()):
        yield f"title {word}"
    facts = [f"kind {content.kind}"] if content.kind else []
    facts += [f"tag {tag.lower()}" for tag in content.tags]
    facts += [f"{name} {value}" for name, value in content.attributes.items()]
    for fact in facts:
        yield from [fact] * _FACT


def _bucket(word: str) -> int:
    return zlib.crc32(word.encode()) % _BUCKETS
