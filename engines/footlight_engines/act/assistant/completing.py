"""What a text is for, with the terms of the catalogue in view, and what its other words say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.asides import cued
from footlight_engines.act.assistant.clauses import indispensable, neither
from footlight_engines.act.assistant.informing import asks_something
from footlight_engines.act.assistant.leaving_out import left_out
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.questions import only_compares
from footlight_engines.act.assistant.references import Meant, nearest
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot
from footlight_engines.act.assistant.smalltalk import aside, courtesy
from footlight_engines.act.assistant.taking_back import taken_back
from footlight_engines.act.assistant.terms import terms_of
from footlight_engines.act.assistant.understood import Understood
from footlight_plugins import EmbedderFailed

WISHING = (intents.ASK, intents.MORE, intents.PREFERENCE, intents.CRITIQUE)
_UNLIKE = pattern("unlike")
_ASKING = pattern("puts_a_question")
_LIKENESS = pattern("rather_like")
_PLACE = re.compile(r"第.[个部款首]|\b(?:first|second|third|last)\b")
_SURPRISE = pattern("surprise")
_SEEKS = pattern("seeks")
_ELLIPTIC_WISH = pattern("elliptic_wish")
_WHOSE = pattern("whose")
_GOES_BACK = pattern("goes_back")
_CHOOSES = pattern("chooses")
_FAREWELLS = ("thanks", "goodbye")
_LEAVING = re.compile(r"\bthat's (?:all|it)\b|就这些|没别的了|没事了")
_LIKE_END = re.compile(r"[,，。.;；]|\band\b|\bbut\b|多|更|要")


def understood_slots(base: Understood) -> Sequence[Slot]:
    """The slots of a text whatever it is for: a question asks by what a wish wants."""
    return base.every or base.slots


def denied(text: str, slots: Iterable[Slot]) -> list[Slot]:
    """Slots without those that a denied no leaves open, and those that one cannot do without as wanted."""
    spans, needed = neither(text), indispensable(text)
    kept = [slot for slot in slots if not inside(slot, spans)]
    return [replace(slot, polarity=WANTED) if inside(slot, needed) else slot for slot in kept]


def inside(slot: Slot, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a slot begins within one of some pieces of the text."""
    return any(start <= slot.place < end for start, end in spans)


def completed(found: Understood, memory: Memory, shelf: Shelf, about: Meant) -> Understood:
    """What a text is for, with its terms in view; and what its other words say."""
    text = found.utterance.text
    if not (found.slots or found.terms) and found.intent != intents.ACCEPT and cued(text) == "act":
        return replace(found, intent=intents.OTHER, aside="act")
    surprise = _SURPRISE.search(text) is not None and found.intent not in (intents.ACCEPT, intents.WHY)
    intent = _with_terms(found, memory, about)
    if surprise and not any(slot.polarity == WANTED and slot.name != "region" for slot in found.slots):
        found = replace(found, slots=tuple(slot for slot in found.slots if slot.polarity == UNWANTED), surprise=True)
        intent = intents.ASK
    if intent in (*WISHING, intents.UNSURE, intents.REJECT):
        found = _with_words(found, memory, shelf, intent)
        named = any(term.polarity == UNWANTED and term.name in ("tag", "kind") for term in found.terms)
        intent = intents.CRITIQUE if intent == intents.REJECT and named else intent
        intent = intents.ASK if intent == intents.UNSURE and found.terms else intent
    if intent in WISHING and _UNLIKE.search(text):
        found = _unlike(found, about)
    found, intent = taken_back(found, intent, memory)
    said = bool(found.said or found.surprise or found.meant)
    if not said and (intent in (*WISHING, intents.UNSURE) or _LEAVING.search(text)) and courtesy(text) in _FAREWELLS:
        return replace(found, intent=intents.OTHER)
    if name := aside(found, intent, shelf):
        return replace(found, intent=intents.OTHER, aside=name)
    return replace(found, intent=intent)


def _with_terms(found: Understood, memory: Memory, about: Meant) -> str:
    """A text that only terms say something in is a wish, or narrows one."""
    text = found.utterance.text
    asks = memory.focus >= 0 and found.intent in (intents.UNSURE, intents.OTHER) and asks_something(text)
    back = about.explicit and len(about.items) == 1 and _goes_back(text, found.slots)
    if memory.focus >= 0 and _WHOSE.search(text):
        return intents.INQUIRE
    if back or (asks and not found.slots and not _SEEKS.search(text)):
        return intents.INQUIRE
    if about.explicit and len(about.items) == 1 and _puts(text) and found.intent in (*WISHING, intents.UNSURE):
        return intents.INQUIRE
    whole = about.span[1] - about.span[0] >= len(text) - 5 and about.explicit
    if (whole and found.intent == intents.UNSURE) or chosen(found, about, memory):
        return intents.ACCEPT
    if not found.terms:
        return found.intent
    if found.intent in (intents.UNSURE, intents.OTHER, intents.HELP):
        return intents.CRITIQUE if memory.last else intents.ASK
    if found.intent == intents.INQUIRE and not about.explicit and (_SEEKS.search(text) or _ELLIPTIC_WISH.search(text)):
        return intents.ASK
    if found.intent == intents.INQUIRE and only_compares(text):
        return intents.CRITIQUE if memory.last else intents.ASK
    if found.intent in (intents.ACCEPT, intents.REJECT) and not about.explicit and _narrows(found.terms):
        return intents.CRITIQUE
    return found.intent


