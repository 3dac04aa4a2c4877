"""From a text to an intent and slots, with the catalogue and the conversation at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.classifier import classifier
from footlight_engines.act.assistant.lexicons import pattern, shared_lexicon
from footlight_engines.act.assistant.listed_titles import known_already
from footlight_engines.act.assistant.memory import LEFT_OUT, Memory
from footlight_engines.act.assistant.numbers import ordinal
from footlight_engines.act.assistant.people import people_in
from footlight_engines.act.assistant.pointing import place_described, shown_called
from footlight_engines.act.assistant.reading import is_han, read
from footlight_engines.act.assistant.releasing import released
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import Slot, slots_of
from footlight_engines.act.assistant.title_index import Match, spellings
from footlight_engines.act.assistant.titles import translated
from footlight_engines.act.assistant.understood import Understood
from footlight_plugins import find_embedder

CERTAIN = 9.0
"""A cue of this weight decides by itself."""
BELIEF = 120.0
"""What the classifier's whole certainty weighs beside the cues."""
LEAST = 0.05
"""Where no cue speaks, the classifier has to be so certain by itself: of nonsense it is not."""
SURE = 0.03
"""By so much the classifier's first guess has to be ahead of its second; otherwise the assistant asks back."""
DRASTIC = {intents.UNDO: 0.12, intents.RESET: 0.12, intents.ACCEPT: 0.12, intents.REJECT: 0.12, intents.SEEN: 0.12}
"""What changes a conversation, takes more."""
LONG = 300
"""A text of more characters is no title, and is not searched for titles that nothing introduces."""
SHORT = 12
"""A text of at most so many characters with a number in it takes that item."""
Mind = Callable[[str, Sequence[Slot]], Mapping[str, float]]
"""The probability of each intent of a normalised text with its slots."""
MOST_OF_A_FAMILY = 12
"""So many films of a family are meant by its name."""
_NO_SEEN = (intents.ASK, intents.PREFERENCE, intents.UNSURE, intents.OTHER)
"""What a list of titles that are known already may be taken for."""
_SAME = pattern("by_the_same")
_ASKING = pattern("asking")
_THERE = pattern("whether_there")
_LIKENESS = re.compile(r"\b(?:like|similar|vein|style|such as|sort of)\b|像|类似|一样|那样|差不多|那种|同类|之类")
_LATIN_RUN = re.compile(r"[a-z0-9][a-z0-9 ':&.-]{2,}")
"""A title in Latin letters within a Chinese text."""
_AGREES = pattern("agrees")
_QUESTION = pattern("questions")
_OF_ONE = (intents.ACCEPT, intents.INQUIRE, intents.WHY, intents.SEEN, intents.REJECT)
"""What is said of one item."""
_MEANT = {
    intents.RESET: (), intents.UNDO: (), intents.HELP: (), intents.OTHER: ("title",), intents.WHY: ("title", "people"),
    intents.ACCEPT: ("title", "people"), intents.SEEN: ("title", "people"),
    intents.INQUIRE: ("title", "people"),
}  # fmt: skip
"""The slots that say what is wanted where a text is for that; all of them where it is for something else."""


