"""Which of the items that were shown a text speaks of: by place, by list, by title, by what they have more of, by what they
are like, or as "it", "the other one" and "these"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from footlight_engines.act.assistant.counting import ordinals
from footlight_engines.act.assistant.languages import languages_in
from footlight_engines.act.assistant.lexicons import pattern, table
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.numbers import HAN_NUMBER, NUMBER, number
from footlight_engines.act.assistant.pointing import fits, worded
from footlight_engines.act.assistant.reading import is_han
from footlight_engines.act.assistant.scales import PLAIN, Degree, degrees
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import Slot
from footlight_engines.act.assistant.title_index import spellings

NEAR, AHEAD = 0.22, 0.07
FAR, FAR_AHEAD = 0.38, 0.1
"""A cosine from which on an item is what a description means, and by how much it has to be ahead of the next: of a list, and
of the whole catalogue."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The items that a text speaks of."""

    items: tuple[int, ...] = ()
    several: bool = False
    """Whether it speaks of them together."""
    explicit: bool = False
    """Whether a place, a title or a description says which; "it" and "these" do not."""
    span: tuple[int, int] = (0, 0)
    """Where the words stand that describe it: they wish for nothing."""


_FIRST_LIST = pattern("first_list")
_LIST_BEFORE = pattern("list_before")
_OTHER = pattern("the_other")
_THESE = pattern("these")
_BETWEEN = pattern("between_words")
_COUNTED = re.compile(
    rf"\b(?:those|these|the|all|of the) ({NUMBER})\b|[这那]({HAN_NUMBER})[个部款首本种位]|(both|俩|两者|两个都)"
)
_WORDS = ordinals() | {"last": -1}
_MIDDLE = ("middle", "中间")
_PLACES = re.compile(
    r"\bthe (?:one in the )?(middle)(?: one)?\b|(中间)(?:那)?[个部款首位]"
    rf"|\b(?:the |your )?({'|'.join(ordinals())}|(?<=the )last|(?<=your )last)"
    r"(?! (?:time|place|thing|season|episode|night|week|year|month|date|few|two|three|list|batch|set|round|ones|day)\b)"
    rf"\b|第\s*({HAN_NUMBER})\s*[个部款首本种位条项只场集]?|(最后)一?[个部款首本位只场]|#\s?(\d)"
    rf"|\b(?:number|no\.?|option) (\d|{NUMBER})\b"
)
_NOT_THAT = re.compile(r"(?:\bnot|不是|不要)\s*$")
_OF_THE_TWO = re.compile(r"(\bthe former\b|前者)|\bthe latter\b|后者")
_RANGES = re.compile(
    rf"\b(first|last) ({NUMBER})\b(?! (?:hours?|minutes?|years?|seasons?))|([前后])({HAN_NUMBER})[个部款首本]"
)


def meant(text: str, memory: Memory, shelf: Shelf, named: Sequence[int] = ()) -> Meant:
    """The items that a normalised text speaks of, ``named`` those whose titles it says; none where it speaks of none."""
    pool = _pool(text, memory)
    named = [*named, *(item for item in _called(text, memory, shelf) if item not in named)]
    if memory.compared and (match := _OF_THE_TWO.search(text)):
        return Meant((memory.compared[0 if match[1] else -1],), False, True)
    found = [*_by_place(text, pool), *(item for item in named if item in shelf.facts)]
    if named and len(named) == 1 and _OTHER_THAN.search(text) and memory.focus not in (-1, named[0]):
        found.append(memory.focus)
    if found:
        return Meant(tuple(dict.fromkeys(found)), len(set(found)) > 1, True)
    if _OTHER.search(text) and (other := _the_other(memory)) >= 0:
        return Meant((other,), False, True)
    by_degree = _by_degree(text, memory.compared or (pool if len(pool) > 1 else memory.shown[-2:]), shelf)
    for described in (by_degree, _described(text, pool, memory, shelf), _of_catalogue(text, shelf)):
        if described.items:
            return described
    counted = _COUNTED.search(text)
    if counted or _THESE.search(text):
        return Meant(_together(counted, memory, pool), True)
    return Meant((memory.focus,), span=by_degree.span) if memory.focus in shelf.facts else Meant()


_OTHER_THAN = pattern("it_and_another")


_LOOSE = [re.compile(one, re.ASCII) for one in table("patterns")["described_loosely"]]


