"""Answers about one item: what it is about, who is in it, how long it takes, when and where. A text may ask several."""

from __future__ import annotations

import re
from collections.abc import Callable

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.lexicons import pattern, table
from footlight_engines.act.assistant.reading import CHINESE, is_han
from footlight_engines.act.assistant.wording import facts_line, listed, say, title_of, value_name

Answers = Callable[[str, Facts], str]
"""The answer in a language; empty where the catalogue does not say."""


def informed(language: str, facts: Facts, question: str, age: int = -1) -> str:
    """The answer to a question about an item, from what the catalogue says of it. ``age`` is that of who watches, in years;
    -1 where nobody said."""
    title = title_of(language, facts)
    if question and (other := other_fact(language, facts, question)):
        return other
    asked = [what for what in _ANSWERS if _ASKS[what].search(question)]
    if _NAME.search(question) and not asked:
        return _about(language, facts, title)
    if "who" in asked and not _people(language, facts) and {("kind", "idol"), ("kind", "stream")} & facts.facets:
        return _about(language, facts, title)  # who somebody is, rather than who is in something
    if "director" in asked:
        asked = [what for what in asked if what != "who"]  # it says both
    if {"where", "region"} <= set(asked):
        asked.remove("where")  # where it is from, not where it can be seen
    if "age" in asked:
        return _fit_for(language, facts, age)
    if not asked:
        return (
            _about(language, facts, title)
            if not question or _PLOT.search(question)
            else _no_clue(language, facts, title)
        )
    said = [answer for what in asked if (answer := _ANSWERS[what](language, facts))]
    missing = [say(language, f"fact_{what}") for what in asked if not _ANSWERS[what](language, facts)]
    if "who" in asked and not said and (role := _by_role(language, facts)):
        return role
    if missing:
        said.append(say(language, "not_known", title=title, unknown=listed(language, missing)))
    return " ".join(said) if language == "en" else "".join(said)


def _no_clue(language: str, facts: Facts, title: str) -> str:
    """It was asked something else: that the catalogue does not say it, and what it says."""
    what = "no_clue" if facts.text else "no_clue_plain"
    about = _about(language, facts, title) if facts.text else facts_line(language, facts)
    return say(language, what, title=title, facts=about)


def _who(language: str, facts: Facts) -> str:
    people = _people(language, facts)
    return say(language, "who", title=title_of(language, facts), people=people) if people else ""


def _director(language: str, facts: Facts) -> str:
    """Who directed it, with who plays in it."""
    return _who(language, facts) if facts.directors else ""


def _how_long(language: str, facts: Facts) -> str:
    minutes = f"{facts.minutes:g}"
    return say(language, "how_long", title=title_of(language, facts), minutes=minutes) if facts.minutes > 0 else ""


def _when(language: str, facts: Facts) -> str:
    return say(language, "when", title=title_of(language, facts), year=facts.year) if facts.year else ""


def other_fact(language: str, facts: Facts, question: str) -> str:
    """What the catalogue has under a name that no other rule knows and a question says; empty where it has nothing."""
    asked = table("attributes")
    for key, value in facts.others.items():
        names = [*asked.get(key.replace(" ", "_"), ()), *([key] if len(key) > 3 else [])]
        if any(_stands(name, question) for name in names):
            own = next((name for name in names if is_han(name)), key) if language == CHINESE else key
            return say(language, "other_fact", title=title_of(language, facts), name=own, value=value)
    return ""


def _by_role(language: str, facts: Facts) -> str:
    """Whoever has to do with it by an attribute that is called as people are: an instructor, a choreographer."""
    found = next((key for key in facts.others if _ROLE.search(key)), "")
    if not found:
        return ""
    return say(language, "other_fact", title=title_of(language, facts), name=found, value=facts.others[found])


_ROLE = re.compile(r"(?:er|or|ist|ian|ress|师|者|手|员)$")


def _language(language: str, facts: Facts) -> str:
    """What it is spoken and subtitled in."""
    title = title_of(language, facts)
    said = [
        say(language, f"which_{what}", title=title, value=facts.more[what])
        for what in ("language", "subtitles")
        if what in facts.more
    ]
    return (" " if language == "en" else "").join(said)