def understand(
    text: str, memory: Memory | None = None, shelf: Shelf | None = None, mind: Mind | None = None
) -> Understood:
    """Understand a text; without a memory and a shelf, as the first of a conversation about a catalogue nobody knows."""
    memory = memory or Memory()
    utterance = read(text)
    if utterance.empty:
        return Understood(utterance, intents.UNSURE)
    slots = slots_of(utterance.text, text, shared_lexicon())
    named: tuple[int, ...] = ()
    if shelf is not None:
        slots, named = _with_catalogue(utterance.text, slots, shelf, memory.shown)
    place = ordinal(utterance.text, len(memory.last))
    if place is None and shelf is not None and memory.last:
        place = place_described(utterance.text, memory, shelf)
    if named and _QUESTION.search(utterance.text) and intents.INQUIRE in intents.heard_cues(utterance.text):
        return Understood(utterance, intents.INQUIRE, tuple(slots), place, named)
    if utterance.foreign and not slots:
        return Understood(utterance, intents.UNSURE)
    gone = released(utterance.text, slots, memory.wants)
    if gone:
        values = {(want.name, want.value.casefold()) for want in gone}
        kept = tuple(slot for slot in slots if (slot.name, slot.value.casefold()) not in values)
        return Understood(utterance, intents.CRITIQUE, kept, place, named, tuple(gone))
    intent = _intent(utterance.text, slots, memory, place, mind or _mind(shelf))
    intent = _about_shown(intent, utterance.text, slots, memory, named, place)
    if intent in _NO_SEEN and shelf is not None and not _LIKENESS.search(utterance.text):
        listed = known_already(utterance.text, shelf)
        intent = intents.SEEN if listed and len(listed) == len(slots) else intent
    if shelf is not None and intent == intents.CRITIQUE and slots and not memory.last and not memory.asked:
        intent = intents.ASK  # nothing was shown that could be criticised
    fresh = intent == intents.RESET and any(slot.polarity > 0 and slot.name != "era" for slot in slots)
    if shelf is not None and (same := _by_the_same(utterance.text, named[0] if named else memory.focus, shelf)):
        intent, slots = intents.ASK, [*(slot for slot in slots if slot.name != "title"), *same]
    intent = intents.ASK if fresh else intent
    kept = tuple(_relevant(slots, intent))
    return Understood(utterance, intent, kept, place, named, fresh=fresh, every=tuple(slots))


def _by_the_same(text: str, item: int, shelf: Shelf) -> list[Slot]:
    """Whoever made or plays in the item that is talked about, where more of theirs is asked for."""
    facts = shelf.facts.get(item)
    if facts is None or not (match := _SAME.search(text)):
        return []
    writers = facts.credits.get("author", facts.credits.get("creator", ()))
    if writers and re.search(r"\bby\b|writ|写|著", match[0]):
        return [Slot("people", name.casefold()) for name in writers[:1]]
    made = facts.directors if re.search(r"direct|导|拍", match[0]) else facts.cast or facts.directors
    return [Slot("people", name.casefold()) for name in made[:1]]


def _about_shown(
    intent: str, text: str, slots: Sequence[Slot], memory: Memory, named: Sequence[int], place: int | None
) -> str:
    """What a text is for, with what was shown and asked in view."""
    topics = {slot.name for slot in slots if slot.polarity > 0} - {"kind", "mood"}
    pointed_at = place is not None and memory.last and not topics
    if intent in (intents.ASK, intents.UNSURE) and pointed_at and _ASKING.search(text):
        intent = intents.INQUIRE
    if (
        intent in (intents.ASK, intents.OTHER, intents.UNSURE)
        and named
        and _THERE.search(text)
        and not _like(text, slots)
    ):
        intent = intents.INQUIRE  # "do you have Jaws?"
    if intent in _OF_ONE and not named and place is not None and memory.last and place >= len(memory.last):
        intent = intents.UNSURE  # there is no such one
    pointed = bool(memory.last) and intents.points(text)
    agreed = intent == intents.ACCEPT or _AGREES.search(text) is not None
    if memory.asked == LEFT_OUT and agreed and place is None and not slots and not pointed:
        return intents.MORE  # yes, without that
    return intent


def _mind(shelf: Shelf | None) -> Mind:
    """The classifier with the shelf's embedder; where there is no shelf, with the best that is installed."""
    if shelf is not None:
        return partial(_judged, shelf)
    found = find_embedder()
    return classifier(found[1] if found else None).probabilities


def _judged(shelf: Shelf, text: str, slots: Sequence[Slot]) -> dict[str, float]:
    vector = shelf.embedded_query(text)  # first: where that fails, the shelf has no embedder any more
    return classifier(shelf.embedder).probabilities(text, slots, vector)


