"""How a turn changes what a conversation has come to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.filters import Filters
from footlight_engines.act.assistant.lexicons import pattern, table
from footlight_engines.act.assistant.memory import LEFT_OUT, OPPOSITE, Memory, Want
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot
from footlight_engines.act.assistant.understood import Understood
from footlight_engines.act.assistant.uses import use_of, use_said

CHANGING = (
    intents.ASK, intents.MORE, intents.PREFERENCE, intents.CRITIQUE, intents.REJECT, intents.SEEN, intents.ACCEPT,
    intents.RESET,
)  # fmt: skip
"""The intents that undo takes back."""

_ACTOR = pattern("actor")
_ACTOR_SAID = pattern("actor_said")
_DIRECTOR = re.compile(r"\bdirector\b|导演")
_GENRE = pattern("genre")
_LIKED = pattern("liked")
_DISLIKED = pattern("disliked")
_ALSO = re.compile(r"\b(?:also|too|and|as well|or|both)\b|也|还(?!是)|和|或|加上|以及")
_ANY = pattern("any_of")
_ONLY = re.compile(r"\b(?:only|just|purely)\b|纯|只(?:要|看|想)|就(?:要|看)|单纯")
_ALSO_FINE = pattern("also_fine")
_COMPLAINS = pattern("complains")
_PASSES = pattern("passes")
_SAME = pattern("by_the_same")
_SIMILAR = pattern("similar_ones")
_ELDERS = pattern("elders")
_REPLACED = {"people": ("people", "region"), "region": ("people", "region")}
"""What a new value of a slot takes the place of, beside what `SINGLE` says: who asks for somebody means no country."""
_ALL = re.compile(r"\b(?:all|both|these|those|them|none|any|every|each)\b|都|全|这些|那些|一个也|两个|几个")


class Dialogue:
    """Applies turns to memories."""

    def __init__(self, shelf: Shelf, filters: Filters) -> None:
        self._shelf = shelf
        self._filters = filters

    def items_meant(self, memory: Memory, heard: Understood) -> list[int]:
        """The items that a turn is about: named, pointed at, all of the last list, or the one in focus."""
        if heard.meant and not heard.named:
            return list(heard.meant)
        titles = [slot.item for slot in heard.slots if slot.name == "title" and slot.item >= 0]
        if heard.intent in (intents.SEEN, intents.REJECT) and len(titles) > 1:
            return titles
        if named := [item for item in heard.named if item in memory.last] or list(heard.named):
            return named[:1]
        if heard.place is not None and 0 <= heard.place < len(memory.last):
            return [memory.last[heard.place]]
        if heard.intent in (intents.REJECT, intents.SEEN) and memory.last:
            first = re.search(r"\bfirst (two|three)\b|前(两|三|俩)", heard.utterance.text)
            if first:
                return list(memory.last[: 3 if "three" in first[0] or "三" in first[0] else 2])
            if _ALL.search(heard.utterance.text) or (
                heard.intent == intents.REJECT and memory.focus in memory.last[:1]
            ):
                return list(memory.last)
        return [memory.focus] if memory.focus >= 0 else []

    def advance(self, memory: Memory, heard: Understood) -> Memory:
        """The memory after a turn; the one that is given is changed and answered, but for undo."""
        if heard.intent == intents.UNDO:
            return memory.undone() or memory
        if heard.first is not None:
            memory = self.advance(memory, heard.first)
        if heard.unlike:
            memory.reject(heard.unlike)
        if heard.intent in CHANGING:
            memory.remember()
        if heard.anew:
            memory.forget_wishes()
        if heard.corrects:
            memory.retract({slot.name for slot in heard.said if slot.polarity == WANTED})
        step = {
            intents.ASK: self._ask,
            intents.PREFERENCE: self._prefer,
            intents.CRITIQUE: self._criticise,
            intents.MORE: self._more,
            intents.ACCEPT: self._accept,
            intents.REJECT: self._reject,
            intents.SEEN: self._seen,
            intents.INQUIRE: self._look_at,
            intents.WHY: self._look_at,
        }.get(heard.intent)
        if heard.fresh:
            memory = replace(Memory(turn=memory.turn, language=memory.language), before=memory.before)
            self._ask(memory, heard)
            return memory
        if heard.intent == intents.RESET:
            return Memory(turn=memory.turn, language=memory.language, before=memory.before)
        if step is not None:
            step(memory, heard)
        return memory

    def _ask(self, memory: Memory, heard: Understood) -> None:
        """A wish of its own takes the place of the one before; "anything from the 80s?" narrows that."""
        memory.wants = tuple(want for want in memory.wants if want not in heard.released)
        self._turn(memory, heard)
        if heard.surprise:
            return self._anything(memory, heard)
        wanted = {slot.name for slot in heard.said if slot.polarity == WANTED}
        if wanted & {"genre", "kind", "title", "mood", "tag"} or _SAME.search(heard.utterance.text):
            also = "era" if _ALSO.search(heard.utterance.text) and "era" in wanted else ""
            kept = [w for w in memory.positive if w.name == also or (w.name == "kind" and "kind" not in wanted)]
            if wanted == {"kind"}:
                kept += [
                    want for want in memory.positive if want.name == "mood"
                ]  # "not the film, a series": as calm as that
            like = memory.likes if _SIMILAR.search(heard.utterance.text) else ()
            memory.forget_wishes()
            memory.wants, memory.likes = (*memory.wants, *kept), like
            memory.query = heard.utterance.text
        else:
            memory.query = f"{memory.query} {heard.utterance.text}".strip()[-200:]
        self._take(memory, heard)

    def _anything(self, memory: Memory, heard: Understood) -> None:
        """Anything will do, of the sort of thing that was looked for: something else than the last list."""
        kinds = [want for want in memory.positive if want.name == "kind"]
        memory.use = use_said(heard.utterance.text) or memory.use
        memory.forget_wishes()
        memory.wants, memory.apart, memory.query = (*memory.wants, *kinds), memory.last, ""
        self._take(memory, heard)

    def _prefer(self, memory: Memory, heard: Understood) -> None:
        self._turn(memory, heard)
        memory.query = f"{memory.query} {heard.utterance.text}".strip()[-200:] if _says_more(heard) else memory.query
        self._take(memory, heard)

    def _turn(self, memory: Memory, heard: Understood) -> None:
        """Where something to watch was looked for, and now it is something to play, most of what was said is void."""
        kinds = [slot.value for slot in heard.said if slot.name == "kind" and slot.polarity == WANTED]
        new = use_of(kinds) or use_said(heard.utterance.text)
        shown = [
            kind for item in memory.last if item in self._shelf.facts for kind in self._shelf.facts[item].values("kind")
        ]
        old = use_of(memory.wanted("kind")) or memory.use or use_of(shown)
        begins = kinds or heard.corrects or heard.intent == intents.ASK or _PASSES.search(heard.utterance.text)
        if new and old and new != old and begins:
            memory.turn_to_other_kind()
        memory.use = new or memory.use

    def _more(self, memory: Memory, heard: Understood) -> None:
        if memory.asked == LEFT_OUT and not heard.said:
            memory.leave_out()
        self._take(memory, heard)

    def _take(self, memory: Memory, heard: Understood, without: tuple[str, ...] = ()) -> None:
        """Titles that are wanted are what it shall be like; the rest narrows."""
        slots = [slot for slot in heard.said if slot.name not in without]
        likes = [slot.item for slot in slots if slot.name == "title" and slot.item >= 0 and slot.polarity == WANTED]
        if (
            not likes
            and (not memory.likes or (memory.singled and memory.focus not in memory.likes))
            and _SIMILAR.search(heard.utterance.text)
            and not _DISLIKED.search(heard.utterance.text)
        ):
            likes = self.items_meant(memory, heard)[:1]
            memory.likes = ()
        memory.likes = tuple(item for item in memory.likes if item not in memory.unsure)
        memory.likes = tuple(dict.fromkeys((*memory.likes, *likes)))
        if any(slot.name == "mood" and slot.polarity == WANTED for slot in slots):
            memory.suits(heard.suited)
        self._make_room(memory, slots, heard.utterance.text)
        slots = self._ages_settled(memory, slots)
        bounded = {slot.name for slot in slots if slot.polarity == WANTED and slot.name in ("duration", "era")}
        for slot in slots:
            if slot.name == "age" and slot.value == "family" and _ELDERS.search(heard.utterance.text):
                continue  # no reason to show what is for children
            if slot.polarity == UNWANTED and slot.name in bounded:
                continue  # "too long, under 90 minutes": the figure says it all
            if slot.name != "title" or slot.polarity == UNWANTED or slot.item >= 0:
                focus = heard.than if heard.than >= 0 else memory.focus
                memory.want([self._exactly(slot, memory, heard.utterance.text, focus)])

    def _ages_settled(self, memory: Memory, slots: Sequence[Slot]) -> list[Slot]:
        """Grown-ups and children exclude each other, and a child who does not watch after all sets no limit."""
        ages = {slot.value for slot in slots if slot.name == "age" and slot.polarity == WANTED}
        gone = {
            slot.value for slot in slots if slot.name == "age" and slot.polarity == UNWANTED and slot.value.isdigit()
        }
        if ages:
            gone |= {value for value in memory.wanted("age") if (value == "adult") != ("adult" in ages)}
        if any(value.isdigit() for value in ages | set(memory.wanted("age"))):
            gone.add("kids")  # of somebody whose age is known, "not babyish" is no age
        memory.wants = tuple(want for want in memory.wants if want.name != "age" or want.value not in gone)
        return [slot for slot in slots if slot.name != "age" or slot.polarity == WANTED or slot.value not in gone]

    def _make_room(self, memory: Memory, slots: Sequence[Slot], text: str) -> None:
        """Let go what the new wishes take the place of, and note of which slots any value will do."""
        wanted = Counter(slot.name for slot in slots if slot.polarity == WANTED)
        also = _ALSO.search(text) is not None
        years = any(slot.name == "era" and slot.value[0].isdigit() for slot in slots)
        if years:
            memory.wants = tuple(
                want for want in memory.wants if want.value not in ("classic", "recent", "older", "newer")
            )
        several = {name for name, n in wanted.items() if n > 1 and (name in ("kind", "era") or _ANY.search(text))}
        beside = _ALSO_FINE.search(text) is not None and "kind" not in wanted
        several |= {name for name in wanted if beside and memory.wanted(name)}
        either = {*memory.either, *several, *(("era",) if also and years and memory.wanted("era") else ())}
        before = memory.either
        memory.either = tuple(sorted(name for name in either if name in several or name not in wanted or also))
        for name in wanted:
            new = {slot.value for slot in slots if slot.name == name and slot.polarity == WANTED}
            if (
                (name in before or _ONLY.search(text))
                and name not in several
                and not also
                and new < set(memory.wanted(name))
            ):
                memory.no_longer(name)  # of the two, that one
            if not also and wanted[name]:
                memory.no_longer(*_REPLACED.get(name, ()))
        moods = [slot.value for slot in slots if slot.name == "mood" and slot.polarity == WANTED]
        opposite = {value for mood in moods for value in OPPOSITE.get(mood, ())}
        memory.wants = tuple(w for w in memory.positive if w.name != "mood" or w.value not in opposite) + tuple(
            w for w in memory.wants if w.polarity == UNWANTED and not (w.name == "mood" and w.value in moods)
        )

    def _exactly(self, slot: Slot, memory: Memory, text: str, focus: int) -> Slot:
        """What a slot means here: "newer" than what is being talked about; no zombies rather than no horror at all."""
        if slot.name == "genre" and slot.polarity == UNWANTED:
            said = text[slot.place : slot.end]
            themes = table("themes")["themes"].items()
            theme = next((name for name, spelt in themes if re.search(spelt, said)), "")
            return Slot("theme", theme, UNWANTED) if theme else slot
        want = Want(slot.name, slot.value, slot.polarity, slot.item, memory.turn)
        want = self._filters.narrower(want, focus)
        return Slot(want.name, want.value, want.polarity, want.item)

    def _criticise(self, memory: Memory, heard: Understood) -> None:
        focus = memory.focus
        memory.wants = tuple(want for want in memory.wants if want not in heard.released)
        if heard.released:
            return self._take(memory, heard)
        text = heard.utterance.text
        moods = {slot.polarity for slot in heard.slots if slot.name == "mood"}
        if focus >= 0 and moods and (_PASSES.search(text) or (UNWANTED in moods and _COMPLAINS.search(text))):
            memory.reject([focus])  # whatever the catalogue says of it
        self._turn(memory, heard)
        self._take(memory, heard)
        if self._shelf.facts.get(focus) is not None and not any(slot.name == "people" for slot in heard.slots):
            of_it = self._of_focus(heard.utterance.text, self._shelf.facts[focus], memory.last, bool(heard.slots))
            memory.want(of_it)

    def _of_focus(self, text: str, facts: Facts, last: Sequence[int], said: bool) -> list[Slot]:
        """What "that actor", "that director" and "another genre" mean. Where something else was ``said``, "he" is nobody
        in particular: he may be who watches."""
        if _DIRECTOR.search(text):
            return [Slot("people", name.casefold(), UNWANTED) for name in facts.directors]
        if (_ACTOR_SAID if said else _ACTOR).search(text) and (facts.cast or facts.directors):
            return [Slot("people", name.casefold(), UNWANTED) for name in facts.cast[:1] or facts.directors[:1]]
        if _GENRE.search(text):
            shown = [self._shelf.facts[item] for item in last if item in self._shelf.facts]
            counted = Counter(genre for one in shown for genre in one.values("genre"))
            return [Slot("genre", genre, UNWANTED) for genre, _ in counted.most_common(1)]
        return []

    def _accept(self, memory: Memory, heard: Understood) -> None:
        items = self.items_meant(memory, heard)
        for item in items if len(heard.meant) > 1 else items[:1]:
            memory.accept(item)

    def _reject(self, memory: Memory, heard: Understood) -> None:
        memory.reject(self.items_meant(memory, heard))
        self._take(memory, heard, without=("title", "kind"))

    def _seen(self, memory: Memory, heard: Understood) -> None:
        items = self.items_meant(memory, heard)
        memory.saw(items)
        if liked(heard.utterance.text) or _SIMILAR.search(heard.utterance.text):
            memory.likes = tuple(dict.fromkeys((*memory.likes, *items)))
        elif _DISLIKED.search(heard.utterance.text):
            memory.reject(items)
        self._take(memory, heard, without=("title", "platform"))

    def _look_at(self, memory: Memory, heard: Understood) -> None:
        memory.single_out(heard.meant or self.items_meant(memory, heard)[:1])


def liked(text: str) -> bool:
    """Whether a text says that what was seen was liked."""
    return bool(_LIKED.search(text)) and not _DISLIKED.search(text)


def _says_more(heard: Understood) -> bool:
    """Whether the words themselves help the search: a wish does, what is unwanted does not."""
    return any(slot.polarity == WANTED for slot in heard.said)
