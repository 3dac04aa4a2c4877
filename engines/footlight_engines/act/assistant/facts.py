"""What the catalogue says of an item, in the words that slots have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from footlight_engines.act.assistant.languages import LANGUAGE, SUBTITLES, spelt_languages
from footlight_engines.act.assistant.lexicons import SLOTS, phrases, shared_lexicon, table
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.scales import measured, named, scales
from footlight_plugins import ItemContent

_KEYS = {
    "year": ("year", "release_year", "released", "release_date", "date", "年份", "年代", "上映"),
    "duration": ("duration", "runtime", "minutes", "length", "duration_minutes", "runtime_minutes", "时长", "片长"),
    "director": ("director", "directors", "导演", "creator", "author", "作者"),
    "people": (
        "cast", "actors", "actor", "starring", "stars", "people", "performers", "artist", "artists", "singer", "voices",
        "streamer", "host", "hosts", "narrator", "narrators", "reader", "band", "演员", "主演", "歌手", "主播", "主持",
        "主持人", "朗读", "播讲", "配音",
    ),
    "platform": ("platform", "platforms", "available_on", "service", "services", "平台"),
    "region": ("region", "country", "countries", "origin", "地区", "国家"),
    "genre": ("genre", "genres", "类型", "题材"),
    "mood": ("mood", "moods", "tone", "情绪", "氛围"),
    "age": ("age", "age_rating", "certificate", "min_age", "rating_age", "分级", "适合年龄"),
    "seasons": ("seasons", "season_count", "number_of_seasons", "季数", "季"),
    "episodes": ("episodes", "episode_count", "number_of_episodes", "集数", "集"),
    "players": ("players", "player_count", "number_of_players", "玩家人数", "人数"),
    "score": ("rating", "score", "stars_of_5", "imdb_rating", "imdb", "douban", "评分", "豆瓣评分"),
    "price": ("price", "cost", "价格", "售价"),
    "language": (
        "language", "languages", "audio", "audio_languages", "spoken_language", "original_language", "语言", "配音语言",
    ),
    "subtitles": ("subtitles", "subtitle", "subtitle_languages", "captions", "subs", "字幕"),
    "text": ("description", "summary", "overview", "plot", "synopsis", "tagline", "简介", "剧情简介", "介绍"),
}  # fmt: skip
CREDITS = {
    "author": ("author", "authors", "writer", "writers", "screenwriter", "作者", "编剧"),
    "creator": ("creator", "creators", "designer", "designers", "创作者", "设计师"),
    "narrator": ("narrator", "narrators", "reader", "朗读", "播讲"),
    "host": ("host", "hosts", "主持", "主持人"),
    "composer": ("composer", "composers", "作曲"),
    "developer": ("developer", "developers", "studio", "开发商", "制作商", "制作公司"),
    "publisher": ("publisher", "publishers", "发行商", "出版社"),
}
"""Who else has to do with an item, by the names of the attributes that say so."""
MORE = ("platform", "seasons", "episodes", "players", "score", "price", "language", "subtitles")
"""What can be asked about an item and is no slot."""
_TITLE_KEY = re.compile(r"(?<!sub)title|alias|译名|别名|又名|中文名|英文名|原名")
_YEAR = re.compile(r"(?<!\d)((?:18|19|20)\d\d)(?!\d)")
_RATINGS = {
    "g": 0, "u": 0, "tv-y": 0, "tv-g": 0, "e": 0, "everyone": 0, "all": 0, "all ages": 0, "全年龄": 0, "pg": 8, "tv-y7": 7,
    "tv-pg": 8, "e10+": 10, "12": 12, "12a": 12, "pg-13": 13, "tv-14": 14, "t": 13, "teen": 13, "15": 15, "16": 16, "r": 17,
    "m": 17, "mature": 17, "tv-ma": 17, "18": 18, "nc-17": 18, "ao": 18, "adult": 18, "成人": 18,
}  # fmt: skip


@dataclass(slots=True)
class Facts:
    """One item."""

    item: int
    title: str
    kind: str = ""
    """As the catalogue says it."""
    facets: set[tuple[str, str]] = field(default_factory=set)
    """(slot, value) pairs, people in lower case."""
    titles: list[str] = field(default_factory=list)
    """Everything it is called."""
    year: int = 0
    """0 where it is unknown, as all that follow."""
    minutes: float = 0.0
    least_age: int = -1
    """From which age on it is meant to be seen; -1 where nobody says."""
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    text: str = ""
    tags: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)
    """Seasons, episodes, players, score, price and language, as the catalogue has them."""
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """How much it has of what `data/scales.toml` lists, at least and at most."""
    credits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Who did what, where that is neither to direct nor to play in it: authors, narrators, hosts, developers."""
    opens: int = 0
    """From when on it may be shown, in microseconds since 1970; 0 where it always could."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Every attribute that has no place of its own, by its name in words."""

    def values(self, slot: str) -> list[str]:
        """Its values of a slot, in order."""
        return sorted(value for name, value in self.facets if name == slot)

    @property
    def spoken(self) -> str:
        """Everything that is said of it, for search by words and by meaning."""
        words = [
            *self.titles,
            self.kind,
            *self.tags,
            *self.values("genre"),
            *self.directors,
            *self.cast,
            self.text[:400],
        ]
        return ". ".join(word for word in words if word)


