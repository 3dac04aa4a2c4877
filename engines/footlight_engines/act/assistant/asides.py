"""What is said aside: who are you, the weather, "can you play it for me". Each has an honest answer of its own."""

from __future__ import annotations

import re
from functools import cache

from footlight_engines.act.assistant.lexicons import table
from footlight_engines.act.assistant.shelf import Shelf

NEAR = 0.66
"""A cosine from which on a text is as good as one of the examples."""
LONGEST = 80
"""What is said aside is short."""


@cache
def _cues() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(said["cue"], re.ASCII) for name, said in table("asides").items()}


def cued(text: str) -> str:
    """Which of the asides a normalised text is by its words; empty where it is none."""
    return next((name for name, cue in _cues().items() if cue.search(text)), "") if len(text) <= LONGEST else ""


def meant_aside(text: str, shelf: Shelf) -> str:
    """Which of the asides a normalised text is by its words, or by what it means; empty where it is none."""
    if (name := cued(text)) or len(text) > LONGEST:
        return name
    query = shelf.embedded_query(text)
    if query is None or shelf.embedder is None:
        return ""
    names, vectors = _names(), shelf.vectors_of(_sayings())
    cosines = vectors @ query
    best = int(cosines.argmax())
    return names[best] if cosines[best] >= NEAR else ""


@cache
def _names() -> tuple[str, ...]:
    return tuple(name for name, aside in table("asides").items() for _ in aside["says"])


@cache
def _sayings() -> tuple[str, ...]:
    return tuple(str(one) for aside in table("asides").values() for one in aside["says"])


def prepare(shelf: Shelf) -> None:
    """Embed the examples, so that no turn has to."""
    if shelf.embedder is not None:
        shelf.vectors_of(_sayings())
