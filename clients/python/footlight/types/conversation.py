"""Conversations."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SaidSlot:
    """One thing that a person said about what is wanted."""

    name: str
    """Such as genre, kind, mood, era, people, duration, age, platform, region, title, price or language."""
    value: str
    wanted: bool = True
    """False: it is to be left out."""
    item_id: str = ""
    """The item that is meant, where the value is a title of the catalogue."""


@dataclass(frozen=True, slots=True)
class ReplyItem:
    """An item in a reply."""

    item_id: str
    title: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    """Why, each in a few words, in the person's language."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an assistant answered."""

    conversation_id: str
    text: str
    language: str
    """Such as "en" or "zh"."""
    act: str
    """What was done: ask, recommend, diversify, explain, or what the intent asked for."""
    intent: str
    """What the text was for; empty where it could not be told."""
    turn: int
    """From 1 on."""
    items: tuple[ReplyItem, ...] = ()
    slots: tuple[SaidSlot, ...] = ()
    notes: tuple[str, ...] = ()
    decision_id: str = ""
    """Rewards refer to it; empty where there was nothing to decide."""
    propensity: float = 0.0
    distribution: tuple[float, ...] = field(default=(), repr=False)
    reward: float | None = None
    """What the text said of the reply before."""