def _intent(text: str, slots: Sequence[Slot], memory: Memory, place: int | None, mind: Mind) -> str:
    heard = intents.weighed_cues(text, slots)
    weights = {intent: weight for intent, weight in heard.items() if weight > 1.0}
    if max(weights.values(), default=0.0) >= CERTAIN:
        return _in_context(max(weights, key=lambda one: weights[one]), text, slots, memory)
    if not weights and place is not None and memory.last and len(text) <= SHORT:
        return intents.ACCEPT
    if not weights and slots and memory.asked:
        return intents.PREFERENCE
    cut = intents.sigh(text)
    chances = mind(
        text[cut:], [replace(one, place=one.place - cut, end=one.end - cut) for one in slots if one.place >= cut]
    )
    total = {one: weights.get(one, 0.0) + BELIEF * chances[one] for one in intents.INTENTS}
    best, second = sorted(total, key=lambda one: -total[one])[:2]
    if not weights and (chances[best] < DRASTIC.get(best, LEAST) or chances[best] - chances[second] < SURE):
        return intents.ASK if slots else intents.UNSURE
    return _in_context(best, text, slots, memory)


def _in_context(intent: str, text: str, slots: Sequence[Slot], memory: Memory) -> str:
    """An answer to a question is a preference; what turns down "it" needs an it."""
    answers = memory.asked not in ("", LEFT_OUT) and len(text) < 24 and "?" not in text and "？" not in text
    if intent == intents.ASK and answers and slots:
        return intents.PREFERENCE
    if intent == intents.REJECT and memory.asked and not memory.last:
        return intents.PREFERENCE
    if intent == intents.PREFERENCE and memory.last and all(slot.polarity < 0 for slot in slots) and slots:
        return intents.CRITIQUE
    return intent


def _relevant(slots: Sequence[Slot], intent: str) -> list[Slot]:
    """Who takes "the fun one", asks whether it is scary, or begins again, wants nothing by that word."""
    kept = _MEANT.get(intent)
    if intent == intents.REJECT:
        return [slot for slot in slots if slot.name != "kind" and (slot.name != "mood" or slot.polarity < 0)]
    return [slot for slot in slots if kept is None or slot.name in kept]


def _like(text: str, slots: Sequence[Slot]) -> bool:
    """Whether something like a title is wanted, or something besides it, rather than the title itself."""
    others = any(slot.name not in ("title", "people") for slot in slots)
    return others or _LIKENESS.search(text) is not None


def _with_catalogue(
    text: str, slots: list[Slot], shelf: Shelf, shown: Sequence[int] = ()
) -> tuple[list[Slot], tuple[int, ...]]:
    """Slots with the items and people of the catalogue, and the items that are named."""
    named: list[int] = []
    resolved: list[Slot] = []
    for slot in slots:
        if slot.name != "title":
            resolved.append(slot)
            continue
        items = _closest(slot.value, shelf) or shown_called(slot.value, shown, shelf)
        parts = [] if items else shelf.of_family(slot.value)[:MOST_OF_A_FAMILY]
        named += items or (parts if len(parts) == 1 else [])
        resolved += _of_items(slot, items[:1] or parts, shelf)
    everybody = people_in(text, shelf)
    resolved = [slot for slot in resolved if not _is_of(slot, everybody)]
    have = [slot for slot in resolved if slot.name == "people"]
    people = [slot.value.casefold() for slot in have]
    for place, slot in enumerate(resolved):
        if slot.name == "genre" and (own := _by_somebody(text[slot.place : slot.end], people, shelf)):
            named += own
            resolved[place] = replace(slot, name="title", value=text[slot.place : slot.end], item=own[0])
    resolved += [
        slot
        for slot in everybody
        if not any(one.value == slot.value or (slot.place < one.end and one.place < slot.end) for one in have)
    ]
    known = [slot for slot in known_already(text, shelf) if slot.item not in named]
    named += [slot.item for slot in known]
    resolved = [slot for slot in resolved if not any(one.place <= slot.place and slot.end <= one.end for one in known)]
    resolved += known
    if not named and is_han(text):
        named = [item for run in _LATIN_RUN.findall(text) for item in shelf.called(run.strip())]
        resolved += [Slot("title", shelf.facts[item].title.lower(), 1, item) for item in named[:1]]
    if not named and (whole := _in_question(text, shelf) or _bare_title(text, shelf)):
        named, title = whole
        resolved = [Slot("title", title, 1, named[0], 0)]
    return resolved, tuple(dict.fromkeys(named))


