"""Replies and reasons in the person's language, from `data/replies.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.lexicons import SLOTS, table
from footlight_engines.act.assistant.memory import Want
from footlight_engines.act.assistant.reading import CHINESE, is_han
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.slots import UNWANTED

_SLOT_NAMES = {
    "en": {"people": "people", "platform": "platforms", "duration": "length", "era": "years", "age": "ages",
           "genre": "genres", "kind": "kinds", "mood": "moods", "region": "countries", "title": "that title",
           "price": "prices", "difficulty": "difficulty", "players": "numbers of players", "score": "ratings",
           "language": "languages", "subtitles": "subtitles",
           "seasons": "seasons", "episodes": "episodes", "year": "years", "about": "that", "tag": "labels"},
    "zh": {"people": "人物", "platform": "平台", "duration": "时长", "era": "年代", "age": "年龄", "genre": "类型",
           "kind": "种类", "mood": "氛围", "region": "地区", "title": "这个作品", "price": "价格",
           "difficulty": "难度", "players": "人数", "score": "评分", "language": "语言", "subtitles": "字幕",
           "seasons": "季数", "episodes": "集数", "year": "年份",
           "about": "这方面", "tag": "标签"},
}  # fmt: skip
_BOUNDS = {
    "en": {"max": "at most {0} minutes", "min": "at least {0} minutes", "around": "about {0} minutes",
           "after": "from {0} on", "before": "before {0}"},
    "zh": {"max": "{0}分钟以内", "min": "{0}分钟以上", "around": "{0}分钟左右", "after": "{0}年以后", "before": "{0}年以前"},
}  # fmt: skip
_ENGLISH = {
    ("region", "usa"): "the US", ("region", "britain"): "Britain", ("platform", "disney-plus"): "Disney+",
    ("platform", "hbo"): "HBO", ("platform", "pc"): "PC", ("platform", "psvr"): "PSVR", ("platform", "iqiyi"): "iQiyi",
    ("platform", "youtube"): "YouTube", ("platform", "apple-tv"): "Apple TV",
    ("platform", "playstation"): "PlayStation", ("kind", "vr"): "VR",
    ("kind", "idol"): "virtual idols", ("kind", "stream"): "livestreams", ("kind", "film"): "films",
    ("kind", "game"): "games", ("kind", "show"): "shows",
}  # fmt: skip
_AS_WRITTEN = {
    "playstation": "PlayStation",
    "pc": "PC",
    "xbox": "Xbox",
    "switch": "Switch",
    "quest": "Quest",
    "netflix": "Netflix",
    "hulu": "Hulu",
    "youtube": "YouTube",
}
"""Platforms that keep their own name in Chinese."""
_PLAIN = {
    "short": "短的", "shorter": "更短的", "long": "长的", "longer": "更长的", "newer": "更新的", "older": "更老的",
    "recent": "新的", "classic": "经典",
}  # fmt: skip
_ARTICLE_LAST = re.compile(r"^(.+), (The|A|An|Les?|La|Il|El|Das|Der|Die)\b((?: \(.*)?)$")


def say(language: str, what: str, turn: int = 0, /, **names: object) -> str:
    """A sentence of the reply table, filled in. Of several ways to say it, each turn takes the next."""
    said: str | list[str] = table("replies")[language][what]
    text = said if isinstance(said, str) else said[turn % len(said)]
    return text.format(**names)


def listed(language: str, parts: Sequence[str]) -> str:
    """Parts with commas and an "and"."""
    if len(parts) < 2:
        return "".join(parts)
    return say(language, "comma").join(parts[:-1]) + say(language, "and") + parts[-1]


def value_name(language: str, slot: str, value: str) -> str:
    """A slot's value as people say it."""
    bound, _, figure = value.partition(":")
    if slot in scales() and slot not in ("duration", "age"):
        return _in_words(language, slot, bound, figure)
    if value == "instrumental":
        return say(language, "instrumental")
    if slot in ("language", "subtitles"):
        return _language(language, slot, value)
    if figure and bound in _BOUNDS[language]:
        return _BOUNDS[language][bound].format(figure)
    if slot == "duration" and (match := re.fullmatch(r"(\d+)-(\d+)", value)):
        return say(language, "between_minutes", least=match[1], most=match[2])
    if language != CHINESE and slot == "age" and value.isdigit():
        return f"for {value}-year-olds"
    if language != CHINESE:
        return _in_english(slot, value)
    if slot == "platform" and value in _AS_WRITTEN:
        return _AS_WRITTEN[value]
    if slot == "people":
        return _in_chinese(value)
    if slot == "theme":
        return str(table("themes")["chinese"][value])
    if re.fullmatch(r"\d{4}s", value):
        return f"{value[:4]}年代"
    if slot == "age" and value.isdigit():
        return f"{value}岁"
    said: Iterable[str] = table(SLOTS[slot]).get(value, ()) if slot in SLOTS else ()
    own = value.title() if value.islower() and slot in ("region", "platform") else value
    return _PLAIN.get(value) or next((phrase for phrase in said if is_han(phrase)), own)


