"""Numbers, durations, years and ages, as figures or in words, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from footlight_engines.act.assistant.lexicons import pattern

_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "twenty": 20,
    "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90, "half an": 0.5, "half": 0.5,
    "half a": 0.5, "an hour and a half": 1.5,
}  # fmt: skip
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
_NUMBER = (
    r"(?:\d+(?:\.\d+)?|half an?|" + "|".join(sorted((w for w in _WORDS if " " not in w), key=len, reverse=True)) + ")"
)
_HAN_NUMBER = r"(?:\d+(?:\.\d+)?|半|[零一二两三四五六七八九十百]+)"
_UNIT = r"(hours?|hrs?|h|minutes?|mins?|min|m)\b"

_MOST = r"under|less than|at most|no (?:longer|more) than|not (?:longer|more) than|within|shorter than|up to|below"
_LEAST = r"over|more than|at least|longer than|above|minimum"
_ABOUT = r"about|around|roughly|approximately"
_HAVE = r"(?:i(?:'ve| have)?(?: only)?(?: got)?|only have|have only|got|only|just) (?:have |got )?"
_EN_DURATION = re.compile(
    rf"(?:\b({_MOST})\s+|\b({_LEAST})\s+|\b({_ABOUT})\s+|\b({_HAVE}))?\b({_NUMBER})[ -]*{_UNIT}"
    r"(?: and a (half)| (?:and )?(\d+) ?min\w*)?"
    r"(?:[ -](or (?:less|under|shorter)|(?:at )?(?:most|tops|max(?:imum)?)|at the most)"
    r"| (or (?:more|longer|over)|(?:at )?least|minimum|plus)\b)?"
)
_ZH_DURATION = re.compile(
    rf"(不超过|别超过|不要超过|少于|小于|最多|控制在|不到)?(超过|多于|至少|大于|不少于)?(大概|大约|差不多)?(只有|就|还有|只剩)?"
    rf"({_HAN_NUMBER})个?(半)?(小时|钟头|分钟)(以内|之内|内|以下)?(以上|往上)?(左右|上下)?"
)
_SHAPES = (
    (re.compile(r"\bshorter\b|\bsnappier\b|\bbriefer\b|再短|短一?点|短一?些|更短"), "shorter"),
    (re.compile(r"\blonger\b(?! than)|再长|长一?点(?!大)|长一?些|更长"), "longer"),
    (re.compile(r"(?<!in )\bshort(?! film)\b|\bquick (?:one|watch)\b|短的|很短|比较短|短一(?:部|集)|短小"), "short"),
    (pattern("long"), "long"),
)

_DECADE_WORDS = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990, "noughties": 2000,
}  # fmt: skip
_DECADE = re.compile(r"\b(?:(19|20)(\d)0|'?(\d)0)'?s\b(?! old)|\b(" + "|".join(_DECADE_WORDS) + r")\b")
_HAN_DECADE = re.compile(r"(?:(19|20)(\d)0|(\d)0|([二三四五六七八九])[十零〇]|(零零|〇〇|00))年代")
_YEAR = r"((?:19|20)\d\d)"
_SPAN = re.compile(rf"(?:between |from )?{_YEAR} ?年?(?: ?(?:-|–|~|to|and|到|至) ?){_YEAR}(?: ?年)?")
_SINCE = re.compile(
    rf"(?:\b(?:after|since|later than|newer than|post)[ -]{_YEAR}|{_YEAR} ?年?(?:以后|之后|以来|往后|后))"
)
_BEFORE = re.compile(rf"(?:\b(?:before|earlier than|older than|pre|until)[ -]{_YEAR}|{_YEAR} ?年?(?:以前|之前|前))")
_ONE_YEAR = re.compile(rf"(?<!\d){_YEAR}(?!\d)年?")

_OLD_THINGS = re.compile(
    r"(?<!那么)(?<!太)老(?=港片|港剧|美剧|日剧|韩剧|国产|动画|动漫|游戏|番|武侠|西部|喜剧|恐怖|科幻|爱情|歌|译制)"
)
_OLD = re.compile(r"(?<=太)[老旧]|(?<=有点)[老旧]|(?<=有些)[老旧]|(?<=那么)[老旧]|(?<=别太)[老旧]|[老旧](?=一点的?不)")
_NEW = re.compile(r"(?<=太)新(?!颖|奇)|(?<=那么)新")

_AGE = re.compile(
    rf"(?:\b(?:under|below|for|aged?|my|than|of|over)\s+)*\b({_NUMBER})[ -]?(?:years?|yrs?|yo)[ -]?olds?\b"
    rf"|\b(?:kids?|children|child|son|daughter|boys?|girls?)\s+(?:who (?:is|are) )?(?:under|below|aged?|of)\s+({_NUMBER})\b"
    rf"|\b(?:kid|child|son|daughter|boy|girl|youngest|oldest)(?: is|'s) ({_NUMBER})\b"
    rf"|\b(?:aged?|ages?)\s+({_NUMBER})\b"
    rf"|({_HAN_NUMBER})岁"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value that was read from figures or number words."""

    start: int
    end: int
    slot: str
    value: str


def number(said: str) -> float | None:
    """The number that figures, an English word or Chinese characters below a thousand say."""
    said = said.strip()
    if re.fullmatch(r"\d+(\.\d+)?", said):
        return float(said)
    if said in _WORDS:
        return float(_WORDS[said])
    return 0.5 if said == "半" else _han_number(said)


