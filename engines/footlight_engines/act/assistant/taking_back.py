"""What a text takes back, or says by complaining: another kind, at most so long, without those who do not watch after all,
and which of two titles was meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import Memory
from footlight_engines.act.assistant.references import Meant
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot
from footlight_engines.act.assistant.understood import Understood
from footlight_engines.act.assistant.uses import use_said

_CORRECTS = pattern("corrects")
_COMPANY_GONE = pattern("company_gone")
_GROWN_UPS = pattern("children_gone")
_HAS_IT = re.compile(
    r"s? (?:already |always |just |only |also )?(?:has|have|had|loves?|loved|watch(?:es|ed)?|plays?|played|keeps?|knows?"
    r"|(?:is|are) obsessed|wore out) (?:it|that|this|them|those)\b|(?:天天|整天|老|总|每天|早就?|已经)(?:在)?(?:看|听|玩|放)"
)
_ONCE = re.compile(
    r"\b(?:when|since|as|like when) (?:i|we|she|he) (?:was|were) (?:just |only |still )?(?:a |an )?(?:little )?$|\bas an? $"
)
_BORN = re.compile(r"\b(?:born|birth year|bday|birthday)(?: \w+){0,2} $|出生(?:于|在)?$|生于$")
_BORN_AFTER = re.compile(r"(?:的?时候)?(?:出生|生的|生人)|后(?=$|[,，。 ]|的?(?:人|青年|孩子))|\s*baby\b")
_OLDER_THAN_ME = re.compile(
    r"\bolder than (?:me|i am|us|my\w*)\b|\bbefore (?:i|we) (?:was|were) (?:even )?born\b"
    r"|比我(?:还|更)?(?:老|大)|我出生(?:之|以)?前"
)
_TOO_LONG = pattern("too_long_said")


def taken_back(found: Understood, intent: str, memory: Memory) -> tuple[Understood, str]:
    """A turn and what it is for, with those in view who do not watch after all, and what it corrects."""
    text = found.utterance.text
    if match := _COMPANY_GONE.search(text):
        found, intent = by_oneself(found, memory, match.end()), intents.CRITIQUE
    elif _GROWN_UPS.search(text):
        found = replace(found, released=tuple(want for want in memory.wants if want.name == "age"))
    wishes = use_said(text) or any(slot.polarity == WANTED for slot in found.said)
    if wishes and intent in (*_WISHING, *_MISHEARD) and _CORRECTS.search(text):
        return replace(found, corrects=True), intent if intent in _WISHING else intents.CRITIQUE
    return found, intent


_WISHING = (intents.ASK, intents.MORE, intents.PREFERENCE, intents.CRITIQUE)
_MISHEARD = (intents.UNSURE, intents.OTHER, intents.REJECT)
"""What a correction may be taken for."""


def from_complaint(slot: Slot, text: str, memory: Memory) -> Slot:
    """ "Too old" of something that was shown wants it newer than that."""
    bound, _, figure = slot.value.partition(":")
    if slot.name == "duration" and bound == "around" and _TOO_LONG.match(text[slot.end :]):
        return replace(slot, value=f"max:{float(figure) - 1:g}", polarity=WANTED)
    turned = _COMPLAINED.get((slot.name, slot.value)) if slot.polarity == UNWANTED and memory.last else None
    too = _TOO.search(text[: slot.place + 1]) or _TOO.search(text[max(0, slot.place - 1) : slot.end])
    return replace(slot, value=turned, polarity=WANTED) if turned and too else slot


def one_kind(slots: Sequence[Slot]) -> list[Slot]:
    """Slots without the kind that is turned down for another: 不是电影，是剧 leaves out no films for good."""
    kinds = [slot for slot in slots if slot.name == "kind"]
    if len({slot.polarity for slot in kinds}) < 2:
        return list(slots)
    return [slot for slot in slots if slot.name != "kind" or slot.polarity == WANTED]


def watches(text: str, slot: Slot) -> bool:
    """Whether somebody of whom an age is said is to watch: "my kid has it on all day" and "when I was a kid" say nothing of
    it."""
    return not (_HAS_IT.match(text[slot.end :]) or _ONCE.search(text[: slot.place]))


def born(slots: Sequence[Slot], text: str) -> list[Slot]:
    """Slots without the year of somebody's birth, which is no wish; "older than me" is one for what was there before."""
    found = []
    for slot in slots:
        if slot.name != "era" or not (_BORN.search(text[: slot.place]) or _BORN_AFTER.match(text[slot.end :])):
            found.append(slot)
        elif slot.value[:4].isdigit() and _OLDER_THAN_ME.search(text):
            found.append(replace(slot, value=f"before:{slot.value[:4]}"))
    return found


def between(slots: Sequence[Slot]) -> list[Slot]:
    """At least and at most so long are one length: 八十分钟以上一百一十分钟以下."""
    bounds = {slot.value[:3]: slot for slot in slots if slot.name == "duration" and slot.value[:4] in ("min:", "max:")}
    if len(bounds) < 2 or float(bounds["min"].value[4:]) >= float(bounds["max"].value[4:]):
        return list(slots)
    value = f"{bounds['min'].value[4:]}-{bounds['max'].value[4:]}"
    kept = [slot for slot in slots if slot not in bounds.values()]
    return [*kept, replace(bounds["min"], value=value, end=bounds["max"].end)]


def at_most(slots: Sequence[Slot]) -> list[Slot]:
    """Of what was too long, a length is the most that will do: "too long, she falls asleep after an hour"."""
    if ("duration", "long", UNWANTED) not in [slot.key for slot in slots]:
        return list(slots)
    return [
        replace(slot, value=f"max:{slot.value.removeprefix('around:')}") if slot.value.startswith("around:") else slot
        for slot in slots
    ]


_COMPLAINED = {("era", "classic"): "newer", ("era", "recent"): "older"}
_TOO = re.compile(r"(?<!not )(?<!nothing )(?<!n't be )\btoo\b|(?<!别)(?<!不要)(?<!不)太")


def by_oneself(found: Understood, memory: Memory, end: int) -> Understood:
    """Whom it was for does not watch after all: what was wished for them goes with them, and so do the words that say so."""
    firm = ("kind", "platform", "price", "language", "subtitles")
    gone = (want for want in memory.wants if want.name not in firm and (want.polarity == WANTED or want.name == "mood"))
    slots = tuple(slot for slot in found.slots if slot.place >= end or slot.name != "age")
    terms = tuple(term for term in found.terms if term.place >= end)
    return replace(found, slots=slots, terms=terms, released=tuple(gone), suited=())


def told_which(found: Understood, memory: Memory, about: Meant, shelf: Shelf) -> int:
    """Which item of one title is meant, where the reply before asked: by its place, its year, or what it is like; or -1."""
    pointed = [item for item in about.items if item in memory.unsure] if about.explicit else []
    years = {slot.value for slot in found.slots if slot.name == "era" and slot.value.isdigit()}
    dated = [item for item in memory.unsure if str(shelf.facts[item].year) in years] if years else []
    chosen = dated or pointed
    return chosen[0] if len(chosen) == 1 else -1