def _in_words(language: str, scale: str, bound: str, figure: str) -> str:
    """A wish on a scale: "free", "at most 20", "easy", "for 4 players"."""
    known: Mapping[str, str] = table("replies")[language]
    if f"want_{scale}_{bound}_{figure}" in known:
        return known[f"want_{scale}_{bound}_{figure}"]
    return known.get(f"want_{scale}_{bound}", f"{scale} {bound}").format(value=figure)


def _language(language: str, slot: str, value: str) -> str:
    """The name of a language, with what is to be in it."""
    names: Sequence[str] = table("languages").get(value, (value,))
    chinese = next((name for name in names if is_han(name)), value)
    name = chinese if language == CHINESE else value.replace("-", " ").title()
    return say(language, "want_subtitles", value=name) if slot == "subtitles" else name


def measure(language: str, scale: str, facts: Facts) -> str:
    """How much an item has of something, as people say it."""
    least, most = facts.scales[scale]
    value = f"{least:g}" if least == most else f"{least:g}–{most:g}"
    if scale == "duration" and most >= LONG_MINUTES:
        return say(language, "m_hours", value=f"{most / 60:.2g}" if most < 6_000 else f"{most / 60:.0f}")
    if scale == "price" and most == 0:
        return say(language, "m_free")
    if scale == "difficulty":
        value = _difficulty(language, facts.others.get("difficulty", value))
    return say(language, f"m_{scale}_one" if scale == "players" and value == "1" else f"m_{scale}", value=value)


LONG_MINUTES = 300
"""What takes longer is said in hours."""


def _difficulty(language: str, label: str) -> str:
    """The catalogue's own word for how hard it is, in the language where that is known."""
    for step in scales()["difficulty"].steps:
        if label.strip().lower() in step:
            return next((word for word in step if is_han(word) == (language == CHINESE)), label)
    return label


def _in_english(slot: str, value: str) -> str:
    known = _ENGLISH.get((slot, value))
    if known or slot not in ("people", "region", "platform"):
        return known or value.replace("-", " ")
    return value.replace("-", " ").title() if value.islower() else value


@cache
def _names_by_case() -> Mapping[str, str]:
    return {value.casefold(): value for value in table("people")}


def _in_chinese(person: str) -> str:
    """Somebody's Chinese name, where there is one."""
    known = _names_by_case().get(person.casefold(), person)
    name = next((said for said in table("people").get(known, ()) if is_han(said)), known)
    return str(name).title() if name.islower() else str(name)


def want_name(language: str, want: Want) -> str:
    """A want as people say it."""
    name = value_name(language, want.name, want.value)
    how = "wanted" if want.polarity != UNWANTED else "unwanted"
    said = table("replies")[language].get(f"{how}_{want.name}_{want.value}")
    if said:
        return str(said)
    if want.value == "instrumental":
        return name
    if want.polarity == UNWANTED:
        own = f"unwanted_{want.name}"
        return say(language, own if own in table("replies")[language] else "without", value=name)
    plain = ":" in want.value or name.startswith("for ")
    return (
        name
        if plain or f"wanted_{want.name}" not in table("replies")[language]
        else say(language, f"wanted_{want.name}", value=name)
    )


def slot_name(language: str, slot: str) -> str:
    """A slot as people say it."""
    return _SLOT_NAMES[language].get(slot, slot)


def title_of(language: str, facts: Facts) -> str:
    """A title in brackets as the language has them: the one in the person's language, where the catalogue has one."""
    own = [title for title in facts.titles if title and is_han(title) == (language == CHINESE)]
    title = _ARTICLE_LAST.sub(r"\2 \1\3", own[0] if own else facts.title or "?")
    return f"《{title}》" if language == CHINESE and not title.startswith("《") else title


def facts_line(language: str, facts: Facts) -> str:
    """Year, genres and length in brackets."""
    year = [str(facts.year)] if facts.year and str(facts.year) not in facts.title else []
    genres = [value_name(language, "genre", genre) for genre in facts.values("genre")[:3]]
    parts = [*year, *genres]
    if not parts:
        return ""
    joined = say(language, "comma").join(parts)
    return f"（{joined}）" if language == CHINESE else f" ({joined})"


def item_line(language: str, facts: Facts, reasons: Sequence[str], number: int = 0) -> str:
    """One item of a list."""
    because = say(language, "because", reasons=say(language, "comma").join(reasons)) if reasons else ""
    fields: Mapping[str, object] = {
        "title": title_of(language, facts),
        "facts": facts_line(language, facts),
        "reasons": because,
    }
    return say(language, "line", number=number, **fields) if number else say(language, "single", **fields)
