"""Replies in traditional characters, for who writes them."""

from __future__ import annotations

import re
from functools import cache

from footlight_engines.act.assistant.lexicons import table

_TITLES = re.compile(r"(《[^》]*》)")


@cache
def _tables() -> tuple[frozenset[str], dict[int, str], re.Pattern[str], dict[str, str]]:
    data = table("traditional")
    traditional, simplified = str(data["traditional"]), str(data["simplified"])
    characters: dict[int, str] = {}
    for one, other in zip(simplified, traditional, strict=True):
        if one != other:
            characters.setdefault(ord(one), other)
    characters |= {ord(one): other for one, other in data["preferred"].items()}
    characters = {one: other for one, other in characters.items() if chr(one) != other}
    phrases: dict[str, str] = data["phrases"]
    spelt = re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))
    only = frozenset(one for one, other in zip(traditional, simplified, strict=True) if one != other)
    return only, characters, spelt, phrases


def writes_traditional(text: str) -> bool | None:
    """Whether a text is in traditional characters; None where it has none that tell."""
    only, characters, _, _ = _tables()
    old = sum(c in only for c in text)
    new = sum(ord(c) in characters for c in text)
    return None if old == new else old > new


def in_traditional(text: str) -> str:
    """A reply in traditional characters; titles stay as the catalogue has them."""
    return "".join(part if part.startswith("《") else _turned(part) for part in _TITLES.split(text))


def _turned(text: str) -> str:
    _, characters, spelt, phrases = _tables()
    parts, last = [], 0
    for match in spelt.finditer(text):
        parts += [text[last : match.start()].translate(characters), phrases[match[0]]]
        last = match.end()
    return "".join([*parts, text[last:].translate(characters)])
