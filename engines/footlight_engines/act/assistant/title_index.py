"""The owner's titles, matched fuzzily in both languages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.reading import is_han, read
from footlight_engines.kernels import titles as kernels

LEAST_SIMILARITY = 0.84
"""1 - edit distance / length of the title, from which on a title counts as meant."""

_YEAR = re.compile(r"\s*[(（]\s*(?:19|20)\d\d\s*[)）]\s*$")
_LAST_ARTICLE = re.compile(r"^(.*), (the|a|an|les?|la|il|el|das|der|die)\b(.*)$")
_BRACKETED = re.compile(r"\s*[(（][^()（）]*[)）]")
_ARTICLE = re.compile(r"^(?:the|an?) ")
_PART = re.compile(
    r"^(.{3,}?)(?: ?[:：] ?| [-–—] |(?<=[\u4e00-\u9fff])[:：·—]+).+$|^(.{3,}?),? (?:part )?(?:\d{1,2}|ii|iii|iv|v|vi)$"
)
_AND_THE = re.compile(r"^(\w+(?: \w+){1,3}) and the .+$")
"""Titles of a family: "Star Wars: Episode IV", "Toy Story 2", "Harry Potter and the Goblet of Fire"."""


@dataclass(frozen=True, slots=True)
class Match:
    """A title in a text."""

    item: int
    title: str
    """As it is spelt in the index."""
    start: int
    end: int
    similarity: float


def spellings(title: str) -> set[str]:
    """How a title may be typed: without its year, the article in front or left out, without what stands in brackets."""
    plain = _YEAR.sub("", read(title).text)
    if match := _LAST_ARTICLE.match(_BRACKETED.sub("", plain).strip()):
        plain = f"{match[2]} {match[1]}{match[3]}"
    short = _BRACKETED.sub("", plain).strip()
    found = {plain, short, _ARTICLE.sub("", short)}
    return {one for one in found if _enough(one)}


def family(spelling: str) -> str:
    """What titles of one family begin with; empty where a normalised title is of none."""
    match = _PART.match(spelling) or _AND_THE.match(spelling)
    name = next((group for group in match.groups() if group), "") if match else ""
    return name if _enough(name) else ""


def _enough(spelling: str) -> bool:
    return len(spelling) >= 2 if is_han(spelling) else len(spelling) >= 3 or spelling.isdigit()


class TitleIndex:
    """Which items a text names. Made once a catalogue; finding takes well under a millisecond."""

    def __init__(self, titles: Iterable[tuple[int, str]]) -> None:
        """``titles``: (item, title) pairs; an item may have several titles, and a title several items."""
        self._items: dict[str, list[int]] = defaultdict(list)
        for item, title in titles:
            for spelling in spellings(title):
                if item not in self._items[spelling]:
                    self._items[spelling].append(item)
        self._spellings = list(self._items)
        self._families: dict[str, list[int]] = defaultdict(list)
        for spelling in self._spellings:
            for name in {family(spelling), _ARTICLE.sub("", family(spelling))} - {""}:
                self._families[name] += [i for i in self._items[spelling] if i not in self._families[name]]
        self._build(self._spellings)

    def _build(self, spelt: Sequence[str]) -> None:
        codes = [np.array([ord(c) for c in one], np.int32) for one in spelt]
        self._letters = np.concatenate(codes) if codes else np.empty(0, np.int32)
        self._bounds = np.concatenate([[0], np.cumsum([len(code) for code in codes], dtype=np.int64)])
        self._numbers: dict[str, int] = {}
        postings: list[list[int]] = []
        needed = np.zeros(len(spelt), np.int32)
        for row, one in enumerate(spelt):
            pairs = _pairs(one)
            errors = int((1.0 - LEAST_SIMILARITY) * len(one) + 1e-9)
            needed[row] = max(1, len(pairs) - 2 * errors)
            for pair in pairs:
                number = self._numbers.setdefault(pair, len(postings))
                if number == len(postings):
                    postings.append([])
                postings[number].append(row)
        self._needed = needed
        self._starts = np.concatenate([[0], np.cumsum([len(rows) for rows in postings], dtype=np.int64)])
        self._postings = np.array([row for rows in postings for row in rows], np.int32)

    def __len__(self) -> int:
        return len(self._spellings)

    def items_of(self, title: str) -> list[int]:
        """The items of one spelling."""
        return self._items.get(title, [])

    def of_family(self, name: str) -> list[int]:
        """The items whose titles begin with a name that several may share: "star wars"."""
        return self._families.get(_ARTICLE.sub("", name), [])

    def find(self, text: str) -> list[Match]:
        """Every title that is close enough to some part of a normalised text, the closest and longest first.

        Only whole words count; no title is left out that differs by as many letters as `LEAST_SIMILARITY` allows.
        """
        pairs = np.array(sorted({self._numbers[p] for p in _pairs(text) if p in self._numbers}), np.int64)
        if not len(pairs):
            return []
        shared = kernels.count_shared(self._starts, self._postings, pairs, len(self._spellings))
        chosen = np.flatnonzero(shared >= self._needed)
        codes: NDArray[np.int32] = np.array([ord(c) for c in text], np.int32)
        found = []
        for row, distance, start, end in zip(
            chosen, *kernels.distances(codes, self._letters, self._bounds, chosen), strict=True
        ):
            title = self._spellings[row]
            similarity = 1.0 - float(distance) / len(title)
            if similarity >= LEAST_SIMILARITY and _whole(text, int(start), int(end)):
                found += [Match(item, title, int(start), int(end), similarity) for item in self._items[title]]
        return sorted(found, key=lambda match: (-match.similarity * len(match.title) ** 0.5, match.item))


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a place begins and ends between words."""

    def joined(i: int) -> bool:
        return 0 < i < len(text) and _letter(text[i - 1]) and _letter(text[i])

    return start < end and not joined(start) and not joined(end)


def _letter(character: str) -> bool:
    return character.isalnum() and not is_han(character)
