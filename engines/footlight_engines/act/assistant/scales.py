"""What items have more or less of: price, difficulty, players, length and so on; the words and figures that speak of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from footlight_engines.act.assistant.lexicons import Lexicon, table
from footlight_engines.act.assistant.numbers import HAN_NUMBER, NUMBER, number
from footlight_engines.act.assistant.reading import is_han

PLAIN, COMPARED, EXTREME = 0, 1, 2
"""Hard, harder, hardest."""
MORE, LESS = 1, -1


@dataclass(frozen=True, slots=True)
class Scale:
    """One of `data/scales.toml`."""

    name: str
    keys: tuple[str, ...]
    asks: re.Pattern[str]
    unit: str
    before: str
    steps: tuple[tuple[str, ...], ...]
    wish: bool
    """Whether an adjective of it, by itself, is a wish that no other rule knows."""


@dataclass(frozen=True, slots=True)
class Degree:
    """An adjective in a text: "the cheapest" has least of the price, to the extreme."""

    scale: str
    sign: int
    degree: int
    start: int
    end: int


@cache
def scales() -> dict[str, Scale]:
    """All scales by their names."""
    return {name: _scale(name, said) for name, said in table("scales").items()}


def _scale(name: str, said: Any) -> Scale:
    steps = tuple(tuple(step) for step in said.get("steps", ()))
    asks = re.compile("|".join(f"(?:{one})" for one in said["asks"]))
    return Scale(name, tuple(said["keys"]), asks, said.get("unit", ""), said.get("before", ""), steps, said["wish"])


def asked_scales(text: str) -> list[str]:
    """The scales that a normalised text asks for."""
    return [name for name, scale in scales().items() if scale.asks.search(text)]


_ZH_MOST = re.compile(r"最$")
_ZH_MORE = re.compile(r"(?:更|比较|还要|再|相对)$")
_ZH_LESS = re.compile(r"(?:没那么|不那么|没有那么)$")
_ZH_AFTER = re.compile(r"(?:一点|一些|点(?!名|评|击)|些)")
_ALONE = re.compile(
    r"(?:最|更|比较|太|很|挺|蛮|有点|不|再|那么|够|多|相对|[个部款首种本位场](?:最|更)?|谁|是|一样|要|就)$"
)
_ALONE_AFTER = re.compile(r"(?:了?一点|了点|了一?些|点(?!名|评|击)|一些|些|的(?![士是确])|吗|么|不|[?？]|$)")
"""What makes an adjective of a single character one: 长 is in many words."""
_NEVER = re.compile(
    r"容易(?![的点一些吗么上]|$|[,，。!！?？])|简单(?:来|地|粗)|难(?:过|受|得|怪|道|忘|看|听)|晚[上安]|早上|最近|新手|长大|老[师板公婆家大]|快乐|长片|短片|近[代期]"
)


_RATING = re.compile(r"(评分|分数|口碑|评价)((?:谁|哪[个部款首]?|太|有点|不够|更|最|比较)+)(高|低|好|差)")


def rating_first(text: str) -> str:
    """分数太低 as 太分数低, so that the adjective stands together; as long as it was."""
    return _RATING.sub(lambda match: match[2] + match[1] + match[3], text)


def degrees(text: str) -> list[Degree]:
    """The adjectives of scales in a normalised text, from left to right."""
    found = []
    text = rating_first(text)
    for phrase in _adjectives().find(text):
        lone = phrase.end - phrase.start == 1 and is_han(text[phrase.start])
        if lone and not _stands(text, phrase.start, phrase.end):
            continue
        if any(match.start() == phrase.start for match in _NEVER.finditer(text)):
            continue
        for scale, how in phrase.meanings:
            sign, degree = (int(part) for part in how.split())
            if is_han(text[phrase.start]):
                sign, degree = _in_chinese(text, phrase.start, phrase.end, sign)
            found.append(Degree(scale, sign, degree, phrase.start, phrase.end))
    return found


def _stands(text: str, start: int, end: int) -> bool:
    inside = any(match.start() <= start < match.end() for match in _NEVER.finditer(text))
    around = _ALONE.search(text[:start]) or _ALONE_AFTER.match(text, end)
    return around is not None and not inside


def _in_chinese(text: str, start: int, end: int, sign: int) -> tuple[int, int]:
    before = text[:start]
    if _ZH_MOST.search(before):
        return sign, EXTREME
    if _ZH_LESS.search(before):
        return -sign, COMPARED
    return sign, COMPARED if _ZH_MORE.search(before) or _ZH_AFTER.match(text, end) else PLAIN


@cache
def _adjectives() -> Lexicon:
    lexicon = Lexicon(plurals=False)
    for name, said in table("scales").items():
        for sign, words in ((MORE, said["more"]), (LESS, said["less"])):
            for word in words:
                for spelt, turned, degree in _inflected(word):
                    lexicon.add(spelt, name, f"{sign * turned} {degree}")
    return lexicon


def _inflected(word: str) -> Iterator[tuple[str, int, int]]:
    """(spelling, whether it keeps its sign, degree)."""
    yield word, 1, PLAIN
    if is_han(word):
        return
    if len(word) < 7 and word.isalpha():
        stem = word[:-2] + "i" if word.endswith("ey") else word[:-1] + "i" if word.endswith("y") else word.rstrip("e")
        yield from ((stem + "er", 1, COMPARED), (stem + "est", 1, EXTREME))
    yield from ((f"more {word}", 1, COMPARED), (f"most {word}", 1, EXTREME))
    yield from ((f"less {word}", -1, COMPARED), (f"least {word}", -1, EXTREME), (f"not as {word}", -1, COMPARED))


_UPPER = (
    r"under|less than|at most|no more than|not more than|up to|below|within|max(?:imum)?(?: of)?|cheaper than"
    r"|不超过|不要超过|别超过|最多|少于|低于|不到|不高于"
)
_LOWER = r"over|more than|at least|above|from|minimum(?: of)?|no less than|至少|起码|最少|不少于|不低于|超过|高于|大于"
_UPPER_AFTER = r"or less|or under|at most|max(?:imum)?|tops|以内|之内|以下|内"
_LOWER_AFTER = r"or more|or above|or higher|or better|at least|and up|\+|以上|起"
_STRICTLY = ("under", "less than", "below", "cheaper than", "少于", "低于", "不到")
_COUNT = rf"(?:a hundred|一百|{NUMBER}|{HAN_NUMBER})"


@cache
def _figure(name: str) -> re.Pattern[str]:
    scale = scales()[name]
    unit, sign = rf"(?:\s*-?{scale.unit})", rf"(?:{scale.before}\s*)" if scale.before else ""
    marked = rf"{sign}(?P<a>{_COUNT}){unit}?|" if sign else ""
    return re.compile(
        rf"(?:(?P<upper>{_UPPER})\s*|(?P<lower>{_LOWER})\s*)?(?:about |around )?"
        rf"(?<![\d.])(?:{marked}(?P<b>{_COUNT}){unit})(?![\w钟享])?\s*(?:(?P<upper2>{_UPPER_AFTER})|(?P<lower2>{_LOWER_AFTER}))?"
    )


_BUDGET = re.compile(
    rf"(?:\bbudget\b(?: \w+){{0,3}}|\b(?:spend|pay|afford)(?: (?:up to|at most|about|no more than|more than|max))?"
    rf"|预算[^\d零一二三四五六七八九十]{{0,6}}|花(?:不超过|最多|个)?)"
    rf" ?({_COUNT})(?![a-z\d])"
    rf"(?! ?(?:hours?|min|小时|分钟|个小时|天|evening))"
)
_DEFAULT = {"price": "max", "players": "with", "score": "min", "seasons": "with", "episodes": "with"}
_RATED = re.compile(
    r"(?:\b(?:rated|ratings?|scor(?:e|ed|ing|es)|stars)\b|评分|分数)"
    r"[^\d,，。]{0,16}?(\d(?:\.\d+)?)(?! ?(?:min|hour|年|分钟))"
)
_DIGIT = {han: str(number) for number, han in enumerate("零一二三四五六七八九")}
_POINT = re.compile(r"([零一二三四五六七八九])点([零一二三四五六七八九])(?!十|分钟)")
"""四点五 is 4.5, and as long."""
_OF_US = re.compile(
    rf"\b(?:groups?|part(?:y|ies)|teams?) of ({NUMBER})\b"
    rf"|\bwe(?:'re| are|'ll be| will be)(?: (?:all|about|only|just))? ({NUMBER})\b(?! ?(?:min|hour|year|am|pm|%))"
    rf"|\b(?:there(?:'s| is| are|'ll be| will be)) ({NUMBER}) of\b|\b(?:can|could) ({NUMBER}) (?:of us |people )?play\b"
    rf"|我们(?:一共|总共|一行|就|有)*({HAN_NUMBER})个(?!小时|钟|月|星期)"
)


_WITH_OTHERS = re.compile(
    rf"\b(?:with|w|and|plus) (?:my |the |our )?({NUMBER}) (?:other )?(?:\w+ )?(?:friends?|mates?|buddies|pals|brothers?"
    rf"|sisters?|siblings|cousins?|kids|children|sons|daughters|roommates?|flatmates?|housemates?|colleagues?|others|people|guests)\b"
    rf"|(?:和|跟|带|加上?|陪)(?:我)?(?:的)?({HAN_NUMBER})个(?:好)?(?:朋友|同学|室友|舍友|同事|孩子|小孩|哥们|闺蜜|兄弟|姐妹|人)"
)


def figures_on(text: str) -> Iterator[tuple[str, str, int, int]]:
    """The figures on scales: scale, value such as "max:20", and where it stands."""
    for name, otherwise in _DEFAULT.items():
        for match in _figure(name).finditer(text):
            said = match.groupdict().get("a") or match["b"]
            if (value := _number(said)) is None or _other_unit(text, match.end(), name):
                continue
            if name == "players" and _WITH_OTHERS.search(text[max(0, match.start() - 12) : match.end() + 1]):
                continue  # with two friends one is three
            if value == 1 and match[0].rstrip().endswith("of us"):
                continue  # one of us is none who plays alone
            if value == 1 and name in ("seasons", "episodes") and not (match["lower"] or match["upper"]):
                continue  # 一集多久 wishes for nothing
            if match["upper"] in _STRICTLY and name == "price":
                yield name, f"below:{value:g}", match.start(), match.end()
                continue
            if match["lower"] in ("more than", "over", "超过") and name in ("seasons", "episodes", "players"):
                value += 1
            bound = "max" if match["upper"] or match["upper2"] else "min" if match["lower"] or match["lower2"] else ""
            yield name, f"{bound or otherwise}:{value:g}", match.start(), match.end()
    text = _POINT.sub(lambda match: f"{_DIGIT[match[1]]}.{_DIGIT[match[2]]}", text)
    for match in _RATED.finditer(text):
        yield "score", f"min:{float(match[1]):g}", match.start(), match.end()
    for match in _OF_US.finditer(text):
        if (value := _number(next(group for group in match.groups() if group))) is not None:
            yield "players", f"with:{value:g}", match.start(), match.end()
    for match in _WITH_OTHERS.finditer(text):
        if (value := _number(next(group for group in match.groups() if group))) is not None:
            yield "players", f"with:{value + 1:g}", match.start(), match.end()
    for match in _BUDGET.finditer(text):
        if (value := _number(match[1])) is not None:
            yield "price", f"max:{value:g}", match.start(), match.end()


def _number(said: str) -> float | None:
    return 100.0 if said in ("a hundred", "一百") else number(said)


def _other_unit(text: str, end: int, name: str) -> bool:
    """Whether what follows makes it something else: 五分钟, "two people's"."""
    return name == "score" and text[end : end + 1] in ("钟", "享", "类")


@cache
def _nothing() -> Lexicon:
    lexicon = Lexicon(plurals=False)
    for name, said in table("scales").items():
        for phrase in said.get("none", ()):
            lexicon.add(phrase, name, "max:0")
    for phrase in (
        "free time",
        "feel free",
        "free to",
        "free for",
        "gluten-free",
        "ad-free",
        "free evening",
        "are free",
    ):
        lexicon.ignore(phrase)
    return lexicon


def zeros(text: str) -> list[tuple[str, str, int, int]]:
    """What is to cost nothing."""
    return [(*found.meanings[0], found.start, found.end) for found in _nothing().find(text)]


def measured(said: Sequence[str], name: str) -> tuple[float, float] | None:
    """The least and the most that a catalogue's values of an attribute mean; None where they mean no quantity."""
    labels = {label: place + 1 for place, step in enumerate(scales()[name].steps) for label in step}
    values: list[float] = []
    for one in said:
        spelt = one.strip().lower()
        if spelt in labels:
            values.append(float(labels[spelt]))
        elif name == "price" and spelt in table("scales")["price"]["none"]:
            values.append(0.0)
        else:
            values += [float(figure) for figure in re.findall(r"\d+(?:\.\d+)?", spelt)]
            values += [99.0] if name == "players" and "+" in spelt else []
    if not values:
        return None
    return (1.0 if name == "players" and len(values) == 1 else min(values)), max(values)


def named(scale: str, words: Iterable[str]) -> bool:
    """Whether an attribute's name is one of a scale's."""
    return any(word in scales()[scale].keys for word in words)
