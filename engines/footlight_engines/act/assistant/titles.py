"""Titles and names that a text brackets by how it is said, whether the catalogue has them or not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from footlight_engines.act.assistant.lexicons import Lexicon, alternatives, pattern, table, title_lexicon


@dataclass(frozen=True, slots=True)
class Named:
    """A title or a name, by its place in the normalised text."""

    start: int
    end: int
    value: str
    """Normalised: lower case."""


_HAN = r"\u4e00-\u9fff"
_STOP = rf"(?=$|[,.;!?，。；！？]|\s+(?:{alternatives('title_ends')})\b)"
_EN_STRONG = re.compile(rf"\b(?:{alternatives('like_cues')})\s+(?:the (?:movie|film|game|show) )?(.{{2,60}}?)" + _STOP)
_SMALL = r"(?:of|the|in|a|to|for|on|vs|at|with|from)"
_CAPITALS = rf"(?:The |A )?[A-Z0-9][\w'’:&.-]*(?:\s+(?:{_SMALL}\s+)*[A-Z0-9][\w'’:&.-]*)*"
_EN_WEAK = re.compile(rf"\b(?:{alternatives('title_cues')})\s+({_CAPITALS}(?:(?:, | and |, and ){_CAPITALS})*)")
_NOT_I = "我|你|他|她|这|那|上|刚|第|孩|家|朋|爸|妈"
_ZH_TITLE = rf"([{_HAN}a-z0-9:：·\-' ]{{2,30}}?)"
_ZH_LIKE = re.compile(
    rf"(?:类似于?|好比|像)(?!{_NOT_I}){_ZH_TITLE}(?:{alternatives('like_endings')}"
    rf"|的(?=(?:{alternatives('han_nouns')})|$|[,，。！？!?])|$|[,，。！？!?])"
    rf"|(?:跟|和|与|同)(?!{_NOT_I}|女|男|老){_ZH_TITLE}(?:一样|差不多|类似|同类型|风格|像的|相似|同类)"
)
_ZH_WEAK = re.compile(rf"(?:{alternatives('han_title_cues')})([{_HAN}0-9a-z]{{2,10}})(?=$|[,，。！!])")
_ZH_NOT_NAMES = pattern("han_not_names")
_BRACKETS = re.compile(r"《([^《》]{1,80})》|\"([^\"]{1,80})\"|(?<![a-z])'([^'\"]{2,60})'(?![a-z])")
_COUNTED = re.compile(
    r"[ -]?(?:times?|x|of|or|more|others?|ones?|mins?|minutes?|h|hrs?|hours?|years?|stars?|people|players|kids|episodes?"
    r"|seasons?|movies?|films?|games?|songs?|shows?)\b"
)
"""What follows a number that counts something: seen "5 times"."""
_DECADE = re.compile(r"'?(?:\d\d)?\d0'?s")
_NOT_TITLES = pattern("not_titles")
_ZH_NOT_TITLES = pattern("zh_not_titles")

_PERSON = r"[A-Z][\w'’.-]+(?:\s+(?:(?:de|del|van|von|la)\s+)?[A-Z][\w'’.-]*){0,3}"
_EN_PEOPLE = (
    re.compile(rf"\b(?:{alternatives('people_cues')})\s+({_PERSON})"),
    re.compile(rf"\b({_PERSON})\s+(?:movies?|films?|is in it|starred|directed|fan\b)"),
    re.compile(rf"\b({_PERSON})'s\s+(?:\w+\s+)?(?:movies?|films?|work|songs?|music|games?|albums?)"),
)
_SURNAMES = str(table("names")["surnames"])
_ZH_PEOPLE = (
    re.compile(rf"([{_HAN}]{{1,8}}·[{_HAN}]{{1,8}}(?:·[{_HAN}]{{1,8}})?)"),
    re.compile(rf"([{_HAN}]{{2,4}}?)(?:主演|导演|执导|出演|演过|演的|拍的|唱的|配音|参演|写的|做的|直播|指导)"),
)
_ZH_NOT_PEOPLE = frozenset(table("names")["han_not_people"])
_PROPER = frozenset(str(table("names")["proper"]).split())
_GIVEN = frozenset(str(table("names")["given"]).split())
_BIG = r"(?:[A-Z]\.(?= ?[A-Z])|[A-Z](?:[A-Za-z0-9À-ɏ'’&-]|\.(?=[A-Za-z]))*)"
_NAME = re.compile(
    rf"(?:(?:The|A) )?{_BIG}(?:(?: (?:of the|of|and the|and|the|in the|&|de la|de|del|van|von|la|in))? {_BIG})*"
    r"(?: \d{1,4}(?!\d|s|['’+%]| ?(?:min|hour|hr|year|h\b|m\b)))?"
)
_LEADING = frozenset({"the", "a", "my", "no", "one", "two", "love", "and", "not"})
_PLACE = re.compile(r"\b(?:in|at|from|near|to|via|through)\s+$")
_SENTENCE_ENDS = re.compile(r"(?:^|[.!?。！？:;\"]|[-–—] )\s*$")
_STANDS_ALONE = re.compile(r"\s*(?:[,.!?]|$|is\b|was\b|wins?\b|it is\b|sounds\b|looks\b|then\b|please\b|again\b)")
_CUED = re.compile(r"\b(?:like|besides|except|plot of|called|named|directed|plays in) $")
_MORE_OF_IT = re.compile(r"(?: \d{1,4}\b|(?:: | )[A-Z][a-z]+)+")
_SMALL_WORDS = pattern("only_small_words")
_EVERYDAY = frozenset(table("names")["everyday"])


def named_titles(text: str, raw: str, lexicon: Lexicon) -> list[Named]:
    """The titles in a text; none overlap. Titles that are no more than known phrases ("like horror") are left out."""
    found: list[Named] = []
    for title in _candidates(text, raw):
        clash = any(title.start < other.end and other.start < title.end for other in found)
        if not clash and title.value and not _only_phrases(title.value, lexicon):
            found.append(title)
    return sorted(found, key=lambda title: title.start)


def _candidates(text: str, raw: str) -> Iterator[Named]:
    for match in _BRACKETS.finditer(text):
        group = next(i for i in (1, 2, 3) if match[i])
        yield Named(match.start(), match.end(), match[group].strip())
    yield from _well_known(text, raw)
    for match in _EN_STRONG.finditer(text):
        if not _NOT_TITLES.match(match[1]):
            yield Named(match.start(1), match.end(1), match[1].strip())
    for match in _ZH_LIKE.finditer(text):
        group = 1 if match[1] else 2
        if not _ZH_NOT_TITLES.match(match[group]):
            yield Named(match.start(group), match.end(group), match[group].strip())
    yield from _capitalised(text, raw, (_EN_WEAK,), 1)
    for match in _ZH_WEAK.finditer(text):
        if not _ZH_NOT_NAMES.search(match[1]) and match[1] not in _ZH_NOT_PEOPLE and not _surnamed(match[1]):
            yield Named(match.start(1), match.end(1), match[1])
    yield from (name for name in _by_capitals(text, raw) if not _is_person(name.value))


def _well_known(text: str, raw: str) -> Iterator[Named]:
    """Titles that everybody knows; those that are everyday words only with a capital, and not as the first of a sentence."""
    for found in title_lexicon().find(text):
        end = found.end
        typed = _typed(text, raw, found.start, end)
        if typed is not None and typed[0].isupper() and (more := _MORE_OF_IT.match(raw, raw.find(typed) + len(typed))):
            end += len(more[0])
        everyday = found.meanings[0][0] == "capital"
        quiet = (
            end - found.start > 3
            and raw.lower() == raw
            and _CUED.search(text[: found.start]) is not None
            and _STANDS_ALONE.match(text[end:]) is not None
        )
        if not everyday or quiet or (typed is not None and _is_name(typed, raw, text[end:])):
            yield Named(found.start, end, text[found.start : end])


def _typed(text: str, raw: str, start: int, end: int) -> str | None:
    """What stands at a place of the normalised text, as it was typed; None where that differs by more than its case."""
    place = raw.lower().find(text[start:end])
    return raw[place : place + end - start] if place >= 0 else None


def _is_name(typed: str, raw: str, after: str) -> bool:
    """Whether capitals show a name: the first word of a sentence has one anyway."""
    if not typed[0].isupper() or raw.upper() == raw:
        return False
    first = _SENTENCE_ENDS.search(raw[: raw.find(typed)]) is not None
    return not first or _STANDS_ALONE.match(after) is not None or any(word[0].isupper() for word in typed.split()[1:])


def _by_capitals(text: str, raw: str) -> Iterator[Named]:
    """What only its capitals show to be a name, within a sentence."""
    words = raw.split()
    if sum(word[0].isupper() for word in words) > max(2.0, 0.5 * len(words)) and len(words) > 3:
        return
    for match in _NAME.finditer(raw):
        first = _SENTENCE_ENDS.search(raw[: match.start()]) is not None
        said = [word for word in match[0].split() if word.lower().strip("'’.") not in _PROPER]
        if not said or not any(word[0].isupper() and word[1:] != word[1:].upper() for word in said):
            continue
        if first and sum(word[0].isupper() for word in match[0].split()) < 2 and not _is_person(match[0].lower()):
            continue
        if len(said) == 1 and _PLACE.search(raw[: match.start()]):
            continue
        value = match[0].lower().replace("’", "'").rstrip(".'-:&")
        value = value.removesuffix("'s")
        start = text.find(value)
        if start >= 0 and len(value) > 2 and not set(value.split()) & _PROPER - _LEADING:
            yield Named(start, start + len(value), value)


def _is_person(value: str) -> bool:
    """Whether a name of two to four words begins as people's names do."""
    words = value.replace(".", " ").split()
    return 2 <= len(words) <= 4 and words[0] in _GIVEN and not any(word.isdigit() for word in words)


