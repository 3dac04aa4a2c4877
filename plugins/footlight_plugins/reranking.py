"""Re-rankers: what puts the items that an engine ranked into another order before they are answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.part import Part


@dataclass(slots=True)  # not frozen: it is made with every call
class Shortlist:
    """What a re-ranker chooses from: m items as an engine, or the re-ranker before this one, has put them. Read only."""

    items: NDArray[np.int32]
    """Shape (m,): ordinals, best first."""
    scores: NDArray[np.float64]
    """Shape (m,), not ascending. Behind another re-ranker the highest score goes with what it put first, and so on."""
    count: int
    """At most how many are to be chosen, 1 to m."""
    user: int = -1
    """The ordinal of the person whom it is for; -1 for somebody without a name."""
    time: int = 0
    """When it was asked, in microseconds since 1970."""
    seed: int = 0
    """The only source of chance; that of the request, 0 where it has none."""
    diversity: float = 0.0
    """How much the caller wants the items to differ, 0 to 1."""
    labels: tuple[tuple[int, ...], ...] = ()
    """Of each item the numbers of its kind and tags; empty for an item of which the catalogue says nothing."""
    created: NDArray[np.int64] | None = None
    """Shape (m,): when each item came into the catalogue, in microseconds since 1970; for a re-ranker that ``dates``."""
    likeness: NDArray[np.float64] | None = None
    """Shape (m, m): how alike two items are, 0 to 1, symmetric; only for a re-ranker that ``compares``, and None where
    neither the catalogue nor the engine can tell."""
    attributes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Shape (m,) each: the attributes that `ReRanker.reads` names; NaN for an item without such a number."""

    def __len__(self) -> int:
        return len(self.items)


class ReRanker(Part, ABC):
    """Puts a short list of items into another order, or leaves some of them out. The same list comes to the same order.

    Example
    -------
    ::

        class Shuffled(ReRanker):
            def order(self, shortlist):
                return np.random.default_rng(shortlist.seed).permutation(len(shortlist))[: shortlist.count]
    """

    pool: ClassVar[int] = 5
    """Among how many times as many items as are wanted it chooses; 1 where it only changes their order."""
    compares: ClassVar[bool] = False
    """Whether it is to be told how alike the items are: `Shortlist.likeness`."""
    dates: ClassVar[bool] = False
    """Whether it is to be told when the items came into the catalogue: `Shortlist.created`."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The attributes of items that it is to be told, by name; only those that are numbers can be.

        Example
        -------
        ::

            class ByYear(ReRanker):
                reads = ("year",)

                def order(self, shortlist):
                    return np.argsort(-shortlist.attributes["year"], kind="stable")[: shortlist.count]
        """
        return ()

    @abstractmethod
    def order(self, shortlist: Shortlist) -> NDArray[np.intp]:
        """Choose items and put them into an order.

        Returns
        -------
        The places in ``shortlist.items`` of those that were chosen, each once, at most ``shortlist.count`` of them, best
        first. Where there are fewer the answer is filled up with others.

        Example
        -------
        ::

            class AsItIs(ReRanker):
                def order(self, shortlist):
                    return np.arange(shortlist.count)
        """
