"""A whole turn: its clauses, the terms of the catalogue, the items that it speaks of, and the question that it puts.

`understanding` reads one text as it stands; this sees to what is around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.asides import cued
from footlight_engines.act.assistant.baselines import baseline
from footlight_engines.act.assistant.clauses import answers_and_wishes, indispensable, last_mind, neither
from footlight_engines.act.assistant.condensing import condensed
from footlight_engines.act.assistant.counting import items_asked_for
from footlight_engines.act.assistant.informing import asks_something
from footlight_engines.act.assistant.leaving_out import left_out
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.questions import LIVE, asked, only_compares, whose_time
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.references import Meant, meant, nearest, shown_like
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.situations import felt
from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot
from footlight_engines.act.assistant.smalltalk import aside, courtesy
from footlight_engines.act.assistant.taking_back import (
    at_most,
    between,
    born,
    from_complaint,
    one_kind,
    taken_back,
    told_which,
    watches,
)
from footlight_engines.act.assistant.terms import settled, terms_of
from footlight_engines.act.assistant.topics import topic_in
from footlight_engines.act.assistant.understanding import understand
from footlight_engines.act.assistant.understood import Understood
from footlight_plugins import EmbedderFailed

WISHING = (intents.ASK, intents.MORE, intents.PREFERENCE, intents.CRITIQUE)
_OPEN = (*WISHING, intents.UNSURE, intents.OTHER)
"""What a text is for that may tell of a situation."""
_ANSWERING = (intents.ACCEPT, intents.SEEN, intents.REJECT)
_UNLIKE = pattern("unlike")
_ASKING = pattern("puts_a_question")
_LIKENESS = pattern("rather_like")
_PLACE = re.compile(r"第.[个部款首]|\b(?:first|second|third|last)\b")
_SURPRISE = pattern("surprise")
_SEEKS = pattern("seeks")
_ASKS_NAME = pattern("asks_name")
_ONLY_AGREES = re.compile(
    r"(?:ok(?:ay)?|fine|alright|all right|well|right|sure|so|then|hm+|好吧?|行吧?|嗯+|那|成|ok吧?)[ .!。！]*"
)
"""What begins a wish without taking anything: "fine, film noir then"."""
_GIVES_UP = pattern("gives_up")
_ELLIPTIC_WISH = pattern("elliptic_wish")
_WHOSE = pattern("whose")
_GOES_BACK = pattern("goes_back")
_ONE_THAT_HAS = pattern("one_that_has")
_ABOUT = re.compile(r"(?:\babout |关于)$")
_CHOOSES = pattern("chooses")
_FAREWELLS = ("thanks", "goodbye")
_LEAVING = re.compile(r"\bthat's (?:all|it)\b|就这些|没别的了|没事了")
_LIKE_END = re.compile(r"[,，。.;；]|\band\b|\bbut\b|多|更|要")


def heard(text: str, memory: Memory, shelf: Shelf) -> Understood:
    """Understand a turn of a conversation about the items of a shelf."""
    said, text = read(text).text, last_mind(condensed(text))
    found = _heard(text, memory, shelf)
    gives_up = _GIVES_UP.search(said) is not None and found.intent in WISHING and not found.corrects
    return _counted(replace(found, anew=gives_up), memory)


def _counted(found: Understood, memory: Memory) -> Understood:
    """A number of items is a wish for so many, whatever else it sounded like: "ok, six options then"."""
    if found.count > 1 and found.intent in (intents.ACCEPT, intents.UNSURE, intents.OTHER, intents.PREFERENCE):
        wanted = any(slot.polarity == WANTED for slot in found.said)
        if not found.meant and (wanted or found.intent != intents.PREFERENCE):
            return replace(found, intent=intents.ASK if wanted or not memory.last else intents.MORE)
    return found


def _heard(text: str, memory: Memory, shelf: Shelf) -> Understood:
    for first, rest in answers_and_wishes(text):
        if found := _answer_then_wish(first, rest, memory, shelf):
            return replace(found, count=items_asked_for(read(rest).text))
    found = _one(text, memory, shelf)
    return replace(found, count=items_asked_for(found.utterance.text))


def _answer_then_wish(first: str, rest: str, memory: Memory, shelf: Shelf) -> Understood | None:
    """A short answer with a wish behind it: "seen it. Anything older?"; None where it is none."""
    answer = _one(first, memory, shelf)
    plain = not (answer.slots or answer.terms or answer.query) and (not answer.every or bool(answer.meant))
    if answer.intent not in _ANSWERING or not plain or _ONLY_AGREES.fullmatch(answer.utterance.text):
        return None
    wish = _one(rest, memory, shelf)
    if answer.intent == intents.ACCEPT and wish.aside:
        return replace(answer, aside=wish.aside) if wish.aside == "act" else wish
    wishes = wish.intent in WISHING and (wish.slots or wish.terms or wish.surprise)
    return replace(wish, first=answer) if wishes else None


def _one(text: str, memory: Memory, shelf: Shelf) -> Understood:
    base = understand(text, memory, shelf)
    said = base.utterance.text
    if base.utterance.empty or base.fresh:
        return base
    if base.intent == intents.RESET:
        told = intents.heard_cues(said).get(intents.RESET, 0) or not terms_of(said)
        base = base if told else replace(base, intent=intents.ASK)
        if told:
            return base
    if base.intent == intents.UNDO:
        about = meant(said, memory, shelf, base.named)
        taken = _chosen(replace(base, intent=intents.UNSURE), about, memory)  # "the robot one after all"
        return replace(base, intent=intents.ACCEPT, meant=about.items) if taken else base
    terms = terms_of(said, shelf.labels.find(said), base.utterance.language)
    slots, terms = settled(_denied(said, base.slots), _denied(said, terms), _known(shelf))
    slots = [from_complaint(slot, said, memory) for slot in slots if not _ABOUT.search(said[: slot.place])]
    slots = [slot for slot in slots if slot.name != "age" or watches(said, slot)]
    slots = between(born(at_most(one_kind(slots)), said))
    if _ONE_THAT_HAS.search(said):
        terms = [replace(term, polarity=WANTED) for term in terms]
    about = meant(said, memory, shelf, base.named)
    every, _ = settled(_denied(said, understood_slots(base)), terms, _known(shelf))
    if not base.released and (question := asked(said, memory, about, every, terms, whose_time(said, shelf))):
        about_whom = question.items if question.form == LIVE else about.items
        return replace(base, intent=intents.INQUIRE, slots=(), query=question, meant=about_whom)
    if memory.shown and _ASKS_NAME.search(said) and not (about.explicit and about.span == (0, 0)):
        item = about.items[0] if about.explicit else shown_like(said, every, memory, shelf)
        if item >= 0:
            return replace(base, intent=intents.INQUIRE, slots=(), meant=(item,))
    slots, terms = _without_pointers(slots, about), _without_pointers(terms, about)
    if base.intent in _OPEN or (base.intent == intents.ACCEPT and not (about.explicit or intents.points(said))):
        situation = felt(said, slots)
        slots, terms = situation.slots, [*terms, *situation.added]
        terms += topic_in(said, [*slots, *terms])
        base = replace(base, suited=situation.suited)
    than, both = baseline(said, [*slots, *terms], about.items if about.explicit else (), shelf)
    if than >= 0 and base.intent in _OPEN:
        slots, terms = [slot for slot in slots if slot in both], [term for term in terms if term in both]
        base, about = replace(base, than=than, named=()), Meant()
    pair = about.several and base.intent == intents.ACCEPT
    found = replace(base, slots=tuple(slots), terms=tuple(terms), meant=about.items if about.explicit or pair else ())
    if memory.unsure and (item := told_which(found, memory, about, shelf)) >= 0:
        title = Slot("title", shelf.facts[item].title.lower(), WANTED, item)
        kept = tuple(slot for slot in found.slots if slot.name not in ("era", "title"))
        return replace(found, intent=intents.PREFERENCE, slots=(*kept, title), terms=(), meant=())
    return _completed(found, memory, shelf, about)


def understood_slots(base: Understood) -> Sequence[Slot]:
    """The slots of a text whatever it is for: a question asks by what a wish wants."""
    return base.every or base.slots


def _known(shelf: Shelf) -> set[str]:
    return {name for name in ("language", "subtitles") if shelf.knows(name)}


def _denied(text: str, slots: Iterable[Slot]) -> list[Slot]:
    """Slots without those that a denied no leaves open, and those that one cannot do without as wanted."""
    spans, needed = neither(text), indispensable(text)
    kept = [slot for slot in slots if not _inside(slot, spans)]
    return [replace(slot, polarity=WANTED) if _inside(slot, needed) else slot for slot in kept]


def _without_pointers(slots: Iterable[Slot], about: Meant) -> list[Slot]:
    """Slots but for those that only say which item is spoken of."""
    return [slot for slot in slots if not (slot.place < about.span[1] and about.span[0] < slot.end)]


def _inside(slot: Slot, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= slot.place < end for start, end in spans)


def _completed(found: Understood, memory: Memory, shelf: Shelf, about: Meant) -> Understood:
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
    if (whole and found.intent == intents.UNSURE) or _chosen(found, about, memory):
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


def _chosen(found: Understood, about: Meant, memory: Memory) -> bool:
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
    terms = (*found.terms, *_denied(text, [*more, *without]))
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
        replace(slot, polarity=UNWANTED) if slot.name == "title" and _inside(slot, spans) else slot
        for slot in found.slots
    )
    named = tuple(slot.item for slot in slots if slot.name == "title" and slot.polarity == UNWANTED and slot.item >= 0)
    pointed = tuple(item for item in about.items if item not in found.named) if not named else ()
    return replace(found, slots=slots, unlike=(*found.unlike, *named, *pointed[:1]))