def _han_number(said: str) -> float | None:
    if not said or any(c not in _DIGITS and c not in "十百" for c in said):
        return None
    total, digit = 0, 0
    for c in said:
        if c in _DIGITS:
            digit = _DIGITS[c]
        else:
            total += (digit or 1) * (10 if c == "十" else 100)
            digit = 0
    return float(total + digit)


def figures(text: str) -> list[Figure]:
    """Everything that figures say in a normalised text; none overlap, the surer ones first."""
    taken: list[Figure] = []
    for reader in (_ages, _durations, _years, _shapes):
        for figure in reader(text):
            if all(figure.end <= other.start or other.end <= figure.start for other in taken):
                taken.append(figure)
    return sorted(taken, key=lambda figure: figure.start)


def _ages(text: str) -> Iterator[Figure]:
    for match in _AGE.finditer(text):
        said = next((group for group in match.groups() if group), "")
        if (years := number(said)) is not None and 0 < years < 100:
            yield Figure(match.start(), match.end(), "age", f"{years:g}")


def _durations(text: str) -> Iterator[Figure]:
    for match in _EN_DURATION.finditer(text):
        most, least, _, have, said, unit, half, extra, tops, plus = match.groups()
        minutes = _minutes(said, 60 if unit.startswith("h") else 1, half, extra)
        if minutes is not None:
            bound = _bounded(bool(most or have or tops) and not plus, bool(least or plus), minutes)
            yield Figure(match.start(), match.end(), "duration", bound)
    for match in _ZH_DURATION.finditer(text):
        most, least, _, only, said, half, unit, within, above, _ = match.groups()
        minutes = _minutes(said, 1 if unit == "分钟" else 60, half, None)
        if minutes is not None:
            bound = _bounded(bool(most or only or within), bool(least or above), minutes)
            yield Figure(match.start(), match.end(), "duration", bound)


def _minutes(said: str, unit: int, half: str | None, extra: str | None) -> float | None:
    value = number(said)
    return None if value is None else (value + (0.5 if half else 0)) * unit + float(extra or 0)


def _bounded(most: bool, least: bool, minutes: float) -> str:
    return f"{'max' if most else 'min' if least else 'around'}:{minutes:g}"


def _years(text: str) -> Iterator[Figure]:
    for match in _SPAN.finditer(text):
        yield Figure(match.start(), match.end(), "era", f"{match[1]}-{match[2]}")
    for bound, word in ((_SINCE, "after"), (_BEFORE, "before")):
        for match in bound.finditer(text):
            yield Figure(match.start(), match.end(), "era", f"{word}:{match[1] or match[2]}")
    for match in _DECADE.finditer(text):
        century, full, short, word = match.groups()
        yield Figure(match.start(), match.end(), "era", _decade(century, full or short, word))
    for match in _HAN_DECADE.finditer(text):
        century, full, short, han, noughties = match.groups()
        digit = full or short or (str(_DIGITS[han]) if han else "0" if noughties else None)
        yield Figure(match.start(), match.end(), "era", _decade(century, digit, None))
    for bound, word in ((_OLD_THINGS, "classic"), (_OLD, "classic"), (_NEW, "recent")):
        for match in bound.finditer(text):
            yield Figure(match.start(), match.end(), "era", word)
    for match in _ONE_YEAR.finditer(text):
        yield Figure(match.start(), match.end(), "era", match[1])


def _decade(century: str | None, digit: str | None, word: str | None) -> str:
    if word:
        return f"{_DECADE_WORDS[word]}s"
    if century:
        return f"{century}{digit}0s"
    return f"{'20' if digit in ('0', '1', '2') else '19'}{digit}0s"


def _shapes(text: str) -> Iterator[Figure]:
    for shape, value in _SHAPES:
        for match in shape.finditer(text):
            yield Figure(match.start(), match.end(), "duration", value)


def ordinal(text: str, count: int) -> int | None:
    """Which of the ``count`` things that were shown a text points at, from 0 on; None where it points at none."""
    for said, place in _ORDINALS:
        if said.search(text):
            return place if place >= 0 else count + place
    if match := _NUMBERED.search(text):
        place_said = number(next(group for group in match.groups() if group))
        return None if place_said is None else int(place_said) - 1
    return None


_NUMBERED = re.compile(
    rf"第\s*({_HAN_NUMBER})\s*(?:个|部|集|首|款|位|项|条|本|场)?|#\s?(\d+)|\b(?:number|no\.?|option) ?(\d+|{_NUMBER})\b"
)
_ORDINALS = (
    (re.compile(r"\bfirst (?:one|option|film|movie|game|show|pick)\b|\bthe first\b|\b1st\b|头一个"), 0),
    (re.compile(r"\bsecond (?:one|option|film|movie|game|show|pick)\b|\bthe second\b|\b2nd\b"), 1),
    (re.compile(r"\bthird (?:one|option|film|movie|game|show|pick)\b|\bthe third\b|\b3rd\b"), 2),
    (re.compile(r"\bfourth (?:one|option|film|movie|game|show|pick)\b|\bthe fourth\b|\b4th\b"), 3),
    (re.compile(r"\bfifth (?:one|option|film|movie|game|show|pick)\b|\bthe fifth\b|\b5th\b"), 4),
    (re.compile(r"\b(?:the )?last (?:one|option|pick)\b|最后(?:一)?(?:个|部|款|首)|末尾那"), -1),
)