def _pool(text: str, memory: Memory) -> tuple[int, ...]:
    """The list that a text speaks of: the last, unless it says another."""
    if memory.lists and _FIRST_LIST.search(text):
        return memory.lists[0]
    if len(memory.lists) > 1 and _LIST_BEFORE.search(text):
        return memory.lists[-2]
    return memory.last


def _by_place(text: str, pool: Sequence[int]) -> Iterator[int]:
    for match in _RANGES.finditer(text):
        count = int(number(match[2] or match[4]) or 0)
        yield from pool[:count] if (match[1] or match[3]) in ("first", "前") else pool[-count:]
    said = _FIRST_LIST.sub(lambda one: " " * len(one[0]), text)
    for match in _PLACES.finditer(said):
        if _NOT_THAT.search(said[: match.start()]) and _PLACES.search(said, match.end()):
            continue  # 不是第一个，是第二个
        spelt = next(group for group in match.groups() if group)
        place = -1 if spelt == "最后" else len(pool) // 2 if spelt in _MIDDLE else _WORDS.get(spelt)
        if place is None:
            place = int(number(spelt) or 0) - 1
        if -1 <= place < len(pool) and pool and (place >= 0 or spelt in ("last", "最后")):
            yield pool[place]


def _the_other(memory: Memory) -> int:
    """Of the two that were spoken of together, or of a list of two, the one that is not in focus."""
    for pair in (memory.compared, memory.last):
        if memory.focus in pair and len(pair) > 1:
            return next(item for item in pair if item != memory.focus)
    return -1


_POINTS_AT = (
    re.compile(r"\bthe (?:\w+ )?$"),
    re.compile(r"\bthe one (?:that(?:'s| is)? |which (?:is )?|with (?:the )?|who (?:is )?)?(?:\w+ ){0,2}$"),
)
_POINTED_AFTER = re.compile(
    r" (?:one|of (?:the|these|those)|film|movie|game|song|show|option)\b|[- ]?\W*$|[,.;:–-]| - "
)
_ONE = re.compile(r" one\b(?! (?:that|with|which|for|from|to)\b)")
_POINTED_ZH = re.compile(r"一?[点些]?的?(?:那|这)[个部款首本位种]")


def _by_degree(text: str, pool: Sequence[int], shelf: Shelf) -> Meant:
    """What is pointed at by what it has more of: "the shorter one", 贵的那个, "the one that takes longer"."""
    for one in degrees(text):
        if _points(text, one):
            best = extreme(pool, one.scale, one.sign, shelf)[:1]
            return Meant(tuple(best), False, bool(best), (one.start, one.end))
    return Meant()


def _called(text: str, memory: Memory, shelf: Shelf) -> list[int]:
    """The items shown of which a title stands in a text."""
    found = []
    for item in memory.shown[-_RECENT:]:
        titles = shelf.facts[item].titles if item in shelf.facts else []
        if any(_stands_in(spelt, text) for title in titles for spelt in spellings(title)):
            found.append(item)
    return found


def _stands_in(title: str, text: str) -> bool:
    if is_han(title):
        return len(title) > 1 and title in text
    return len(title) > 4 and re.search(rf"(?<![a-z]){re.escape(title)}(?![a-z])", text) is not None


_RECENT = 24
"""So many of the latest that were shown are looked at for a title or a description."""


def _points(text: str, one: Degree) -> bool:
    before = text[: one.start]
    if is_han(text[one.start]):
        return _POINTED_ZH.match(text, one.end) is not None
    if _POINTS_AT[1].search(before):
        return True
    after = (_POINTED_AFTER if one.degree > PLAIN else _ONE).match(text, one.end)
    return _POINTS_AT[0].search(before) is not None and after is not None


def extreme(pool: Sequence[int], scale: str, sign: int, shelf: Shelf) -> list[int]:
    """Of some items those that have most (or least) of something; empty where fewer than two say, or all the same."""
    have = [(shelf.facts[item].scales[scale], item) for item in pool if scale in _scales(item, shelf)]
    if len(have) < 2:
        return []
    values = [most if sign > 0 else least for (least, most), _ in have]
    best = max(values) if sign > 0 else min(values)
    return (
        [item for value, (_, item) in zip(values, have, strict=True) if value == best] if len(set(values)) > 1 else []
    )


def _scales(item: int, shelf: Shelf) -> dict[str, tuple[float, float]]:
    facts = shelf.facts.get(item)
    return dict(facts.scales) if facts else {}


