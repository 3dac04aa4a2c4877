"""What a text says by a situation or an image rather than by a genre: "something for a rainy Sunday", 想看点下饭的,
"like a warm hug". Its moods rank, they keep nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from footlight_engines.act.assistant.lexicons import pattern, table
from footlight_engines.act.assistant.memory import OPPOSITE
from footlight_engines.act.assistant.slots import WANTED, Slot, polarity_at

_EXPLICIT = ("genre", "title", "tag", "theme", "people")
"""Who wants one of these, or says any mood, says what is looked for: the circumstances tell no more."""
_NOT_SO = pattern("no_such_circumstance")


@dataclass(frozen=True, slots=True)
class Situation:
    """One row of `data/situations.toml`."""

    spelt: re.Pattern[str]
    values: tuple[tuple[str, str], ...]
    """(slot, value) pairs."""
    circumstance: bool


@cache
def situations() -> Sequence[Situation]:
    """All of them, as they stand in the table."""
    return [
        Situation(
            re.compile("|".join(row["patterns"]), re.ASCII),
            (*(("mood", mood) for mood in row["moods"]), *row.get("also", {}).items()),
            bool(row.get("circumstance")),
        )
        for row in table("situations")["situation"]
    ]


@dataclass(frozen=True, slots=True)
class Felt:
    """What the situations of a text add."""

    slots: list[Slot]
    """The slots of the text that hold beside them: who "feels sad" wishes for nothing sad."""
    added: list[Slot]
    suited: tuple[str, ...]
    """Those of the moods that only a circumstance suggests: a mood that is named takes their place."""


def felt(text: str, slots: Sequence[Slot]) -> Felt:
    """What the situations of a normalised text with its ``slots`` add."""
    found = [(one, match) for one in situations() for match in one.spelt.finditer(text)]
    held = [(one, match) for one, match in found if not (one.circumstance and _denied(text, match))]
    lived = [match.span() for one, match in held if one.circumstance]
    held = [(one, match) for one, match in held if one.circumstance or not _inside(match.span(), lived)]
    kept = [slot for slot in slots if slot.name != "mood" or not _inside((slot.place, slot.end), lived)]
    explicit = any(slot.name == "mood" or (slot.name in _EXPLICIT and slot.polarity == WANTED) for slot in kept)
    said = {(slot.name, slot.value) for slot in kept}
    added = [slot for slot in _slots(text, held, explicit) if (slot.name, slot.value) not in said]
    wished = [slot.value for slot in (*kept, *added) if slot.name == "mood" and slot.polarity == WANTED]
    added = [slot for slot in added if not _contradicts(slot, wished)]
    lives = {(start, end) for start, end in lived}
    suited = tuple(slot.value for slot in added if slot.name == "mood" and (slot.place, slot.end) in lives)
    return Felt(kept, added, suited)


def _slots(text: str, held: Sequence[tuple[Situation, re.Match[str]]], explicit: bool) -> Iterator[Slot]:
    """Each value once; of images and circumstances the images, which say more."""
    images = any(not one.circumstance for one, _ in held)
    seen: set[tuple[str, str]] = set()
    for one, match in held:
        polarity = WANTED if one.circumstance else polarity_at(text, *match.span())
        for name, value in one.values:
            beside = one.circumstance and name == "mood" and (explicit or images)
            if not beside and (name, value) not in seen:
                seen.add((name, value))
                yield Slot(name, value, polarity, place=match.start(), end=match.end())


def _denied(text: str, match: re.Match[str]) -> bool:
    """Whether it is said not to be so: "I'm not tired"."""
    return _NOT_SO.search(text[: match.start()]) is not None


def _inside(place: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place[0] and place[1] <= end for start, end in spans)


def _contradicts(slot: Slot, wished: Sequence[str]) -> bool:
    """Whether a mood that is turned down is one that is wished for, or one is wished for whose opposite is, too."""
    if slot.name != "mood":
        return False
    return (slot.polarity != WANTED and slot.value in wished) or any(
        slot.value in OPPOSITE.get(one, ()) for one in wished
    )
