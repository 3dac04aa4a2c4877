"""Slips of the keyboard in words that much depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from footlight_engines.act.assistant.lexicons import shared_lexicon, table

_LEAST = 5
"""Letters; shorter words are one slip away from too many others."""
_WORD = re.compile(r"[a-z]+")


def spelt(text: str) -> str:
    """A text in lower case with such words as they are spelt, where one letter is missing, too much, wrong or swapped."""
    return _WORD.sub(lambda found: _nearest(found[0]), text) if not text.isdigit() else text


@cache
def _nearest(word: str) -> str:
    words, others = _known()
    if len(word) < _LEAST or word in words or word in others or shared_lexicon().find(word):
        return word
    near = {one for key in (word, *_shorter(word)) for one in _by_shorter().get(key, ()) if _one_slip(word, one)}
    return next(iter(near)) if len(near) == 1 else word


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    found = table("spelling")
    return frozenset(str(found["words"]).split()), frozenset(str(found["others"]).split())


@cache
def _by_shorter() -> dict[str, list[str]]:
    """The words by themselves and by each way to leave a letter out (symmetric deletes: Garbe 2012)."""
    found: dict[str, list[str]] = {}
    for word in _known()[0]:
        for key in {word, *_shorter(word)}:
            found.setdefault(key, []).append(word)
    return found


def _shorter(word: str) -> Iterator[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))


def _one_slip(said: str, meant: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours makes one the other; the first letter holds."""
    if said[0] != meant[0] or said + "s" == meant or meant + "s" == said:
        return False
    i = next((i for i, (a, b) in enumerate(zip(said, meant, strict=False)) if a != b), min(len(said), len(meant)))
    rest, wanted = said[i:], meant[i:]
    swapped = rest[1:2] + rest[:1] == wanted[:2] and rest[2:] == wanted[2:]
    return swapped or rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
