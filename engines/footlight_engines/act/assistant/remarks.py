"""What a reply says beside its answer: that the turn was heard, and what could not be gone by."""

from __future__ import annotations

from collections.abc import Sequence

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.condensing import LONG
from footlight_engines.act.assistant.memory import LEFT_OUT, Memory, Want
from footlight_engines.act.assistant.ranking import Found
from footlight_engines.act.assistant.reading import CHINESE
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED
from footlight_engines.act.assistant.understood import Understood
from footlight_engines.act.assistant.wording import listed, say, slot_name, title_of, value_name, want_name
from footlight_plugins import Turn


class Remarks:
    """The remarks of one reply."""

    def __init__(self, shelf: Shelf, turn: Turn, memory: Memory, heard: Understood) -> None:
        self._shelf = shelf
        self._turn = turn
        self._memory = memory
        self._heard = heard
        self._language = memory.language

    def opening(self) -> str:
        """What the reply begins with: that the turn was heard."""
        memory, intent, said = self._memory, self._heard.intent, ""
        if (first := self._heard.first) is not None and (words := self._answered_first(first)):
            said = words
        elif intent == intents.SEEN:
            liked = [like for like in memory.likes if like not in Memory.restored(self._turn.memory).likes]
            title = title_of(self._language, self._shelf.facts[liked[-1]]) if liked else ""
            said = say(self._language, "heard_liked" if liked else "heard_seen", memory.turn, title=title)
        elif self._heard.released:
            names = dict.fromkeys(slot_name(self._language, want.name) for want in self._heard.released)
            said = say(self._language, "heard_released", memory.turn, names=listed(self._language, list(names)))
        elif intent == intents.REJECT:
            said = say(self._language, "heard_rejected", memory.turn)
        elif intent in (intents.PREFERENCE, intents.CRITIQUE) and (new := self.names(memory.wants, now=True)):
            said = say(self._language, "heard", memory.turn, wants=say(self._language, "comma").join(new))
        return f"{said} " if said and self._language != CHINESE else said

    def _answered_first(self, first: Understood) -> str:
        """What is said to an answer that came before the wish."""
        if first.intent == intents.ACCEPT and self._memory.accepted:
            title = title_of(self._language, self._shelf.facts[self._memory.accepted[-1]])
            return say(self._language, "accepted_first", title=title)
        what = {intents.SEEN: "heard_seen", intents.REJECT: "heard_rejected"}.get(first.intent)
        return say(self._language, what, self._memory.turn) if what else ""

    def names(self, wants: Sequence[Want], now: bool = False) -> list[str]:
        """Wants as people say them, each once, the latest four, and the age of who watches, which only an undo lets go; only
        those of this turn where it is about ``now``."""
        meant = [want for want in wants if not now or want.turn == self._memory.turn - 1]
        meant.sort(key=lambda want: want.polarity == UNWANTED)  # "no games, calm" would leave out the calm, too
        names = {want_name(self._language, want): want.name for want in meant if want.name != "title"}
        latest = list(names)[-4:]
        return [name for name, slot in names.items() if name in latest or slot == "age"]

    def moods_missed(self, items: Sequence[int]) -> list[str]:
        """That nothing of a list has a mood that is wanted: moods rank, and the list says nothing of it by itself."""
        language, memory = self._language, self._memory
        moods = [mood for mood in memory.wanted("mood") if mood not in memory.suited]
        shown = {mood for item in items for mood in self._shelf.facts[item].values("mood")}
        if not moods or shown & set(moods) or not self._shelf.knows("mood"):
            return []
        return [say(language, "no_such_mood", moods=listed(language, [value_name(language, "mood", m) for m in moods]))]

    def topic_missed(self) -> list[str]:
        """That nothing speaks of what somebody just asked for something about."""
        topics = [w.value for w in self._memory.positive if w.name == "about" and w.turn == self._memory.turn - 1]
        return [say(self._language, "no_topic", words=one) for one in topics if not self._shelf.speaking_of(one)]

    def notes(self, found: Found) -> list[str]:
        """What could not be gone by."""
        language, notes = self._language, []
        if found.unjudged:
            now = [want for want in found.unjudged if want.turn == self._memory.turn - 1]
            lacking = [value_name(language, "kind", want.value) for want in now if want.name == "kind"]
            if lacking:
                notes.append(say(language, "no_such_kind", kinds=listed(language, lacking)))
            names = dict.fromkeys(slot_name(language, want.name) for want in now if want.name != "kind")
            if names:
                notes.append(say(language, "unjudged", names=listed(language, list(names))))
        before = Memory.restored(self._turn.memory)
        if self._heard.gone:
            gone = [want_name(language, want) for want in self._heard.gone]
            notes.append(say(language, "left_out", wants=listed(language, gone)))
        if before.asked == LEFT_OUT and self._heard.intent == intents.MORE:
            gone = [want_name(language, want) for want in before.wants if want not in self._memory.wants]
            notes += [say(language, "left_out", wants=listed(language, gone))] if gone else []
        for slot in self._heard.slots:
            if slot.name == "title" and slot.item < 0:
                notes.append(say(language, "unknown_title", title=slot.value))
        if len(self._turn.text) > LONG:
            notes.append(say(language, "long_text"))
        if self._shelf.embedder is None and self._memory.turn == 1:
            notes.append(say(language, "no_embedder"))
        return notes