@cache
def _by_phrase() -> Mapping[str, tuple[tuple[str, str], ...]]:
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for slot in SLOTS:
        for value, phrase in phrases(slot):
            found[phrase] = (*found.get(phrase, ()), (slot, value))
        for value in table(SLOTS[slot]):
            found.setdefault(value.replace("-", " ").lower(), ((slot, value),))
    return found


def facts_of(content: ItemContent) -> Facts:
    """Read what the catalogue says of an item; whatever it says, nothing fails."""
    said = {key: list(_texts(_attribute(content.attributes, key))) for key in _KEYS}
    facts = Facts(content.item, content.title, content.kind, tags=content.tags, opens=content.available_from)
    facts.titles = [content.title, *_other_titles(content.attributes)]
    facts.directors, facts.cast = tuple(said["director"]), tuple(said["people"])
    facts.credits = _credits(content.attributes)
    facts.text = " ".join(said["text"])
    facts.more = {key: "、".join(said[key]) for key in MORE if said[key]}
    facts.year = _year(said["year"], content.title)
    facts.minutes = _number(said["duration"])
    facts.least_age = _least_age(said["age"])
    _add_facets(facts, [content.kind], ("kind", "region", "genre"))
    if not facts.values("kind") and content.kind:
        facts.facets |= {("kind", kind) for kind in _kind_of(content.kind)}
    own = tuple(slot for slot in SLOTS if slot != "kind" or not facts.values("kind"))
    _add_facets(facts, [*content.tags, *said["genre"], *said["mood"]], own)
    _add_facets(facts, said["platform"], ("platform",), keep="platform")
    _add_facets(facts, said["region"], ("region",), keep="region")
    _add_facets(facts, said["age"], ("age",))
    for key in (LANGUAGE, SUBTITLES):
        facts.facets |= {(key, language) for language in spelt_languages(said[key])}
    _add_scales(facts, content.attributes)
    facts.facets |= {("tag", label) for label in _unknown_labels(content.tags)}
    credited = [name for names in facts.credits.values() for name in names]
    facts.facets |= {("people", name) for name in _names((*facts.directors, *facts.cast, *credited))}
    if not facts.values("mood"):
        feel = table("moods_of_genres")
        facts.facets |= {("mood", mood) for genre in facts.values("genre") for mood in feel.get(genre, ())}
    return facts


def _kind_of(label: str) -> set[str]:
    """What a kind that no phrase knows is by its words: a board game is a game; others are a kind of their own."""
    words = [word for word in read(label).text.split() if word not in ("show", "shows")]
    known = {value for word in words for slot, value in _found(word) if slot == "kind"}
    return known or {read(label).text}


