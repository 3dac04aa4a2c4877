"""What a turn means, as far as it was understood."""

from __future__ import annotations

from dataclasses import dataclass

from footlight_engines.act.assistant.memory import Want
from footlight_engines.act.assistant.questions import Query
from footlight_engines.act.assistant.reading import Utterance
from footlight_engines.act.assistant.slots import Slot


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text means."""

    utterance: Utterance
    intent: str
    """Empty where it could not be told."""
    slots: tuple[Slot, ...] = ()
    place: int | None = None
    """Which item of the last list it points at, from 0 on."""
    named: tuple[int, ...] = ()
    """Items that it names by title; several where they share it."""
    released: tuple[Want, ...] = ()
    """The wants that it lets go."""
    gone: tuple[Want, ...] = ()
    """The wants of before that had to give way to it."""
    fresh: bool = False
    """Whether it begins again, with a wish."""
    every: tuple[Slot, ...] = ()
    """The slots before those were left out that say nothing where a text is for what it is for."""
    terms: tuple[Slot, ...] = ()
    """What else is wanted: see `terms`."""
    meant: tuple[int, ...] = ()
    """Items that it speaks of, by whatever says which."""
    query: Query | None = None
    """A question about several items, or whether one is so."""
    first: Understood | None = None
    """What it answers before it wishes: "seen it. Anything older?"."""
    surprise: bool = False
    """Whether anything will do."""
    aside: str = ""
    """Which of `data/asides.toml` it is."""
    unlike: tuple[int, ...] = ()
    """Items that what is wanted is not to be like."""
    suited: tuple[str, ...] = ()
    """The moods among its terms that only a circumstance suggests."""
    corrects: bool = False
    """Whether it says that the turn before was meant otherwise."""
    than: int = -1
    """The item that what is wanted is to be compared with; -1 for the one that is talked about."""
    anew: bool = False
    """Whether what was wished for before is given up."""
    count: int = 0
    """How many items it asks for; 0 where it says no number."""

    @property
    def said(self) -> tuple[Slot, ...]:
        """All that is wanted and unwanted."""
        return (*self.slots, *self.terms)