def _is_of(slot: Slot, people: Sequence[Slot]) -> bool:
    """Whether a title that the catalogue lacks is the name of somebody whom it has: "anything by Mara Lind"."""
    unknown = slot.name == "title" and slot.item < 0
    return unknown and any(one.place <= slot.place and slot.end <= one.end for one in people)


def _of_items(slot: Slot, items: Sequence[int], shelf: Shelf) -> list[Slot]:
    """A title as the items that it means; of a family, each by its own title."""
    if len(items) < 2:
        return [replace(slot, item=item) for item in items] or [slot]
    return [replace(slot, item=item, value=shelf.facts[item].title.lower()) for item in items]


def _closest(title: str, shelf: Shelf) -> list[int]:
    """The items that a title means: all that share the closest spelling."""
    found = _spelt_like(title, shelf) or _spelt_like(translated(title), shelf)
    best = max((match.similarity for match in found), default=0.0)
    longest = max((len(match.title) for match in found if match.similarity == best), default=0)
    return [match.item for match in found if match.similarity == best and len(match.title) == longest]


def _by_somebody(title: str, people: Sequence[str], shelf: Shelf) -> list[int]:
    """The items of exactly that title that one of the people has to do with: 周星驰的功夫 is no wish for martial arts."""
    if not people:
        return []
    exact = [match.item for match in shelf.find_titles(title) if match.similarity == 1.0 and match.title == title]
    return [item for item in exact if any(("people", name) in shelf.facts[item].facets for name in people)]


def _spelt_like(title: str, shelf: Shelf) -> list[Match]:
    return [match for match in shelf.find_titles(title) if match.end - match.start >= 0.7 * len(title)]


def _in_question(text: str, shelf: Shelf) -> tuple[list[int], str] | None:
    """The items of a title that a question is about: "when was Heat made?"."""
    for match in _QUESTION.finditer(text):
        title = next(group for group in match.groups() if group).strip(" 《》?？")
        if items := [item for item in _closest(title, shelf) if _fits(title, shelf.facts[item].titles)]:
            return items, title
    return None


def _fits(said: str, titles: Sequence[str]) -> bool:
    """Whether what was said is about as long as a title: "Heat" is not in "the heat of the night"."""
    return any(abs(len(said) - len(spelt)) <= 2 for title in titles for spelt in spellings(title))


def _bare_title(text: str, shelf: Shelf) -> tuple[list[int], str] | None:
    """The items of a title that is nearly the whole text, or that is long enough to be nothing else."""
    words = text.strip("?!。？！. ")
    if len(words) > LONG:
        return None
    for match in shelf.find_titles(words):
        whole = match.end - match.start >= 0.85 * len(words)
        telling = match.similarity >= 0.99 and (
            len(match.title) >= 14 or (" " in match.title and len(match.title) >= 10)
        )
        chinese = match.similarity == 1.0 and not match.title.isascii() and len(match.title) >= 4
        if any(one.start <= match.start and match.end < one.end for one in shared_lexicon().find(words)):
            continue  # "on the edge of my seat" is no wish for "On the Edge"
        bare = whole and not shared_lexicon().find(words) and not intents.heard_cues(words)
        if bare or telling or chinese:
            return [m.item for m in shelf.find_titles(words) if m.title == match.title], match.title
    return None