def _goes_back(text: str, slots: Sequence[Slot]) -> bool:
    """Whether it comes back to something; "Back to the Future" does not."""
    titles = [slot for slot in slots if slot.name == "title"]
    found = _GOES_BACK.finditer(text)
    return any(not any(one.place <= match.start() < one.end for one in titles) for match in found)


def _puts(text: str) -> bool:
    """Whether it asks one of the things that are known of items."""
    return _ASKING.search(text) is not None and asks_something(text) and not _SEEKS.search(text)


def chosen(found: Understood, about: Meant, memory: Memory) -> bool:
    """Whether it takes an item that it describes: "I'd rather have the one that takes longer", 就守灯人."""
    text = found.utterance.text
    described = about.span[1] > 0 or not _PLACE.search(text)
    if about.items and about.items[0] not in memory.shown and not about.span[1]:
        return False
    open_to = (intents.ASK, intents.MORE, intents.PREFERENCE, intents.CRITIQUE, intents.UNSURE)
    if not (about.explicit and len(about.items) == 1 and described and found.intent in open_to):
        return False
    return _CHOOSES.search(text) is not None and not _UNLIKE.search(text) and not _LIKENESS.search(text)


def _narrows(terms: Sequence[Slot]) -> bool:
    return any(term.name not in ("tag", "kind") for term in terms)


def _with_words(found: Understood, memory: Memory, shelf: Shelf, intent: str) -> Understood:
    """Labels of the catalogue that other words mean, and what no slot or label knows and is to be left out."""
    text = found.utterance.text
    said = [*understood_slots(found), *found.terms]
    taken = [(slot.place, slot.end) for slot in said]
    near: list[tuple[str, str, int, int]] = []
    if shelf.embedder is not None and shelf.labels.labels and len(text) <= 200:
        try:
            near = shelf.labels.near(text, taken, shelf.embedder)
        except EmbedderFailed as fault:
            shelf.go_without(fault)
    more = [term for term in _labelled(text, near) if term.key[:2] not in {slot.key[:2] for slot in said}]
    without, unlike = [], []
    for term in left_out(text, [*said, *more]):
        unknown = memory.last and not shelf.speaking_of(term.value)
        item = nearest(term.value, memory.last, shelf) if unknown else -1
        unlike += [item] if item >= 0 else []
        without += [term] if item < 0 else []
    terms = (*found.terms, *denied(text, [*more, *without]))
    return _own_kinds(replace(found, terms=terms, unlike=(*found.unlike, *unlike)), shelf)


def _own_kinds(found: Understood, shelf: Shelf) -> Understood:
    """A kind that the catalogue lacks as those of its own that are near to it: there are no series, but shows."""
    lacking = [slot for slot in found.slots if slot.name == "kind" and not shelf.with_facet("kind", slot.value).any()]
    if not lacking or shelf.embedder is None:
        return found
    text, more = found.utterance.text, []
    if any(term.name == "tag" and term.polarity == WANTED for term in found.terms):
        return replace(found, slots=tuple(slot for slot in found.slots if slot not in lacking))
    for slot in lacking:
        near = shelf.labels.alike(text[slot.place : slot.end] or slot.value, shelf.embedder)
        more += [replace(slot, value=value) for _, value in near]
    kept = tuple(slot for slot in found.slots if not more or slot not in lacking)
    return replace(found, slots=kept, terms=(*found.terms, *more))


def _labelled(text: str, labels: Iterable[tuple[str, str, int, int]]) -> list[Slot]:
    return [term for term in terms_of(text, labels) if term.name in ("tag", "kind")]


def _unlike(found: Understood, about: Meant) -> Understood:
    """ "Less like that one and more like Groundhog Day": what the first is, is unwanted."""
    text = found.utterance.text
    spans = []
    for match in _UNLIKE.finditer(text):
        end = _LIKE_END.search(text, match.end() + 1)
        spans.append((match.start(), end.start() if end else len(text)))
    slots = tuple(
        replace(slot, polarity=UNWANTED) if slot.name == "title" and inside(slot, spans) else slot
        for slot in found.slots
    )
    named = tuple(slot.item for slot in slots if slot.name == "title" and slot.polarity == UNWANTED and slot.item >= 0)
    pointed = tuple(item for item in about.items if item not in found.named) if not named else ()
    return replace(found, slots=slots, unlike=(*found.unlike, *named, *pointed[:1]))