def _credits(attributes: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in attributes.items():
        role = next((role for role, names in CREDITS.items() if name.lower().replace(" ", "_") in names), "")
        if role and (people := tuple(_texts([value]))):
            found[role] = (*found.get(role, ()), *people)
    return found


def _unknown_labels(tags: Iterable[str]) -> Iterator[str]:
    """The tags that no phrase of the lexicon means."""
    for tag in tags:
        spelt = read(tag).text.replace("-", " ")
        if spelt and not _by_phrase().get(spelt) and not _found(spelt):
            yield spelt


def _add_scales(facts: Facts, attributes: Mapping[str, Any]) -> None:
    """Add the quantities, and what no other rule reads."""
    read_already = {name for names in _KEYS.values() for name in names}
    quantities: dict[str, tuple[float, float]] = {}
    others: dict[str, str] = {}
    for name, value in attributes.items():
        key = name.lower().replace(" ", "_").replace("-", "_")
        texts = list(_texts([value]))
        scale = next((scale for scale in scales() if named(scale, [key])), "")
        if scale and (found := measured(texts, scale)):
            quantities[scale] = found
        if texts and (scale == "difficulty" or (key not in read_already and not _TITLE_KEY.search(key))):
            others[scale or key.replace("_", " ")] = "、".join(texts)[:200]
    own = {"duration": facts.minutes, "year": facts.year, "age": facts.least_age if facts.least_age >= 0 else 0}
    quantities |= {scale: (float(value), float(value)) for scale, value in own.items() if value}
    facts.scales, facts.others = quantities, others


def _attribute(attributes: Mapping[str, Any], key: str) -> Iterator[Any]:
    for name, value in attributes.items():
        if name.lower().replace(" ", "_").replace("-", "_") in _KEYS[key]:
            yield value


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bool) or value is None:
            continue
        elif isinstance(value, int | float):
            yield f"{value:g}"
        elif isinstance(value, list | tuple):
            yield from _texts(value)
        elif isinstance(value, Mapping):
            yield from _texts([value.get("name")])


def _other_titles(attributes: Mapping[str, Any]) -> list[str]:
    return [text for name, value in attributes.items() if _TITLE_KEY.search(name.lower()) for text in _texts([value])]


def _add_facets(facts: Facts, said: Iterable[str], slots: tuple[str, ...], keep: str = "") -> None:
    """Add what known phrases mean: the whole of a label, or what is found in it. ``keep``: others count as they stand."""
    for label in said:
        for part in re.split(r"[|/,;，、；]", label):
            spelt = read(part).text
            meant = _by_phrase().get(spelt) or _by_phrase().get(spelt.replace("-", " ")) or _found(spelt)
            known = [meaning for meaning in meant if meaning[0] in slots]
            facts.facets.update(known)
            if keep and spelt and not known:
                facts.facets.add((keep, spelt))


def _found(label: str) -> tuple[tuple[str, str], ...]:
    return tuple(meaning for phrase in shared_lexicon().find(label) for meaning in phrase.meanings)


def _names(people: Iterable[str]) -> Iterator[str]:
    """People as slots name them: known ones by the name that the lexicon has."""
    for person in people:
        for part in re.split(r"[|/;,，、；]", person):
            spelt = read(part).text
            if spelt:
                known = [value for slot, value in _by_phrase().get(spelt, ()) if slot == "people"]
                yield (known[0] if known else spelt).casefold()
                yield spelt


def _year(said: Iterable[str], title: str) -> int:
    for text in said:
        if match := _YEAR.search(text):
            return int(match[1])
    match = re.search(r"[(（]((?:18|19|20)\d\d)[)）]\s*$", title)
    return int(match[1]) if match else 0


def _number(said: Iterable[str]) -> float:
    for text in said:
        if match := re.search(r"\d+(?:\.\d+)?", text):
            value = float(match[0])
            if re.search(r"小时|h(?:ou)?r", text.lower()):
                rest = re.search(r"(?:小时|h(?:ou)?rs?|h)\s*(\d+)", text.lower())
                return value * 60 + (float(rest[1]) if rest else 0)
            return value
    return 0.0


def _least_age(said: Iterable[str]) -> int:
    for text in said:
        spelt = text.strip().lower()
        if spelt in _RATINGS:
            return _RATINGS[spelt]
        if match := re.search(r"\d+", spelt):
            return min(int(match[0]), 21)
    return -1