def _capitalised(text: str, raw: str, patterns: tuple[re.Pattern[str], ...], shortest: int) -> Iterator[Named]:
    """Names that only their capitals show; looked up again in the normalised text."""
    if raw.upper() == raw:
        return
    for cue in patterns:
        for match in cue.finditer(raw):
            for part in re.split(r",? and (?!the )|, ", match[1]):
                value = " ".join(unicodedata.normalize("NFKC", part).replace("’", "'").lower().split()).strip(".'")
                start = text.find(value)
                if (
                    value
                    and start >= 0
                    and len(value.split()) >= shortest
                    and value not in _EVERYDAY
                    and value not in _PROPER
                    and not _DECADE.fullmatch(value)
                    and not (value.isdigit() and _COUNTED.match(text, start + len(value)))
                ):
                    yield Named(start, start + len(value), value)


@cache
def _translations() -> Mapping[str, str]:
    """Well-known titles by what they are called in the other language, without what stands between their letters."""
    chinese: Mapping[str, str] = table("translated_titles")["titles"]
    return {_letters(name): english.lower() for name, english in chinese.items()}


def _letters(title: str) -> str:
    return re.sub(r"[\W_]", "", title.lower())


def translated(title: str) -> str:
    """What a well-known title is called in English; empty where it is not known."""
    return _translations().get(_letters(title), "")


