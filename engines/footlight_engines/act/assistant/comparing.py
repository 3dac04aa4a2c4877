"""Answers about several items, and whether one is so, from what the catalogue says of them."""

from __future__ import annotations

from collections.abc import Sequence

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.filters import Filters
from footlight_engines.act.assistant.informing import informed
from footlight_engines.act.assistant.languages import LANGUAGE, SUBTITLES, spelt_languages
from footlight_engines.act.assistant.lexicons import table
from footlight_engines.act.assistant.memory import Want
from footlight_engines.act.assistant.questions import CHECK, EACH, LIVE, SORT, TABLE, WHICH, Query
from footlight_engines.act.assistant.references import extreme
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.schedules import when_next
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import UNWANTED, Slot
from footlight_engines.act.assistant.wording import facts_line, listed, measure, say, title_of, value_name
from footlight_plugins import Turn

_IN_A_TABLE = ("duration", "price", "difficulty", "players", "age", "score", "seasons")
_ALSO = {
    ("mood", "light"): ("difficulty", -1),
    ("mood", "dark"): ("difficulty", 1),
    ("mood", "relaxing"): ("difficulty", -1),
}
"""What a lighter game has less of, where no mood tells."""


class Comparing:
    """Answers one question."""

    def __init__(self, shelf: Shelf, filters: Filters, language: str, turn: Turn) -> None:
        self._shelf = shelf
        self._turn = turn
        self._filters = filters
        self._language = language

    def answer(self, query: Query, question: str) -> tuple[str, list[int]]:
        """The answer, and the items that it comes to."""
        items = [item for item in dict.fromkeys(query.items) if item in self._shelf.facts]
        if query.form == TABLE:
            return "\n".join(self._row(item) for item in items), items
        if query.form == WHICH:
            return self._which(query, items)
        if query.form == EACH:
            return "\n".join(informed(self._language, self._shelf.facts[item], question) for item in items), items
        if query.form == SORT:
            return self._sorted(items, query.scale)
        if query.form == LIVE:
            return self._live(items[0]), items
        if query.form == CHECK:
            return "\n".join(self._checked(item, query) for item in items), items
        return "\n".join(self._valued(item, query.scales) for item in items), items

    def _sorted(self, items: list[int], scale: str) -> tuple[str, list[int]]:
        """Items in the order of a scale: the best and newest first, else the least first; those that do not say, last."""
        first = -1 if scale in ("score", "year") else 1
        facts = self._shelf.facts
        ranked = sorted(items, key=lambda item: first * facts[item].scales.get(scale, (first * 1e9,))[0])
        lines = (f"{number}. {self._valued(item, (scale,))}" for number, item in enumerate(ranked, 1))
        return say(self._language, "sorted", items="\n".join(lines)), ranked

    def _live(self, item: int) -> str:
        live = item < len(self._turn.servable) and bool(self._turn.servable[item])
        return when_next(self._language, self._shelf.facts[item], live, self._turn.time)

    def _title(self, item: int) -> str:
        return title_of(self._language, self._shelf.facts[item])

    def _row(self, item: int) -> str:
        facts = self._shelf.facts[item]
        said = [measure(self._language, name, facts) for name in _IN_A_TABLE if name in facts.scales]
        return self._line(f"{self._title(item)}{facts_line(self._language, facts)}", said)

    def _line(self, title: str, said: Sequence[str]) -> str:
        return (
            say(self._language, "of_one", title=title, said=say(self._language, "comma").join(said)) if said else title
        )

    def _valued(self, item: int, names: Sequence[str]) -> str:
        """How much an item has of some things, or that the catalogue does not say."""
        facts = self._shelf.facts[item]
        said = [measure(self._language, name, facts) if name in facts.scales else self._unknown(name) for name in names]
        return self._line(self._title(item), said)

    def _unknown(self, name: str) -> str:
        return say(self._language, "not_said", what=say(self._language, f"the_{name}"))

    def _which(self, query: Query, items: list[int]) -> tuple[str, list[int]]:
        if not query.scale:
            return self._which_is(query.wants, items)
        best = extreme(items, query.scale, query.sign, self._shelf)
        if best:
            said = self._won(best, items, query.scale)
            if query.claim >= 0:
                said = say(self._language, "indeed" if best == [query.claim] else "no_but", said=said)
            return said, best + [item for item in items if item not in best]
        known = [item for item in items if query.scale in self._shelf.facts[item].scales]
        if len(known) < 2 or len(known) < len(items):
            return "\n".join(self._valued(item, (query.scale,)) for item in items), items
        value = measure(self._language, query.scale, self._shelf.facts[items[0]])
        return say(self._language, "all_the_same", value=value), items

    def _won(self, best: Sequence[int], items: Sequence[int], scale: str) -> str:
        language = self._language
        titles = listed(language, [self._title(item) for item in best])
        rest = [self._valued(item, (scale,)) for item in items if item not in best]
        value = measure(language, scale, self._shelf.facts[best[0]])
        return say(language, "won", title=titles, value=value, rest=say(language, "semicolon").join(rest))

    def _which_is(self, wants: Sequence[Slot], items: list[int]) -> tuple[str, list[int]]:
        """Which of them is funny, on Switch, or fine for a ten-year-old."""
        fit = [item for item in items if all(self._is(item, want) for want in wants)]
        other = next((_ALSO[want.name, want.value] for want in wants if (want.name, want.value) in _ALSO), None)
        measured = other is not None and all(other[0] in self._shelf.facts[item].scales for item in items)
        if other and (measured or len(fit) in (0, len(items))) and (best := extreme(items, *other, self._shelf)):
            return self._won(best, items, other[0]), best + [item for item in items if item not in best]
        lines = [self._checked(item, Query(CHECK, (item,), wants=tuple(wants))) for item in fit or items]
        return "\n".join(lines), fit + [item for item in items if item not in fit]

    def _checked(self, item: int, query: Query) -> str:
        """Yes or no, with what the catalogue says; or that it does not say."""
        language, facts, wants = self._language, self._shelf.facts[item], query.wants
        lines: list[str] = []
        for name in dict.fromkeys(want.name for want in wants):
            mine = [want for want in wants if want.name == name]
            stated = self._stated(facts, name)
            if not stated:
                lines.append(self._unknown(name) if f"the_{name}" in table("replies")[language] else "")
                continue
            verdict = all(self._is(item, want) for want in mine)
            lines.append(say(language, "is_so" if verdict else "is_not_so", said=stated))
        lines += [measure(language, one, facts) if one in facts.scales else self._unknown(one) for one in query.scales]
        said = [line for line in lines if line] or [say(language, "not_said_at_all")]
        return self._line(self._title(item), said)

    def _is(self, item: int, want: Slot) -> bool:
        fits = self._filters.fits(Want(want.name, want.value, want.polarity, want.item))
        if want.name in scales() and not (scale := self._shelf.facts[item].scales.get(want.name)):
            return scale is not None
        fine = fits is not None and bool(fits[item])
        return fine != (want.polarity == UNWANTED)

    def _stated(self, facts: Facts, name: str) -> str:
        """What the catalogue says of an item under a name; empty where it says nothing."""
        language = self._language
        name = {"era": "year"}.get(name, name)
        if name == "platform":
            return facts.more.get("platform", "")
        if name in scales():
            return measure(language, name, facts) if name in facts.scales else ""
        if name in (LANGUAGE, SUBTITLES):
            return self._spoken(facts)
        if name in ("mood", "genre", "theme", "tag"):
            names = [value_name(language, slot, value) for slot in ("mood", "genre") for value in facts.values(slot)]
            names += facts.values("tag")
            return say(language, "comma").join(dict.fromkeys(names))
        return say(language, "comma").join(value_name(language, name, value) for value in facts.values(name))

    def _language_name(self, said: str) -> str:
        """A language as people call it, where the catalogue's own name for it is a known one."""
        known = next(spelt_languages([said]), said)
        return value_name(self._language, LANGUAGE, known) if known in table("languages") else said

    def _spoken(self, facts: Facts) -> str:
        parts = []
        for name in (LANGUAGE, SUBTITLES):
            if names := [self._language_name(one) for one in facts.more.get(name, "").split("、") if one]:
                parts.append(say(self._language, f"in_{name}", names=listed(self._language, names)))
        return say(self._language, "semicolon").join(parts)
