"""What crosses between the host and an assistant: an engine of the verb act that understands what people type.

A turn has two halves. `Assistant.hear` understands a text and says what may be done about it; the host has an agent decide
which of the acts it shall be, on its durable log and with its exact propensity; `Assistant.reply` does it. What a
conversation has come to is its memory, which the host keeps: an assistant itself remembers nobody.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.contract import Engine, Options
from footlight_plugins.data import ItemContent


@dataclass(frozen=True, slots=True)
class SaidSlot:
    """One thing that a person said about what is wanted."""

    name: str
    """What it is about, such as genre or people; the engine's own list."""
    value: str
    """What was said, in the words of the catalogue where it has any."""
    wanted: bool = True
    """False: it is to be left out."""
    item: int = -1
    """The item that is meant, where the value is a title of the catalogue; else -1."""


@dataclass(slots=True)
class Turn:
    """What a person typed, and what there is to answer with."""

    text: str
    """1 to 4,096 characters, none of them a control character but tab and newline."""
    memory: Mapping[str, Any]
    """What the reply before left; empty at the beginning of a conversation."""
    servable: NDArray[np.bool_]
    """Shape (items,): True where an item may be answered now."""
    scores: NDArray[np.float64] | None = None
    """Shape (items,): what a recommender makes of each item for this person, 0 where it says nothing. None: nobody asked."""
    count: int = 3
    """So many items a reply names where nobody says how many, 1 to 20."""
    time: int = 0
    """When it was typed, in microseconds since 1970."""
    most: int = 20
    """So many items a reply names at most, however many the person asks for, 1 to 20."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an assistant makes of a turn."""

    intent: str
    """What the text is for; empty where it could not be told."""
    language: str
    """The language to answer in, as BCP 47 names it: "en", "zh"."""
    slots: tuple[SaidSlot, ...] = ()
    """What the text says of what is wanted."""
    reward: float | None = None
    """What the text says of the reply before it, -1 to 1; None where it says nothing."""
    observation: int = 0
    """The state of the conversation, 0 to `Assistant.observations` - 1, for the agent that decides."""
    mask: NDArray[np.bool_] | None = None
    """Shape (acts,): which acts are possible, at least one. None: there is nothing to decide, and nothing to learn."""
    thought: Any = None
    """The engine's own, handed back to `reply`."""


@dataclass(frozen=True, slots=True)
class ReplyItem:
    """An item in a reply."""

    item: int
    """Its ordinal."""
    title: str
    """In the person's language, where the catalogue has it."""
    score: float
    """How well it fits; the best comes first."""
    reasons: tuple[str, ...] = ()
    """Why, each in a few words, in the person's language."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an assistant answers."""

    act: str
    """What it did: one of `Assistant.acts`, or a name of the engine's own where there was nothing to decide."""
    text: str
    """What the person reads."""
    language: str
    """The language of the text, as BCP 47 names it."""
    memory: Mapping[str, Any]
    """What JSON can hold: what the conversation has come to."""
    items: tuple[ReplyItem, ...] = ()
    """What it is about, best first."""
    notes: tuple[str, ...] = field(default=())
    """What the person may want to know, such as that something could not be searched by; part of the text as well."""


class Assistant(Engine):
    """Understands what people type and answers with items of the catalogue. Its spec says ``converses=True``.

    The same turn, catalogue and act give the same reply: nothing is drawn in here.
    """

    acts: ClassVar[tuple[str, ...]]
    """What the deciding agent chooses among: its actions, in order."""
    observations: ClassVar[int]
    """How many states of a conversation the deciding agent tells apart."""
    policy: str = ""
    """The deployment whose agent decides; empty means the best."""

    @abstractmethod
    def __init__(self, options: Options) -> None:
        """Make an assistant that knows no item yet."""

    @abstractmethod
    def describe(self, contents: Sequence[ItemContent]) -> None:
        """Take over what the catalogue says of items: new ones, and changed ones in place of what was said before."""

    @property
    def pending(self) -> int:
        """How much work `settle` has left, such as items that wait to be embedded; 0 where none."""
        return 0

    def settle(self) -> None:
        """Do some of it, for at most some tens of milliseconds."""

    @abstractmethod
    def hear(self, turn: Turn) -> Heard:
        """Understand a text. Changes nothing."""

    @abstractmethod
    def reply(self, turn: Turn, heard: Heard, act: int) -> Reply:
        """Answer a turn that was heard by doing one of the acts; ``act`` is ignored where there was nothing to decide."""