def _only_phrases(value: str, lexicon: Lexicon) -> bool:
    """Whether a value is made of known phrases: it is no title then."""
    rest = value
    for phrase in lexicon.find(value):
        rest = rest.replace(value[phrase.start : phrase.end], " ")
    return not _SMALL_WORDS.sub("", rest).strip(" '-,.")


def named_people(text: str, raw: str, lexicon: Lexicon) -> list[Named]:
    """People by how they are spoken of; those whom a lexicon knows are found by it besides."""
    found: list[Named] = []
    for match in _ZH_PEOPLE[0].finditer(text):
        found.append(Named(match.start(1), match.end(1), match[1]))
    for match in _ZH_PEOPLE[1].finditer(text):
        start, value = _from_surname(match.start(1), match[1])
        if value and value not in _ZH_NOT_PEOPLE and not _ZH_NOT_NAMES.search(value) and not lexicon.find(value):
            found.append(Named(start, start + len(value), value))
    for match in _ZH_WEAK.finditer(text):
        if _surnamed(match[1]) and not lexicon.find(match[1]):
            found.append(Named(match.start(1), match.end(1), match[1]))
    people = [name for name in _by_capitals(text, raw) if _is_person(name.value)]
    for named in [*_capitalised(text, raw, _EN_PEOPLE, 2), *people]:
        if not lexicon.find(named.value) and all(named.value not in other.value for other in found):
            found.append(named)
    return found


def _surnamed(value: str) -> bool:
    """Whether it could be the name of a person: a surname and one or two characters."""
    return len(value) in (2, 3) and value[0] in _SURNAMES and not _ZH_NOT_NAMES.search(value)


def _from_surname(start: int, value: str) -> tuple[int, str]:
    """The last two or three characters that begin with a surname, where there are such."""
    for length in (3, 2):
        if len(value) >= length and value[-length] in _SURNAMES:
            return start + len(value) - length, value[-length:]
    return start, ""
