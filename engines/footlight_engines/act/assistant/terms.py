"""What a text says of quantities, languages and the catalogue's own labels: wishes for which no slot of old is made.

They are slots like the others, but the classifier, which was trained without them, does not see them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from footlight_engines.act.assistant.languages import LANGUAGE, SUBTITLES, languages_in
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.scales import (
    COMPARED,
    EXTREME,
    PLAIN,
    Degree,
    degrees,
    figures_on,
    rating_first,
    scales,
    zeros,
)
from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot, polarity_at

_TOO = re.compile(r"(?:\b(?:too|a bit|a little|kinda|rather|way too|so)|太|有点儿?|有些|过于|偏)\s*$")
_TOO_AFTER = re.compile(r"了(?:一?点儿?|一?些)")
"""贵了点: dearer than it should be."""
_DENIED = pattern("denied_degree")
_SUBTITLES = re.compile(r"\bsub(?:s|titles?)\b|字幕")
_THIS_CENTURY = pattern("this_century")
_COMPANY = {1: pattern("alone"), 2: pattern("in_company")}
"""At least so many players, where no figure says it."""


def terms_of(text: str, labels: Iterable[tuple[str, str, int, int]] = (), language: str = "") -> list[Slot]:
    """The terms of a normalised text; ``labels`` are the catalogue's in it, ``language`` is the speaker's."""
    found = [*_figures(text), *_languages(text, language)]
    counted = {slot.name for slot in found}
    found += [slot for slot in _degrees(text) if slot.name not in counted]
    if match := _THIS_CENTURY.search(text):
        found.append(Slot("era", "after:2000", polarity_at(text, *match.span()), place=match.start(), end=match.end()))
    if "players" not in counted:
        found += _company(text)
    found += [
        Slot(name, value, polarity_at(text, start, end), place=start, end=end) for name, value, start, end in labels
    ]
    unique: dict[tuple[str, str], Slot] = {}
    compared = {slot.name for slot in found if slot.value in ("lower", "higher")}
    for slot in found:
        if slot.name not in compared or slot.value not in ("low", "high"):  # 贵了点，便宜的呢: cheaper than that
            unique.setdefault(slot.key[:2], slot)
    return sorted(unique.values(), key=lambda slot: slot.place)


def _figures(text: str) -> Iterator[Slot]:
    for name, value, start, end in (*figures_on(text), *zeros(text)):
        polarity = polarity_at(text, start, end)
        bound, _, figure = value.partition(":")
        if polarity == UNWANTED and bound in ("max", "min") and figure != "0":
            value, polarity = f"{'min' if bound == 'max' else 'max'}:{figure}", WANTED
        yield Slot(name, value, polarity, place=start, end=end)


def _languages(text: str, language: str) -> Iterator[Slot]:
    said = list(languages_in(text))
    for name, value, start, end in said:
        polarity = WANTED if value == "instrumental" else polarity_at(text, start, end)
        yield Slot(name, value, polarity, place=start, end=end)
    mine = {"en": "english", "zh": "chinese"}.get(language)
    for match in _SUBTITLES.finditer(text):
        if not said and mine and polarity_at(text, match.start(), match.end()) == UNWANTED:
            yield Slot(LANGUAGE, mine, place=match.start(), end=match.end())  # who reads none has to understand it


def _degrees(text: str) -> Iterator[Slot]:
    text = rating_first(text)
    for one in degrees(text):
        if scales()[one.scale].wish or (one.degree == EXTREME and one.scale in ("duration", "year")):
            yield _wish(text, one)
        elif one.scale == "year" and one.degree == PLAIN and _WANTS_IT.search(text[: one.start]):
            yield Slot("era", "recent" if one.sign > 0 else "classic", place=one.start, end=one.end)
        elif one.degree == COMPARED and one.scale in _COMPARED:
            value = _COMPARED[one.scale][one.sign < 0]
            yield Slot("era" if one.scale == "year" else one.scale, value, place=one.start, end=one.end)


_WANTS_IT = re.compile(r"(?:要|想看|看|来点?|换)$")
_COMPARED = {"duration": ("longer", "shorter"), "year": ("newer", "older")}
"""What the slots of old say that compares; where they heard it, their own holds."""


def _wish(text: str, one: Degree) -> Slot:
    """An adjective as a wish: easy, easier, the easiest; "too hard" wants it easier, "not too hard" nothing hard."""
    before = text[: one.start]
    high, higher, most = ("high", "higher", "most") if one.sign > 0 else ("low", "lower", "least")
    opposite = "lower" if one.sign > 0 else "higher"
    place = {"place": one.start, "end": one.end}
    if one.degree == EXTREME:
        return Slot(one.scale, most, **place)
    if one.degree == COMPARED:
        return Slot(one.scale, higher, polarity_at(text, one.start, one.end), **place)
    if _TOO_AFTER.match(text, one.end):
        return Slot(one.scale, opposite, **place)
    if match := _TOO.search(before):
        denied = _DENIED.search(before[: match.start()]) or _DENIED.search(before)
        return Slot(one.scale, high, UNWANTED, **place) if denied else Slot(one.scale, opposite, **place)
    polarity = UNWANTED if _DENIED.search(before) else polarity_at(text, one.start, one.end)
    return Slot(one.scale, high, polarity, **place)


def _company(text: str) -> Iterator[Slot]:
    for least, said in _COMPANY.items():
        if (match := said.search(text)) and polarity_at(text, match.start(), match.end()) == WANTED:
            yield Slot("players", f"with:{least}", place=match.start(), end=match.end())
            return


def settled(slots: Sequence[Slot], terms: Sequence[Slot], known: Iterable[str]) -> tuple[list[Slot], list[Slot]]:
    """Slots and terms where both read the same words: a language rather than its country, where the catalogue ``known``
    says which languages there are; and no term twice."""
    knows = set(known)
    titles = [slot for slot in slots if slot.name == "title" and slot.end]
    terms = [term for term in terms if not _covers(titles, term)]
    spoken = [term for term in terms if term.name in (LANGUAGE, SUBTITLES)]
    unheard = {term for term in spoken if term.name not in knows and _covers(slots, term, "region")}
    heard = [term for term in terms if term not in unheard]
    beside = [term for term in spoken if term not in unheard]
    kept = [slot for slot in slots if slot.name != "region" or not _covers(beside, slot)]
    taken = [slot for slot in kept if slot.name not in ("kind",)]
    said = {slot.name for slot in slots}
    heard = [term for term in heard if term.name not in ("duration", "era") or term.name not in said]
    return kept, [term for term in heard if term.name != "tag" or not _covers(taken, term)]


def _covers(slots: Iterable[Slot], one: Slot, name: str = "") -> bool:
    return any(slot.place < one.end and one.place < slot.end and (not name or slot.name == name) for slot in slots)
