"""What points at an item of the last list, or of what was shown, other than its place: "the French one", part of a title."""

from __future__ import annotations

from collections.abc import Sequence

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.lexicons import pattern, shared_lexicon
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.reading import is_han
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.title_index import spellings

_DESCRIBED = pattern("described")
_STEM = 5
"""So many letters of an English word have to be found: "singing" is in "singer", as far as that."""


def place_described(text: str, memory: Memory, shelf: Shelf) -> int | None:
    """The place in the last list of the only item that fits a description in a normalised text; None where there is none,
    or where several fit."""
    for match in _DESCRIBED.finditer(text):
        said = next(group for group in match.groups() if group)
        found = [
            place for place, item in enumerate(memory.last) if item in shelf.facts and fits(said, shelf.facts[item])
        ]
        if len(found) == 1 and len(memory.last) > 1:
            return found[0]
    return None


def fits(said: str, facts: Facts) -> bool:
    """Whether a description holds of an item: what is known of it, or words that are said of it."""
    meanings = [meaning for found in shared_lexicon().find(said) for meaning in found.meanings]
    return any(meaning in facts.facets for meaning in meanings) or worded(said, facts)


def worded(said: str, facts: Facts) -> bool:
    """Whether the words themselves are said of an item, English ones as far as their stems."""
    if ("people", said) in facts.facets:
        return True
    spoken = facts.spoken.lower()
    words = [said] if is_han(said) else [word[:_STEM] for word in said.split() if len(word) > 3]
    return bool(words) and all(word in spoken for word in words)


def shown_called(title: str, shown: Sequence[int], shelf: Shelf) -> list[int]:
    """The only item among those shown whose title has some words of the text as a part: "stardew" is Stardew Valley."""
    if len(title) < (2 if is_han(title) else 4):
        return []
    spelt = f" {title} "
    return found if len(found := [item for item in shown if _called(spelt, shelf.facts.get(item))]) == 1 else []


def _called(spelt: str, facts: Facts | None) -> bool:
    if facts is None:
        return False
    known = [name for title in facts.titles for name in spellings(title)]
    return any(spelt in f" {name} " or (is_han(spelt) and spelt.strip() in name) for name in known)