_DESCRIPTIONS = [re.compile(one, re.ASCII) for name in ("described", "described_by") for one in table("patterns")[name]]


def _described(text: str, pool: Sequence[int], memory: Memory, shelf: Shelf) -> Meant:
    """The only item that a description fits, by its facets or words, or else the nearest in meaning: of the list, or of
    what was shown before."""
    for items in (pool, *reversed(memory.lists[:-1])):
        spelt = _DESCRIPTIONS + (_LOOSE if items is pool else [])
        for match in (match for one in spelt for match in one.finditer(text)):
            said = next((group for group in match.groups() if group), "").strip()
            if said and (one := _only(said, items, shelf, items is pool)) >= 0:
                return Meant((one,), False, True, match.span())
    return Meant()


def _of_catalogue(text: str, shelf: Shelf) -> Meant:
    """The only item of the catalogue that a description fits, though it was not shown."""
    for match in (match for spelt in _DESCRIPTIONS for match in spelt.finditer(text)):
        said = next((group for group in match.groups() if group), "").strip()
        found = _fitting(said, shelf) if len(said) > 1 and not _BETWEEN.fullmatch(said) else []
        if len(found) == 1:
            return Meant((found[0],), False, True, match.span())
        if not found and is_han(said) and (one := nearest(said, sorted(shelf.facts), shelf, (FAR, FAR_AHEAD))) >= 0:
            return Meant((one,), False, True, match.span())
    return Meant()


def _fitting(said: str, shelf: Shelf) -> list[int]:
    """The items of the catalogue that some words are said of, or in whose language they are."""
    if found := shelf.speaking_of(said):
        return found
    languages = {(name, value) for name, value, _, _ in languages_in(f"{said} language")}
    return [item for item, facts in shelf.facts.items() if languages and languages <= facts.facets]


def _only(said: str, items: Sequence[int], shelf: Shelf, near: bool) -> int:
    """The only item that has some words, or the facets that they mean; or else the ``near``est in meaning; -1 for none."""
    if len(items) < 2:
        return -1
    for holds in (worded, fits):
        fit = [item for item in items if item in shelf.facts and holds(said, shelf.facts[item])]
        if len(fit) == 1:
            return fit[0]
    return nearest(said, items, shelf) if near and not fit else -1


def shown_like(text: str, slots: Sequence[Slot], memory: Memory, shelf: Shelf) -> int:
    """The item among all that were shown that a description fits best: what its ``slots`` say first, then its meaning; -1
    where nothing fits."""
    facets = {(slot.name, slot.value) for slot in slots if slot.name in ("genre", "kind", "mood", "region")}
    shown = [item for item in memory.shown[-_RECENT:] if item in shelf.facts]
    fit = [item for item in shown if facets and facets <= shelf.facts[item].facets] or [
        item for item in shown if facets & {facet for facet in shelf.facts[item].facets if facet[0] != "kind"}
    ]
    if len(fit) < 2:
        return fit[0] if fit else nearest(text, shown, shelf)
    said = (group for one in _DESCRIPTIONS for match in one.finditer(text) for group in match.groups() if group)
    found = nearest(next(said, text), fit, shelf, (0.0, 0.0))
    return found if found >= 0 else fit[-1]


def nearest(said: str, pool: Sequence[int], shelf: Shelf, least: tuple[float, float] = (NEAR, AHEAD)) -> int:
    """The item of some that words mean, where one is clearly nearest in meaning; -1 where none is."""
    items = [item for item in pool if item < len(shelf.vectors)]
    query = shelf.embedded_query(said) if len(items) > 1 and len(said) > 1 else None
    if query is None:
        return -1
    cosines = shelf.vectors[items] @ query
    order = np.argsort(-cosines)
    clear = cosines[order[0]] >= least[0] and cosines[order[0]] - cosines[order[1]] >= least[1]
    return items[int(order[0])] if clear else -1


def _together(counted: re.Match[str] | None, memory: Memory, pool: Sequence[int]) -> tuple[int, ...]:
    """As many as are spoken of: the pair that was compared, the last list, or the latest that were shown."""
    if counted is None:
        return tuple(pool) if len(pool) > 1 or not memory.compared else memory.compared
    count = 2 if counted[3] else int(number(counted[1] or counted[2]) or 0)
    for known in (memory.compared, pool):
        if len(known) == count:
            return tuple(known)
    return tuple(memory.shown[-count:]) if len(pool) < count else tuple(pool[:count])
