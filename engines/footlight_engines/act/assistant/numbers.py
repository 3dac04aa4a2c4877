"""Numbers, durations, years and ages, as figures or in words, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from footlight_engines.act.assistant.counting import CARDINALS, ordinals
from footlight_engines.act.assistant.lexicons import pattern

_WORDS = {word: value for value, word in enumerate(CARDINALS) if value} | {
    "a": 1, "an": 1,
    "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90, "half an": 0.5, "half": 0.5,
    "half a": 0.5, "an hour and a half": 1.5,
}  # fmt: skip
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
NUMBER = (
    r"(?:\d+(?:\.\d+)?|half an?|" + "|".join(sorted((w for w in _WORDS if " " not in w), key=len, reverse=True)) + ")"
)
HAN_NUMBER = r"(?:\d+(?:\.\d+)?|半|[零一二两三四五六七八九十百]+)"
_UNIT = r"(hours?|hrs?|minutes?|mins?|(?<=\d)[hm]|(?<=\d )[hm])\b"

_MOST = (
    r"under|less than|at most|no (?:longer|more) than|not (?:longer|more) than|within|shorter than|up to|below|inside"
    r"|not over"
    r"|cap(?:ped)?(?: (?:it|them|that))? at|(?:keep|limit)(?: (?:it|them|that|things))?(?: down)? (?:to|at)|limited to"
    r"|max(?:imum)?(?: of)?|not (?:past|above|exceeding)|fits? (?:in|into)|done in|finish(?:ed)? in|nothing (?:over"
    r"|above|past|beyond)"
    r"|doesn't (?:exceed|go over|run over)|over in"
)
_LEAST = (
    r"over|more than|at least|longer than|above|minimum(?: of)?|no (?:less|shorter|fewer) than|not (?:under"
    r"|less than)|upwards of|past"
)
_ABOUT = r"about|around|roughly|approximately|approx\.?|circa"
_HAVE = r"(?:(?:i|we)(?:'ve| have)?(?: only)?(?: got)?|only have|have only|got|only|just) (?:have |got )?"
_EN_DURATION = re.compile(
    rf"(?:\b({_MOST})\s+|\b({_LEAST})\s+|\b({_ABOUT})\s+|\b({_HAVE}))?(about |around |like "
    rf"|roughly )?\b({NUMBER})[ -]*{_UNIT}(?:[ -]long\b)?"
    r"(?: and a (half)| (?:and )?(\d+) ?min\w*)?"
    r"(?: (?:an?|per|each) (?:episode|ep|show|part|go)\b| each\b)?"
    r"(?:[ -](or (?:less|under|shorter)|(?:at )?(?:most|tops|max(?:imum)?)|at the most"
    r"|(?:before|until|till) (?:bed\w*|sleep|i |we |they |the |he |she |work|school|dinner)|left\b|to spare\b|to kill\b)"
    r"| (or (?:more|longer|over)|(?:at )?least|minimum|plus)\b)?"
)
_HOUR_LONG = re.compile(r"\b(?:(at least|over) )?(?:(half)[- ](?:an )?|an |one |1[- ])?(?:full )?hour[- ]long\b")
_ZH_DURATION = re.compile(
    rf"(不超过|别超过|不要超过|不能超过|不想超过|不长于|少于|小于|低于|短于|最多|最长|控制在|压在|不到|别长过)?"
    rf"(超过|多于|至少|起码|最少|最短|大于|不少于|不低于|长于)?(大概|大约|差不多|约)?(只有|就|还有|只剩|只给我)?"
    rf"({HAN_NUMBER})个?(半)?(?:来|多)?个?(小时|钟头|钟|分钟|分)(?!开|手|享|类|级|数|不|别)"
    rf"(以内|之内|内|以下|之下|就能看完|能看完|打住|封顶)?(以上|往上|起步|起)?(左右|上下)?"
)
_SHAPES = (
    (
        re.compile(
            r"\b(?:doesn't|does not|won't|don't|not) take (?:(?:too |that |very )?long|forever|ages|hours"
            r"|all (?:night|day|evening))\b|\bover quickly\b|\bquick to finish\b"
        ),
        "short",
    ),
    (re.compile(r"\bshorter\b(?! than)|\bsnappier\b|\bbriefer\b|再短|短一?点|短一?些|更短"), "shorter"),
    (re.compile(r"\blonger\b(?! than)|再长|长一?点(?!大)|长一?些|更长"), "longer"),
    (
        re.compile(
            r"(?<!in )(?<!nothing )\bshort(?! film)(?! of)(?! on)\b|\bquick (?:one|watch|game|film|movie)\b|\bbite-?sized?\b"
            r"|短的|很短|比较短|短一(?:部|集)|短小|(?<=太)短|(?<=有点)短|(?<=偏)短|(?<=那么)短|短短"
        ),
        "short",
    ),
    (pattern("long"), "long"),
)

_LONGEST = 1000.0
"""What takes longer, was played for so long, or lasted so."""

_DECADE_WORDS = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990, "noughties": 2000,
}  # fmt: skip
_EARLIER = (
    r"(?:before|earlier than|older than|pre|until|prior to|no (?:newer|later|more recent) than|not (?:newer"
    r"|later) than)"
)
_LATER = (
    r"(?:after|since|later than|newer than|post|more recent than|no (?:older|earlier) than|not (?:older|earlier) than)"
)
_BEFORE_IT = re.compile(rf"\b{_EARLIER}[ -](?:about |around )?(?:the )?(?:early |mid[- ]?|late )?$")
_AFTER_IT = re.compile(rf"\b{_LATER}[ -](?:about |around )?(?:the )?(?:early |mid[- ]?|late )?$")
_AND_BEFORE = re.compile(r" (?:or|and) (?:earlier|before|older)\b|的?(?:以前|之前|前|往前|或更早|及以前|及之前)")
_AND_AFTER = re.compile(
    r" (?:on\b(?! \w)|onwards?\b|and (?:later|after|up|newer|beyond)\b|or (?:later|newer|after|more recent)\b)"
    r"|(?:以后|之后|以来|往后|后|起|开始|至今|到现在)"
)
_DECADE = re.compile(r"\b(?:(19|20)(\d)0|'?(\d)0)'?s\b(?! old)|\b(" + "|".join(_DECADE_WORDS) + r")\b")
_HAN_DECADE = re.compile(
    r"(?:上个?世纪|二十世纪|20世纪)?(?:(19|20)(\d)0|(\d)0|([二三四五六七八九])(?:[十零〇]|(?=[三四五六七八九]十))"
    r"|(零零|〇〇|零几|两千|千禧))(?:年代?|(?=[、到至和]?[三四五六七八九]十年代))(?<=[代、到至和十二三四五六七八九])"
)
_YEAR = r"((?:19|20)\d\d)"
_SPAN = re.compile(rf"(?:between |from )?{_YEAR} ?年?(?: ?(?:-|–|~|to|and|到|至) ?){_YEAR}(?: ?年)?")
_SINCE = re.compile(
    rf"\b{_LATER}[ -](?:about |around |the year )?{_YEAR}(?!s|'s)|{_YEAR} ?年?(?:或|及|和)?(?:以后|之后|以来|往后|后"
    rf"|起|开始|至今|到现在)"
    rf"|(?:from )?{_YEAR} (?:onwards?|and (?:later|after|newer|up|beyond)|or (?:later|newer|after|more recent))\b"
    rf"|\bfrom {_YEAR} on\b"
)
_BEFORE = re.compile(
    rf"\b{_EARLIER}[ -](?:about |around |the year )?{_YEAR}(?!s|'s)|{_YEAR} ?年?(?:或|及|和)?(?:以前|之前|前|往前|更早)"
    rf"|{_YEAR} (?:or|and) (?:earlier|before|older)\b"
)
_ONE_YEAR = re.compile(rf"(?<!\d){_YEAR}(?!\d)年?")

_OLD_THINGS = re.compile(
    r"(?<!那么)(?<!太)老(?=港片|港剧|美剧|日剧|韩剧|国产|动画|动漫|游戏|番|武侠|西部|喜剧|恐怖|科幻|爱情|歌|译制)"
)
_OLD = re.compile(r"(?<=太)[老旧]|(?<=有点)[老旧]|(?<=有些)[老旧]|(?<=那么)[老旧]|(?<=别太)[老旧]|[老旧](?=一点的?不)")
_NEW = re.compile(r"(?<=太)新(?!颖|奇)|(?<=那么)新")

_AGE = re.compile(
    rf"(?:\b(?:under|below|for|aged?|my|than|of|over)\s+)*\b({NUMBER})[ -]?(?:years?|yrs?|yo)[ -]?olds?\b"
    rf"|\b(?:kids?|children|child|son|daughter|boys?|girls?)\s+(?:who (?:is|are) )?(?:under|below|aged?|of)\s+({NUMBER})\b"
    rf"|\b(?:kid|child|son|daughter|boy|girl|youngest|oldest|nephew|niece|grandson|granddaughter|toddler|little one)"
    rf"(?: is|'s|, | who is| who's)(?: just| only| nearly| almost| about| now)*(?: turned"
    rf"| turning)?[ ]?({NUMBER})\b(?! ?(?:min|hour|%|o'))"
    rf"|\b(?:he|she)(?:'s| is)(?: just| only| nearly| almost| about| now| like| turning)* ({NUMBER})"
    r"(?=$| ?[,.!;)]| (?:and|now|so|but)\b)"
    r"|\bi(?:'m| am) (?:only |just |already )?(\d{1,2})(?![\d.:])(?! ?(?:min|h\b|hours?|%|am\b|pm\b|o'|of\b|km|miles))"
    rf"|\b(?:turned|turns|turning) ({NUMBER})\b(?! ?(?:min|hour|%|p))|\b(\d{{1,2}}) ?(?:yo|y/o|yrs?)\b"
    rf"|\b(?:aged?|ages?)\s+({NUMBER})\b"
    rf"|(?:孩子|女儿|儿子|闺女|娃|侄[子女]|外甥女?|弟弟|妹妹|小孩|宝宝|孙[子女]).{{0,3}}?(?:今年|才|刚|满|快|已经|都"
    rf"|马上|刚刚|了)*({HAN_NUMBER})(?:岁半?|了(?=[,，。!！]|$))"
    rf"|({HAN_NUMBER})周?岁半?"
)

_TWO_AGES = re.compile(
    rf"\b(?:they(?:'re| are)|ages?|aged|who are|kids are|children are|boys are|girls are|kids|children|boys|girls|sons"
    rf"|daughters),? ?\(?(?:aged? )?(?: only"
    rf"| just)? ({NUMBER}) (?:and|&|or) ({NUMBER})\b"
    r"(?! ?(?:min|hour))"
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
    for match in _TWO_AGES.finditer(text):
        for group in (1, 2):
            if (years := number(match[group])) is not None:
                yield Figure(match.start(group), match.end(group), "age", f"{years:g}")
    for match in _AGE.finditer(text):
        said = next((group for group in match.groups() if group), "")
        if (years := number(said)) is not None and 0 < years < 100:
            yield Figure(match.start(), match.end(), "age", f"{years:g}")


def _durations(text: str) -> Iterator[Figure]:
    for match in _EN_DURATION.finditer(text):
        most, least, _, have, around, said, unit, half, extra, tops, plus = match.groups()
        minutes = _minutes(said, 60 if unit.startswith("h") else 1, half, extra)
        if minutes is not None:
            most = most or (have if not around else None) or tops
            bound = _bounded(bool(most) and not plus, bool(least or plus), minutes)
            yield Figure(match.start(), match.end(), "duration", bound)
    for match in _HOUR_LONG.finditer(text):
        yield Figure(match.start(), match.end(), "duration", _bounded(False, bool(match[1]), 30 if match[2] else 60))
    for match in _ZH_DURATION.finditer(text):
        most, least, _, only, said, half, unit, within, above, _ = match.groups()
        minutes = _minutes(said, 1 if unit in ("分钟", "分") else 60, half, None)
        if minutes is not None:
            bound = _bounded(bool(most or only or within), bool(least or above), minutes)
            yield Figure(match.start(), match.end(), "duration", bound)


def _minutes(said: str, unit: int, half: str | None, extra: str | None) -> float | None:
    value = number(said)
    minutes = None if value is None else (value + (0.5 if half else 0)) * unit + float(extra or 0)
    return minutes if minutes is not None and minutes <= _LONGEST else None


def _bounded(most: bool, least: bool, minutes: float) -> str:
    return f"{'max' if most else 'min' if least else 'around'}:{minutes:g}"


def _years(text: str) -> Iterator[Figure]:
    for match in _SPAN.finditer(text):
        yield Figure(match.start(), match.end(), "era", f"{match[1]}-{match[2]}")
    for bound, word in ((_SINCE, "after"), (_BEFORE, "before")):
        for match in bound.finditer(text):
            yield Figure(match.start(), match.end(), "era", f"{word}:{next(year for year in match.groups() if year)}")
    for match in _DECADE.finditer(text):
        century, full, short, word = match.groups()
        yield _bounded_decade(text, match, _decade(century, full or short, word))
    for match in _HAN_DECADE.finditer(text):
        century, full, short, han, noughties = match.groups()
        digit = full or short or (str(_DIGITS[han]) if han else "0" if noughties else None)
        yield _bounded_decade(text, match, _decade(century, digit, None))
    for bound, word in ((_OLD_THINGS, "classic"), (_OLD, "classic"), (_NEW, "recent")):
        for match in bound.finditer(text):
            yield Figure(match.start(), match.end(), "era", word)
    for match in _ONE_YEAR.finditer(text):
        yield Figure(match.start(), match.end(), "era", match[1])


def _bounded_decade(text: str, match: re.Match[str], decade: str) -> Figure:
    """A decade, or what came before or since: "before the sixties", "from the 90s on"."""
    first = decade.removesuffix("s")
    before, after = text[: match.start()], text[match.end() :]
    for ahead, behind, word in ((_BEFORE_IT, _AND_BEFORE, "before"), (_AFTER_IT, _AND_AFTER, "after")):
        if found := ahead.search(before):
            return Figure(found.start(), match.end(), "era", f"{word}:{first}")
        if found := behind.match(after):
            return Figure(match.start(), match.end() + found.end(), "era", f"{word}:{first}")
    return Figure(match.start(), match.end(), "era", decade)


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
    if match := _NTH.search(text):
        return ordinals()[match[1]]
    if match := _NUMBERED.search(text):
        place_said = number(next(group for group in match.groups() if group))
        return None if place_said is None else int(place_said) - 1
    return None


_NUMBERED = re.compile(
    rf"第\s*({HAN_NUMBER})\s*(?:个|部|集|首|款|位|项|条|本|场)?|#\s?(\d+)|\b(?:number|no\.?|option) ?(\d+|{NUMBER})\b"
)
_NTH = re.compile(rf"\bthe ({'|'.join(ordinals())})\b(?! (?:season|episode|time|sense|element|grade|century)\b)")
_ORDINALS = (
    (re.compile(r"\bfirst (?:one|option|film|movie|game|show|pick)\b|\bthe first\b|\b1st\b|头一个"), 0),
    (re.compile(r"\bsecond (?:one|option|film|movie|game|show|pick)\b|\bthe second\b|\b2nd\b"), 1),
    (re.compile(r"\bthird (?:one|option|film|movie|game|show|pick)\b|\bthe third\b|\b3rd\b"), 2),
    (re.compile(r"\bfourth (?:one|option|film|movie|game|show|pick)\b|\bthe fourth\b|\b4th\b"), 3),
    (re.compile(r"\bfifth (?:one|option|film|movie|game|show|pick)\b|\bthe fifth\b|\b5th\b"), 4),
    (re.compile(r"\b(?:the )?last (?:one|option|pick)\b|最后(?:一)?(?:个|部|款|首)|末尾那"), -1),
)
