"""The data that crosses between the host and an engine: numpy arrays and small frozen records.

People and items are ordinals: small whole numbers that the host gives out, from 0 on and never twice. An engine never sees
a name, so it has no strings to hash and nothing personal to leak.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class EventKind(IntEnum):
    """What a person did; the numbers are those of the wire."""

    VIEW = 1
    """Looked at it."""
    PLAY = 2
    """Watched, played or heard it."""
    LIKE = 3
    """Said that they like it."""
    RATING = 4
    """Gave it a rating, which is the value."""
    PURCHASE = 5
    """Bought it."""
    SKIP = 6
    """Passed over it; says nothing about a preference."""
    IMPRESSION = 7
    """Was shown it; says nothing about a preference."""
    RETRACTION = 8
    """Takes back the preference for it."""


PREFERENCES = (EventKind.VIEW, EventKind.PLAY, EventKind.LIKE, EventKind.RATING, EventKind.PURCHASE)
"""The kinds that say "I want this", with ``value`` as the strength. A RETRACTION takes it back; the others say nothing."""


@dataclass(frozen=True, slots=True)
class Events:
    """Rows of the log as columns, in any order; each array has shape (n,).

    Of one person and one item, the preference or retraction that is latest by (time, tie) holds.
    """

    user: NDArray[np.int32]
    """Ordinals of people."""
    item: NDArray[np.int32]
    """Ordinals of items."""
    kind: NDArray[np.int8]
    """Values of `EventKind`."""
    value: NDArray[np.float64]
    """How strongly, between -1,000 and 1,000; 1 where the event came without a value."""
    time: NDArray[np.int64]
    """When it happened, in microseconds since 1970."""
    tie: NDArray[np.int64]
    """Orders events of the same time: derived from the event's id, so that arrival order does not matter."""

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: NDArray[Any] | slice) -> Events:
        """The given rows, by index, mask or slice."""
        return Events(*(getattr(self, column.name)[rows] for column in fields(self)))

    @staticmethod
    def empty() -> Events:
        """No events."""
        return Events.of([], [])

    @staticmethod
    def of(user: Any, item: Any, value: Any = None, *, kind: Any = EventKind.RATING, time: Any = None) -> Events:
        """Events from plain sequences: one value and kind for all where only one is given, times in order where none is.

        >>> len(Events.of(user=[0, 0, 1], item=[3, 4, 3], value=[5.0, 4.0, 1.0]))
        3
        """
        users = np.asarray(user, np.int32)
        n = len(users)
        return Events(
            user=users,
            item=np.asarray(item, np.int32),
            kind=np.broadcast_to(np.asarray(kind, np.int8), (n,)).copy(),
            value=np.broadcast_to(np.asarray(1.0 if value is None else value, np.float64), (n,)).copy(),
            time=np.arange(n, dtype=np.int64) if time is None else np.asarray(time, np.int64),
            tie=np.arange(n, dtype=np.int64),
        )

    @staticmethod
    def concatenate(first: Events, second: Events) -> Events:
        """The rows of both."""
        columns = [np.concatenate([getattr(first, c.name), getattr(second, c.name)]) for c in fields(first)]
        return Events(*columns)


class Basis(IntEnum):
    """What a ranking's reasons mean; the numbers are those of the wire."""

    NONE = 0
    """There are no reasons."""
    BECAUSE_OF_ITEM = 1
    """The person met an item that goes with it."""
    SIMILAR_PEOPLE = 2
    """People with the same taste like it."""
    POPULAR = 3
    """Many people like it."""
    SIMILAR_CONTENT = 4
    """It resembles an item of the person's in what the catalogue says of both."""
    TRENDING = 5
    """Many people met it lately."""
    EXPLORATION = 6
    """It is shown to find out who likes it; `Ranking.propensity` says with which probability."""
    NEWEST = 7
    """It is among those that came into the catalogue last, and nothing better is known."""


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What the catalogue says of one item."""

    item: int
    """The item's ordinal."""
    title: str = ""
    """As people read it; empty where the catalogue has none."""
    kind: str = ""
    """Such as film or game."""
    tags: tuple[str, ...] = ()
    """Words without order, such as genres."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Further facts by name, as JSON can hold them."""
    available_from: int = 0
    """From when on it may be recommended, in microseconds since 1970; 0 where it always could."""


@dataclass(frozen=True, slots=True)
class History:
    """What somebody met whom the log does not know: a visitor without a name, or a session. Each array has shape (n,)."""

    item: NDArray[np.int32]
    """No item twice."""
    value: NDArray[np.float64]
    """How strongly, as `Events.value`."""
    time: NDArray[np.int64]
    """When, in microseconds since 1970; ascending."""

    def __len__(self) -> int:
        return len(self.item)


