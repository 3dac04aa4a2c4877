"""Titles that somebody lists as known already, in whatever case: "seen the sting and heat", 闪灵和功夫都看过."""

from __future__ import annotations

import re
from collections.abc import Iterator

from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import WANTED, Slot

MOST = 12
"""So many titles are read of one list."""
_KNOWN = re.compile(
    r"\b(?:seen|watched|played|heard|finished|showed (?:them|him|her|us))(?: (?:both|all|already))* (.{3,120})"
    r"|(?:看|玩|听|刷|追)(?:过|完)了?(.{2,60})"
    r"|^(.{2,40}?)(?:我们?)?(?:都|全|也)*(?:已经)?(?:看|玩|听|刷)过"
    r"|^(?:no,? |nah,? )?(.{3,80}?),? (?:i|we)(?:'ve| have)?(?: \w+)? (?:know|seen|watched|played|finished)\b"
)
_BETWEEN = re.compile(r"\s*(?:,|，|、|&|\band\b|\bor\b|和|跟|还有|以及|与)\s*")
_AFTER = re.compile(
    r"(?:\s+(?:already|before|too|both|twice|though|thanks|lol|btw)\b.*|(?:都|也|已经|了|吧|啦|两个|这).*"
    r"|[ 《》.!?。！？]+)$"
)


def known_already(text: str, shelf: Shelf) -> list[Slot]:
    """The titles of a list of what a normalised text says is known; one that several items share is left out."""
    found = []
    for match in _KNOWN.finditer(text):
        group = next(i for i in (1, 2, 3, 4) if match[i])
        for start, said in _parts(match[group], match.start(group)):
            if (item := only_called(said, shelf)) >= 0:
                found.append(Slot("title", shelf.facts[item].title.lower(), WANTED, item, start, start + len(said)))
    return found


def _parts(listed: str, offset: int) -> Iterator[tuple[int, str]]:
    """What stands between the commas and the ands, with its place in the text."""
    start = 0
    ends = [(match.start(), match.end()) for match in _BETWEEN.finditer(listed)][:MOST]
    for end, after in (*ends, (len(listed), len(listed))):
        part = listed[start:end]
        lead = len(part) - len(part.lstrip(" 《"))
        if said := _AFTER.sub("", part[lead:]):
            yield offset + start + lead, said
        start = after


def only_called(said: str, shelf: Shelf) -> int:
    """The only item that is called exactly so, in normalised spelling; -1 where there is none, or several."""
    whole = len(said) - len("the ")
    items = {one.item for one in shelf.find_titles(said) if one.similarity == 1.0 and one.end - one.start >= whole}
    return items.pop() if len(items) == 1 else -1
