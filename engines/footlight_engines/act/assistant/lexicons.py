"""The phrases that slots are known by, from the data files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

SLOTS = {
    "genre": "genres",
    "kind": "kinds",
    "mood": "moods",
    "era": "eras",
    "age": "ages",
    "platform": "platforms",
    "region": "regions",
    "people": "people",
}
"""The slots that have a list of values, and the data file of each."""


@cache
def table(name: str) -> Mapping[str, Any]:
    """A data file, as it stands."""
    path = files("footlight_engines.act.assistant").joinpath("data", f"{name}.toml")
    return tomllib.loads(path.read_text("utf-8"))


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A regular expression of `data/patterns.toml`, its alternatives joined. A Chinese character ends an English word."""
    return re.compile(alternatives(name), re.ASCII)


def alternatives(name: str) -> str:
    """The alternatives of `data/patterns.toml`, joined: a part of a regular expression."""
    return "|".join(f"(?:{one})" for one in table("patterns")[name])


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a text."""

    start: int
    end: int
    meanings: tuple[tuple[str, str], ...]
    """(slot, value) pairs."""


@dataclass(slots=True)
class _Node:
    after: dict[str, _Node] = field(default_factory=dict)
    meanings: tuple[tuple[str, str], ...] = ()
    ends: bool = False
    """Whether a phrase ends here."""


class Lexicon:
    """Finds phrases in normalised text: the longest at each place, English ones only as whole words."""

    def __init__(self, plurals: bool = True) -> None:
        self._root, self._plurals = _Node(), plurals

    def add(self, phrase: str, slot: str, value: str) -> None:
        """Let a phrase mean a value; it may mean several."""
        for spelling in _spellings(phrase) if self._plurals else (phrase,):
            node = self._root
            for character in spelling:
                node = node.after.setdefault(character, _Node())
            node.ends = True
            if (slot, value) not in node.meanings:
                node.meanings += ((slot, value),)

    def ignore(self, phrase: str) -> None:
        """Let a phrase mean nothing, whatever it holds."""
        node = self._root
        for character in phrase:
            node = node.after.setdefault(character, _Node())
        node.ends, node.meanings = True, ()

    def find(self, text: str) -> list[Found]:
        """The phrases of a text from left to right; none overlap."""
        found, start = [], 0
        while start < len(text):
            match = self._longest(text, start)
            if match is None:
                start += 1
            else:
                if match.meanings:
                    found.append(match)
                start = match.end
        return found

    def _longest(self, text: str, start: int) -> Found | None:
        if start and _word(text[start]) and _word(text[start - 1]):
            return None
        node, best = self._root, None
        for end in range(start, len(text)):
            following = node.after.get(text[end])
            if following is None:
                break
            node = following
            whole = not _word(text[end]) or end + 1 == len(text) or not _word(text[end + 1])
            if node.ends and whole:
                best = Found(start, end + 1, node.meanings)
        return best


def _word(character: str) -> bool:
    """Whether a character is part of an English word: beside another it makes one word."""
    return character.isascii() and (character.isalnum() or character == "'")


def _spellings(phrase: str) -> Iterator[str]:
    yield phrase
    if phrase.isascii() and phrase[-1:].isalpha() and phrase[-1] != "s":
        yield phrase + "s"


def phrases(slot: str) -> Iterable[tuple[str, str]]:
    """The (value, phrase) pairs of a slot."""
    return ((value, phrase) for value, said in table(SLOTS[slot]).items() for phrase in said)


@cache
def shared_lexicon() -> Lexicon:
    """All slots with a list of values."""
    lexicon = Lexicon()
    for slot in SLOTS:
        for value, phrase in phrases(slot):
            lexicon.add(phrase, slot, value)
    for phrase in table("ignored")["ignored"]:
        lexicon.ignore(phrase)
    return lexicon


@cache
def title_lexicon() -> Lexicon:
    """Titles that everybody knows: each means `sure` or `capital`, as `data/known_titles.toml` has it."""
    lexicon = Lexicon(plurals=False)
    for how, titles in table("known_titles").items():
        for title in titles:
            lexicon.add(title, how, title)
    return lexicon
