"""Rules of levels: what makes a level of text playable. One symbol is a tile, one line a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Grid = Sequence[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What rules say about a level."""

    playable: bool
    """Whether it can be played to its end."""
    reason: str = ""
    """Why not."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What is known of a playable one, as JSON can hold it: a solution, how hard it is."""


class Rules(ABC):
    """What makes a level playable. Made without arguments.

    Example
    -------
    ::

        class TwoDoors(Rules):
            colours = {"D": (120, 60, 20)}

            def judge(self, level):
                return Judgement("".join(level).count("D") == 2, "it needs two doors")
    """

    colours: Mapping[str, tuple[int, int, int]] = {}
    """How symbols are drawn; the others get colours of their own."""

    turns: bool = False
    """Whether a level that is turned or stood on its head is as good; mirrored ones are, in any case."""

    def fits(self, symbols: frozenset[str]) -> bool:
        """Whether a corpus with these symbols is of this kind."""
        return False

    def repaired(self, level: Grid) -> Grid:
        """The level with what is obviously wrong put right, such as an open border; as it is, by default."""
        return level

    @abstractmethod
    def judge(self, level: Grid) -> Judgement:
        """Whether a level can be played, by solving it."""