def _stands(name: str, question: str) -> bool:
    if is_han(name):
        return name in question
    return re.search(rf"\b{re.escape(name)}", question, re.ASCII) is not None


def _where(language: str, facts: Facts) -> str:
    platforms = [one for one in facts.more.get("platform", "").split("、") if one]
    return (
        say(language, "where", title=title_of(language, facts), platform=listed(language, platforms))
        if platforms
        else ""
    )


def _genre(language: str, facts: Facts) -> str:
    genres = [value_name(language, "genre", one) for one in facts.values("genre")]
    return (
        say(language, "which_genre", title=title_of(language, facts), genres=listed(language, genres)) if genres else ""
    )


def _from(language: str, facts: Facts) -> str:
    regions = [value_name(language, "region", one) for one in facts.values("region")]
    return (
        say(language, "which_region", title=title_of(language, facts), regions=listed(language, regions))
        if regions
        else ""
    )


def _how_many(language: str, facts: Facts) -> str:
    """Seasons and episodes."""
    counted = [(key, facts.more[key]) for key in ("seasons", "episodes") if key in facts.more]
    parts = [say(language, f"{key}_one" if n == "1" else key, n=n) for key, n in counted]
    return say(language, "how_many", title=title_of(language, facts), parts=listed(language, parts)) if parts else ""


def _as_it_stands(what: str) -> Answers:
    """What the catalogue has under a name, in a sentence of its own."""

    def answer(language: str, facts: Facts) -> str:
        value = facts.more.get(what, "")
        return say(language, f"which_{what}", title=title_of(language, facts), value=value) if value else ""

    return answer


def _fit(language: str, facts: Facts) -> str:
    return _fit_for(language, facts, -1)


def _fit_for(language: str, facts: Facts, age: int) -> str:
    """For whom it is: yes or no, where it is known who watches."""
    title, least = title_of(language, facts), facts.least_age
    if least < 0:
        return say(language, "age_unknown", title=title, facts=facts_line(language, facts))
    rated = say(language, "rated_all", title=title) if least == 0 else say(language, "rated", title=title, age=least)
    if age < 0:
        return rated
    return say(language, "fit" if least <= age else "unfit", rated=rated)


def _about(language: str, facts: Facts, title: str) -> str:
    line = facts_line(language, facts)
    if not facts.text:
        return say(language, "about_plain" if line else "about_nothing", title=title, facts=line)
    return say(language, "about", title=title, facts=line, text=facts.text.rstrip(".。"))


def _people(language: str, facts: Facts) -> str:
    credited = {name for names in facts.credits.values() for name in names}
    directors = [name for name in facts.directors if name not in credited]
    cast = [name for name in facts.cast if name not in credited]
    parts = []
    if directors:
        parts.append(say(language, "directed_by", names=listed(language, directors[:3])))
    if cast:
        role = "sung" if ("kind", "music") in facts.facets else "starring"
        parts.append(say(language, role, names=listed(language, cast[:4])))
    parts += [
        say(language, f"credit_{role}", names=listed(language, names[:3])) for role, names in facts.credits.items()
    ]
    return say(language, "comma").join(parts)


_ANSWERS: dict[str, Answers] = {
    "director": _director,
    "who": _who,
    "how_long": _how_long,
    "when": _when,
    "where": _where,
    "how_many": _how_many,
    "players": _as_it_stands("players"),
    "score": _as_it_stands("score"),
    "price": _as_it_stands("price"),
    "language": _language,
    "region": _from,
    "genre": _genre,
    "age": _fit,
}
_ASKS: dict[str, re.Pattern[str]] = {what: pattern(f"asks_{what}") for what in _ANSWERS}


def asks_fact(question: str) -> bool:
    """Whether a normalised text asks, in so many words, one of the facts that are answered here."""
    return _ASKING.search(question) is not None and any(asks.search(question) for asks in _ASKS.values())


def asks_something(question: str) -> bool:
    """Whether a normalised text asks anything that is answered here."""
    return any(asks.search(question) for asks in _ASKS.values()) or _PLOT.search(question) is not None


_ASKING = re.compile(r"\b(?:who|how|when|where|what|which)\b|\?|？|多少|多[长久]|几|谁|哪|吗")
_PLOT = pattern("asks_plot")
_NAME = pattern("asks_name")