@dataclass(slots=True)  # not frozen: it is made with every call, and that would take twice as long
class Query:
    """Asks a recommender for one person."""

    user: int
    """Ordinal of the person; -1 for somebody the log has never seen."""
    count: int
    """At most how many items to answer, 1 to 1,000."""
    servable: NDArray[np.bool_]
    """Shape (items,): True where an item may be answered. Ordinals beyond its end may not."""
    exclude: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Further items that may not be answered."""
    include_seen: bool = False
    """Whether items that the person has a preference for may come back."""
    reasons: int = 0
    """At most how many reasons each item shall carry, 0 to 3. Where 0, an engine may leave out `Ranking.because`,
    `Ranking.shares` and `Ranking.people`; it should where finding them costs anything."""
    history: History | None = None
    """Where given, the answer goes by it and by nothing else; ``user`` is -1 then."""
    time: int = 0
    """When it is asked, in microseconds since 1970, for engines whose answers age. 0: when the last event happened."""
    seed: int = 0
    """The only source of chance, for engines that explore."""

    def allows(self, item: int) -> bool:
        """Whether an item may be answered: it is servable, and not excluded. For one item; use the arrays for many.

        >>> Query(0, 5, np.array([True, False, True]), np.array([2], np.int32)).allows(0)
        True
        """
        return 0 <= item < len(self.servable) and bool(self.servable[item]) and item not in self.exclude


@dataclass(slots=True)  # not frozen: it is made with every call, and that would take twice as long
class Ranking:
    """A recommender's answer, best first: score descending, then ordinal ascending."""

    items: NDArray[np.int32]
    """Shape (m,), m at most the count asked; no item twice."""
    scores: NDArray[np.float64]
    """Shape (m,), finite, not ascending."""
    basis: Basis = Basis.NONE
    """What the reasons mean."""
    because: NDArray[np.int32] | None = None
    """Shape (m, r), r at most the reasons asked: the items that are the reason, most important first, -1 where there are
    fewer than r."""
    shares: NDArray[np.float64] | None = None
    """Shape (m, r): the share of the score that comes from each of them, 0 to 1."""
    people: NDArray[np.int32] | None = None
    """Shape (m,): how many people are behind the score."""
    bases: NDArray[np.int8] | None = None
    """Shape (m, r), values of `Basis`: what each of `because` means, where not all mean what ``basis`` says. A reason of a
    kind that names no item has -1 in `because`; 0 here ends a line's reasons."""
    propensity: NDArray[np.float64] | None = None
    """Shape (m,): the probability with which the item came to its place, where chance played a part. None: it did not."""

    def __len__(self) -> int:
        return len(self.items)

    @staticmethod
    def empty() -> Ranking:
        """No items."""
        return Ranking(np.empty(0, np.int32), np.empty(0, np.float64))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that an engine has learned. Stored as safetensors and JSON, never pickled."""

    arrays: Mapping[str, NDArray[Any]]
    """Plain numeric arrays by name."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What JSON can hold: sizes, counters, settings."""


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file of a corpus."""

    path: str
    """The owner's relative path, for instance ``train/0001.npy``: where a class or a split is read from."""
    location: Path
    """Where the host keeps its bytes."""

    def read(self) -> bytes:
        """The file's bytes."""
        return self.location.read_bytes()


@dataclass(frozen=True, slots=True)
class Corpus:
    """The files that a generator learns from, in the order of their paths."""

    files: tuple[CorpusFile, ...]
    """Sorted by path."""

    def __iter__(self) -> Iterator[CorpusFile]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def below(self, folder: str) -> Corpus:
        """The files of one folder, their paths as before."""
        return replace(self, files=tuple(f for f in self.files if f.path.startswith(folder.rstrip("/") + "/")))


@dataclass(frozen=True, slots=True)
class Content:
    """One piece of generated content."""

    media_type: str
    """Such as image/png."""
    data: bytes
    """The bytes of the file."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What a reader should know about it, as JSON can hold it."""
    sample: NDArray[Any] | None = field(default=None, compare=False, repr=False)
    """The same as numbers that can be compared with `Samples.train`, where the engine gives `Generator.samples`."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of content besides its seed."""

    class_name: str = ""
    """Which class; empty: the seed decides."""
    truncation: float = 1.0
    """How far from the mean to draw, above 0 to 1: smaller is more typical and less varied."""


class WishRefused(ValueError):
    """An engine cannot fulfil a wish."""

    def __init__(self, wish: str, expected: str) -> None:
        """Naming the part of the wish, and what would have been possible."""
        super().__init__(f"{wish}: {expected}")
        self.wish = wish
        self.expected = expected


class NotMade(RuntimeError):
    """An engine drew nothing that it can stand for, such as no level that can be played.

    The message says why, and what would help; whoever asked reads it. It is no fault of the engine.
    """


class Domain(StrEnum):
    """What the numbers of a sample are, and so by which distance and under which changes a copy is still a copy."""

    IMAGE = "image"
    """(H, W, C) uint8, C of 1 (grey), 3 (RGB) or 4 (RGBA)."""
    SURFACE = "surface"
    """(H, W) float32, heights: a copy may be turned, mirrored, raised or stretched."""
    GRID = "grid"
    """(H, W) uint8, a kind of tile each: a copy may be turned or mirrored."""
    VOICES = "voices"
    """(T, V) int16, MIDI pitches by step and voice, -1 for silence: a copy may be transposed."""
    ARRAY = "array"
    """Any shape, float32: a copy is the same."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a generator learned from, and what was held out, as numbers that can be compared."""

    domain: Domain
    """What the numbers are."""
    train: NDArray[Any]
    """Shape (n, ...)."""
    heldout: NDArray[Any]
    """Shape (m, ...), never trained on; m may be 0."""
    names: tuple[str, ...]
    """Of each training sample: its file's path, with ``#i`` where a file holds several."""
