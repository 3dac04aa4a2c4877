"""A whole turn: its clauses, the terms of the catalogue, the items that it speaks of, and the question that it puts.

`understanding` reads one text as it stands; this sees to what is around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.baselines import baseline
from footlight_engines.act.assistant.clauses import answers_and_wishes, last_mind
from footlight_engines.act.assistant.completing import WISHING, chosen, completed, denied, understood_slots
from footlight_engines.act.assistant.condensing import condensed
from footlight_engines.act.assistant.counting import items_asked_for
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.questions import LIVE, asked, whose_time
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.references import Meant, meant, shown_like
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.situations import felt
from footlight_engines.act.assistant.slots import WANTED, Slot
from footlight_engines.act.assistant.taking_back import (
    at_most,
    between,
    born,
    from_complaint,
    one_kind,
    told_which,
    watches,
)
from footlight_engines.act.assistant.terms import settled, terms_of
from footlight_engines.act.assistant.topics import topic_in
from footlight_engines.act.assistant.understanding import understand
from footlight_engines.act.assistant.understood import Understood

_OPEN = (*WISHING, intents.UNSURE, intents.OTHER)
"""What a text is for that may tell of a situation."""
_ANSWERING = (intents.ACCEPT, intents.SEEN, intents.REJECT)
_ASKS_NAME = pattern("asks_name")
_ONLY_AGREES = re.compile(
    r"(?:ok(?:ay)?|fine|alright|all right|well|right|sure|so|then|hm+|好吧?|行吧?|嗯+|那|成|ok吧?)[ .!。！]*"
)
"""What begins a wish without taking anything: "fine, film noir then"."""
_GIVES_UP = pattern("gives_up")
_ONE_THAT_HAS = pattern("one_that_has")
_ABOUT = re.compile(r"(?:\babout |关于)$")


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
    if base.utterance.empty or base.fresh:
        return base
    base = _anew_or_wish(base)
    if base.intent == intents.RESET:
        return base
    if base.intent == intents.UNDO:
        return _undone(base, memory, shelf)
    about = meant(base.utterance.text, memory, shelf, base.named)
    slots, terms = _wishes(base, memory, shelf)
    if (question := _question(base, about, terms, memory, shelf)) is not None:
        return question
    base = replace(base, slots=tuple(_without_pointers(slots, about)), terms=tuple(_without_pointers(terms, about)))
    found, about = _measured(_with_situation(base, about), about, shelf)
    pair = about.several and found.intent == intents.ACCEPT
    found = replace(found, meant=about.items if about.explicit or pair else ())
    if memory.unsure and (item := told_which(found, memory, about, shelf)) >= 0:
        title = Slot("title", shelf.facts[item].title.lower(), WANTED, item)
        kept = tuple(slot for slot in found.slots if slot.name not in ("era", "title"))
        return replace(found, intent=intents.PREFERENCE, slots=(*kept, title), terms=(), meant=())
    return completed(found, memory, shelf, about)


def _anew_or_wish(base: Understood) -> Understood:
    """A text that seems to begin anew and says what is wanted is a wish, unless it says the first in so many words."""
    said = base.utterance.text
    told = base.intent != intents.RESET or intents.heard_cues(said).get(intents.RESET, 0) or not terms_of(said)
    return base if told else replace(base, intent=intents.ASK)


def _undone(base: Understood, memory: Memory, shelf: Shelf) -> Understood:
    """Going back, or taking an item of before: "the robot one after all"."""
    about = meant(base.utterance.text, memory, shelf, base.named)
    taken = chosen(replace(base, intent=intents.UNSURE), about, memory)
    return replace(base, intent=intents.ACCEPT, meant=about.items) if taken else base


def _wishes(base: Understood, memory: Memory, shelf: Shelf) -> tuple[list[Slot], list[Slot]]:
    """The slots and the catalogue's own terms that are wished for, or not."""
    said = base.utterance.text
    terms = terms_of(said, shelf.labels.find(said), base.utterance.language)
    slots, terms = settled(denied(said, base.slots), denied(said, terms), _known(shelf))
    slots = [from_complaint(slot, said, memory) for slot in slots if not _ABOUT.search(said[: slot.place])]
    slots = [slot for slot in slots if slot.name != "age" or watches(said, slot)]
    slots = between(born(at_most(one_kind(slots)), said))
    if _ONE_THAT_HAS.search(said):
        terms = [replace(term, polarity=WANTED) for term in terms]
    return slots, terms


def _question(base: Understood, about: Meant, terms: Sequence[Slot], memory: Memory, shelf: Shelf) -> Understood | None:
    """The text as a question about items; None where it puts none."""
    said = base.utterance.text
    every, _ = settled(denied(said, understood_slots(base)), terms, _known(shelf))
    if not base.released and (question := asked(said, memory, about, every, terms, whose_time(said, shelf))):
        about_whom = question.items if question.form == LIVE else about.items
        return replace(base, intent=intents.INQUIRE, slots=(), query=question, meant=about_whom)
    if memory.shown and _ASKS_NAME.search(said) and not (about.explicit and about.span == (0, 0)):
        item = about.items[0] if about.explicit else shown_like(said, every, memory, shelf)
        return replace(base, intent=intents.INQUIRE, slots=(), meant=(item,)) if item >= 0 else None
    return None


def _with_situation(base: Understood, about: Meant) -> Understood:
    """What a situation suggests, and what is spoken of, beside what is said."""
    said = base.utterance.text
    takes_none = base.intent == intents.ACCEPT and not (about.explicit or intents.points(said))
    if base.intent not in _OPEN and not takes_none:
        return base
    situation = felt(said, base.slots)
    terms = [*base.terms, *situation.added]
    terms += topic_in(said, [*situation.slots, *terms])
    return replace(base, slots=tuple(situation.slots), terms=tuple(terms), suited=situation.suited)


def _measured(base: Understood, about: Meant, shelf: Shelf) -> tuple[Understood, Meant]:
    """With the item that others are measured by, which is not spoken of otherwise."""
    items = about.items if about.explicit else ()
    than, both = baseline(base.utterance.text, [*base.slots, *base.terms], items, shelf)
    if than < 0 or base.intent not in _OPEN:
        return base, about
    slots, terms = (tuple(slot for slot in given if slot in both) for given in (base.slots, base.terms))
    return replace(base, slots=slots, terms=terms, than=than, named=()), Meant()


def _known(shelf: Shelf) -> set[str]:
    return {name for name in ("language", "subtitles") if shelf.knows(name)}


def _without_pointers(slots: Iterable[Slot], about: Meant) -> list[Slot]:
    """Slots but for those that only say which item is spoken of."""
    return [slot for slot in slots if not (slot.place < about.span[1] and about.span[0] < slot.end)]
