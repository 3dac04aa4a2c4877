"""What the assistant answers: one method an act, and one an intent that leaves nothing to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from footlight_engines.act.assistant import intents
from footlight_engines.act.assistant.comparing import Comparing
from footlight_engines.act.assistant.dialogue import Dialogue
from footlight_engines.act.assistant.informing import asks_fact, asks_something, informed
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import LEFT_OUT, Memory
from footlight_engines.act.assistant.numbers import figures
from footlight_engines.act.assistant.questions import AGAIN, LIVE, SORT, WHICH, Query
from footlight_engines.act.assistant.ranking import Found, Ranker
from footlight_engines.act.assistant.reading import CHINESE
from footlight_engines.act.assistant.reasons import Reasons
from footlight_engines.act.assistant.remarks import Remarks
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.smalltalk import courtesy, reply_to, wants_it_done
from footlight_engines.act.assistant.understood import Understood
from footlight_engines.act.assistant.wording import (
    item_line,
    listed,
    say,
    title_of,
    value_name,
    want_name,
)
from footlight_plugins import ReplyItem, Turn

_WISHES = (intents.ASK, intents.PREFERENCE, intents.CRITIQUE, intents.MORE)
_NOT_SEEN = pattern("not_seen")
_THERE = pattern("whether_there")
_BELONGS = pattern("belongs_to_it")


@dataclass(slots=True)
class Answer:
    """A reply before it is put together."""

    act: str
    text: str
    items: Sequence[ReplyItem] = ()
    notes: list[str] = field(default_factory=list)


def wanted_count(turn: Turn, heard: Understood) -> int:
    """How many items the reply is to name: as many as are asked for, as far as there is room."""
    return min(heard.count or turn.count, turn.most)


class Answering:
    """Answers one turn. What was shown and asked is noted in the memory."""

    def __init__(self, shelf: Shelf, ranker: Ranker, turn: Turn, memory: Memory, heard: Understood) -> None:
        self._shelf = shelf
        self._ranker = ranker
        self._turn = turn
        self._memory = memory
        self._heard = heard
        self._language = memory.language
        self._reasons = Reasons(shelf, memory, turn.scores)
        self._remarks = Remarks(shelf, turn, memory, heard)
        self._count = wanted_count(turn, heard)

    def by(self, act: str, found: Found) -> Answer:
        """Do one of the acts that were to be decided on."""
        memory = self._memory
        if act == "ask" or not len(found.items):
            return self._asked(found)
        memory.asked, memory.asks = "", 0
        if act == "explain":
            items = found.items[:1].tolist()
        elif act == "diversify":
            items = self._ranker.varied(found, self._count)
        else:
            items = found.items[: self._count].tolist()
        answer = self._listed(act, items, dict(zip(found.items.tolist(), found.scores.tolist(), strict=True)))
        if found.again.issuperset(items):
            answer.text = self._repeated(items)
        answer.text = self._remarks.opening() + answer.text
        answer.notes += self._remarks.notes(found)
        answer.notes += self._remarks.moods_missed(items) + self._remarks.topic_missed()
        if len(items) < min(self._heard.count, self._turn.most):
            answer.notes.append(say(self._language, "no_more_of_them"))
        memory.show(items)
        return answer

    def _listed(self, act: str, items: Sequence[int], scores: dict[int, float]) -> Answer:
        language = self._language
        shown = [self._shown(item, scores.get(item, 0.0), self._reasons.of(item)) for item in items]
        if len(items) == 1:
            line = item_line(language, self._shelf.facts[items[0]], shown[0].reasons)
            what = "explain" if act == "explain" else "list_one"
            text = say(language, what, self._memory.turn, items=line)
            if act == "explain" and self._shelf.facts[items[0]].text:
                text += "\n" + informed(language, self._shelf.facts[items[0]], "")
            return Answer(act, text, shown)
        more = self._heard.intent == intents.MORE
        what = "varied" if act == "diversify" else "more" if more else "list_many"
        return Answer(act, say(language, what, self._memory.turn, items=self._lines(items, shown)), shown)

    def _repeated(self, items: Sequence[int]) -> str:
        """What was shown before fits best: say that it is not new."""
        language, turn = self._language, self._memory.turn
        shown = [self._shown(item, 0.0, self._reasons.of(item)) for item in items]
        if len(items) == 1:
            line = item_line(language, self._shelf.facts[items[0]], shown[0].reasons)
            return say(language, "again_one", turn, items=line)
        return say(language, "again", turn, items=self._lines(items, shown))

    def _shown(self, item: int, score: float, reasons: tuple[str, ...] = ()) -> ReplyItem:
        return ReplyItem(item, title_of(self._language, self._shelf.facts[item]).strip("《》"), score, reasons)

    def _lines(self, items: Sequence[int], shown: Sequence[ReplyItem]) -> str:
        return "\n".join(
            item_line(self._language, self._shelf.facts[item], one.reasons, number)
            for number, (item, one) in enumerate(zip(items, shown, strict=True), 1)
        )

    def _asked(self, found: Found) -> Answer:
        """Ask for what would narrow it down, or say that nothing is left."""
        memory, language = self._memory, self._language
        memory.asks += 1
        if not found.count:
            if Memory.restored(self._turn.memory).asked == LEFT_OUT and self._heard.intent == intents.REJECT:
                memory.asked = ""
                return Answer("ask", say(language, "kept"))
            memory.asked = LEFT_OUT
            return Answer("ask", self._nothing(), notes=self._remarks.notes(found))
        memory.asked = self._unknown()
        if memory.asked in ("genre", "kind"):
            names = [value_name(language, memory.asked, value) for value in self._choices(memory.asked)[:5]]
            text = say(language, f"ask_{memory.asked}", choices=say(language, "comma").join(names))
            return Answer("ask", text, notes=self._remarks.notes(found))
        return Answer("ask", say(language, f"ask_{memory.asked}"), notes=self._remarks.notes(found))

    def _nothing(self) -> str:
        """Nothing more fits: say what was gone by, which of it is in the way, and what there would be without."""
        memory, language = self._memory, self._language
        names = self._remarks.names(memory.wants) or ([say(language, memory.use)] if memory.use else [])
        shown = set(memory.shown) & {int(i) for i in np.flatnonzero(self._ranker.filters.allowed(memory)[0])}
        wants = listed(language, names)
        first = say(language, "none_left" if shown else "none_fits", memory.turn, wants=wants) if names else ""
        ways = self._ranker.in_the_way(memory, self._turn.servable)
        memory.loose = ways[0][0] if ways else -1
        return (first or say(language, "all_shown")) + ("" if language == CHINESE else " ") + self._way_out(ways)

    def _way_out(self, ways: Sequence[tuple[int, int]]) -> str:
        language, wants = self._language, self._memory.wants
        if not ways:
            return say(language, "relax")
        named = [(want_name(language, wants[place]), count) for place, count in ways[:2]]
        if len(named) == 1 or wants[ways[1][0]].polarity != wants[ways[0][0]].polarity:
            return say(language, "without_it", want=named[0][0], count=named[0][1])
        (want, count), (other, others) = named
        return say(language, "without_either", want=want, count=count, other=other, others=others)

    def _unknown(self) -> str:
        """The slot to ask for."""
        said = {want.name for want in self._memory.positive}
        for slot in ("kind", "genre"):
            if slot not in said and len(self._choices(slot)) > 1:
                return slot
        return "mood" if "mood" not in said else "any"

    def _choices(self, slot: str) -> list[str]:
        """The values of a slot that items have which fit what was said, the most frequent first."""
        fit = self._ranker.filters.allowed(self._memory)[0]
        counted = [
            (int((fit & self._shelf.with_facet(slot, value)).sum()), value) for value, _ in self._shelf.values(slot)
        ]
        return [value for count, value in sorted(counted, key=lambda one: -one[0]) if count]

    def forced(self, which: bool) -> Answer:
        """Answer an intent that leaves nothing to decide."""
        intent, language = self._heard.intent, self._language
        if which and intent not in (intents.RESET, intents.UNDO, intents.HELP):
            return self._which()
        answer = {
            intents.ACCEPT: self._accepted,
            intents.INQUIRE: self._informed,
            intents.WHY: self._why,
            intents.UNDO: self._undone,
            intents.HELP: self._help,
        }.get(intent)
        if answer is not None:
            return answer()
        if intent == intents.RESET:
            return Answer("reset", say(language, "reset"))
        if intent == intents.OTHER:
            return self._small_talk()
        if self._heard.utterance.empty:
            return Answer("clarify", say(language, "nothing_said"))
        if self._heard.utterance.foreign:
            return Answer("clarify", say(language, "foreign"))
        if self._heard.place is not None and (count := len(self._memory.last)):
            return Answer("clarify", say(language, "no_such" if count > 1 else "only_one", count=count))
        return Answer("clarify", say(language, "unsure" if self._shelf.facts else "nothing_here"))

    def _small_talk(self) -> Answer:
        """What is neither a wish nor about one: a greeting, thanks, a goodbye, or none of the assistant's business."""
        text, language = self._heard.utterance.text, self._language
        if name := self._heard.aside:
            return Answer("clarify", reply_to(name, language))
        if name := courtesy(text):
            return Answer("greet", reply_to(name, language))
        if _NOT_SEEN.search(text) and self._memory.last:
            return Answer("ask", say(language, "not_seen"))
        return Answer("clarify", say(language, "off_topic" if self._shelf.facts else "nothing_here"))

    def _which(self) -> Answer:
        """Several items have that title: show them, so that a number or a year tells."""
        items = list(self._heard.named)[:9]
        self._memory.last, self._memory.focus = tuple(items), items[0]
        self._memory.unsure = tuple(items) if self._heard.intent in _WISHES else ()
        shown = [self._shown(item, 0.0) for item in items]
        return Answer("ask", say(self._language, "which", items=self._lines(items, shown)), shown)

    def _item(self) -> int | None:
        meant = Dialogue(self._shelf, self._ranker.filters).items_meant(self._memory, self._heard)
        return meant[0] if meant and meant[0] in self._shelf.facts else None

    def _accepted(self) -> Answer:
        if (item := self._item()) is None:
            return Answer("accept", say(self._language, "accepted_none"))
        items = [one for one in self._heard.meant if one in self._shelf.facts] or [item]
        titles = [title_of(self._language, self._shelf.facts[one]) for one in items]
        what = "accepted" if len(items) == 1 else "both_accepted"
        text = say(self._language, what, self._memory.turn, title=titles[0], titles=listed(self._language, titles))
        said = self._heard.utterance.text
        if len(items) == 1 and asks_fact(said):
            text += ("" if self._language == CHINESE else " ") + informed(self._language, self._shelf.facts[item], said)
        notes = [say(self._language, "cannot")] if wants_it_done(self._heard) else []
        if self._heard.aside:
            notes = [reply_to(self._heard.aside, self._language)]
        return Answer("accept", text, [self._shown(one, 0.0) for one in items], notes)

    def _answered(self, query: Query) -> Answer:
        """Answer a question about several items, or whether one is so."""
        self._memory.question = self._heard.utterance.text
        text, items = Comparing(self._shelf, self._ranker.filters, self._language, self._turn).answer(
            query, self._heard.utterance.text
        )
        if query.form == SORT:
            self._memory.last, self._memory.lists = tuple(items), (*self._memory.lists[:-1], tuple(items))
        if query.form == LIVE and items:
            self._memory.single_out(items)
        if query.form == WHICH and items:
            self._memory.compared, self._memory.focus, self._memory.singled = tuple(items), items[0], True
        return Answer("inform", text, [self._shown(item, 0.0) for item in items])

    def _informed(self) -> Answer:
        again = self._heard.query is not None and self._heard.query.form == AGAIN
        if self._heard.query is not None and not again:
            return self._answered(self._heard.query)
        if (item := self._item()) is None:
            return Answer("inform", say(self._language, "not_yet"))
        text, facts = self._heard.utterance.text, self._shelf.facts[item]
        text = self._memory.question = self._memory.question if again else text
        said = [figure.value for figure in figures(text) if figure.slot == "age"] or self._memory.wanted("age")
        ages = [age for value in said if (age := self._ranker.filters.years_old(value)) >= 0]
        answer = informed(self._language, facts, text, min(ages, default=-1))
        there = _THERE.search(text) and not _BELONGS.search(text)
        if self._heard.named and there and not asks_something(text):
            answer = informed(self._language, facts, "")
            answer = say(self._language, "have_it", about=answer)
        return Answer("inform", answer, [self._shown(item, 0.0)])

    def _why(self) -> Answer:
        language = self._language
        if (item := self._item()) is None:
            return Answer("why", say(language, "not_yet"))
        reasons, title = self._reasons.of(item), title_of(language, self._shelf.facts[item])
        text = say(language, "why", title=title, reasons=listed(language, reasons)) if reasons else ""
        return Answer("why", text or say(language, "why_nothing", title=title), [self._shown(item, 0.0, reasons)])

    def _undone(self) -> Answer:
        language, memory = self._language, self._memory
        if memory.saved() == Memory.restored(self._turn.memory).saved() | {"turn": memory.turn, "language": language}:
            return Answer("undo", say(language, "nothing_to_undo"))
        items = [item for item in memory.last if item in self._shelf.facts]
        shown = [self._shown(item, 0.0, self._reasons.of(item)) for item in items]
        if not items:
            return Answer("undo", say(language, "undone_plain"))
        return Answer("undo", say(language, "undone", items=self._lines(items, shown)), shown)

    def _help(self) -> Answer:
        example = next(iter(self._shelf.facts.values()), None)
        title = title_of(self._language, example).strip("《》") if example else "Metropolis"
        return Answer("help", say(self._language, "help", title=title))
