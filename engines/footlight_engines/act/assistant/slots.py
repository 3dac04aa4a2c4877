"""What a text says about what is wanted: slots with a value and a polarity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from footlight_engines.act.assistant.lexicons import Found, Lexicon, pattern
from footlight_engines.act.assistant.numbers import figures
from footlight_engines.act.assistant.titles import named_people, named_titles

WANTED, UNWANTED = 1, -1
REACH = 80
"""So many characters before and after a value decide whether it is wanted; a clause is hardly ever as long."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that a text says."""

    name: str
    """Such as genre, kind, mood, era, people, duration, age, platform, region, title, price or language."""
    value: str
    polarity: int = WANTED
    item: int = -1
    """For titles: the item of the catalogue that is meant; -1 where it has none."""
    place: int = 0
    """Where in the text it begins."""
    end: int = 0
    """Where in the text it ends."""

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it the same as another: not where it stands, nor in which case it is written."""
        return self.name, self.value.casefold(), self.polarity


_CLAUSE = re.compile(
    r"[,，。.:;；!！?？、\n](?!\d)|(?<!any)(?<!anything )(?<!anyone )(?<!anybody )(?<!everything )(?<!all )\bbut\b"
    r"|\bthough\b|\bhowever\b|\band (?=(?:i |we |they |he |she )?(?:love|like|adore|prefer|enjoy)s?\b)"
    r"|\binstead\b(?! of)|\brather\b(?! than)|但是?|不过|只是|而是|可是|然而|就行|就好|都行|都可以"
)
_NOT = pattern("not")
_NOT_SO = pattern("not_so")
_JOINED = re.compile(r"\s*(?:or|and|nor|/|&|和|或者?|与|、|跟|以及|,)\s*(?:any |too |太)?")
_AFTERWARDS = pattern("afterwards")
_BOTH = pattern("both")
_AFTER_ALL = pattern("wanted_after_all")
_ONLY_INSIDE = pattern("only_inside")
_COMPLAINT = pattern("complaint")
_WISHED = re.compile(
    r"\b(?:something|anything|want|need|like|mood|looking|make|made|be|go|get|one|watch)\b|想|要|来|找|换|再"
)
_ENOUGH = re.compile(
    r" ?(?:going|side|that|innit|though|tbh|for (?:me|us|my taste))?了?(?:吧|呀|啊|哦)?(?:[,，。!！?？;.]|$)"
)


def slots_of(text: str, raw: str, lexicon: Lexicon) -> list[Slot]:
    """The slots of a text: ``text`` is normalised, ``raw`` is what was typed, for the capitals of names."""
    spoken = _BOTH.sub(lambda match: " " * len(match[0]), text)
    found: list[Slot] = []
    covered: list[tuple[int, int]] = []
    for title in named_titles(text, raw, lexicon):
        covered.append((title.start, title.end))
        found.append(
            Slot("title", title.value, _polarity(spoken, title.start, title.end, []), place=title.start, end=title.end)
        )
    numbers = [figure for figure in figures(text) if _free(figure.start, figure.end, covered)]
    covered += [(figure.start, figure.end) for figure in numbers]
    words = [word for word in lexicon.find(text) if _free(word.start, word.end, covered)]
    ends = sorted([(w.start, w.end) for w in words] + [(f.start, f.end) for f in numbers])
    for figure in numbers:
        value, polarity = _bounded(figure.value, _polarity(spoken, figure.start, figure.end, ends))
        found.append(Slot(figure.slot, value, polarity, place=figure.start, end=figure.end))
    for word in words:
        polarity = _polarity(spoken, word.start, word.end, ends)
        found += [Slot(slot, value, polarity, place=word.start, end=word.end) for slot, value in _meant(text, word)]
    known = [(word.start, word.end) for word in words if any(slot == "people" for slot, _ in word.meanings)]
    for person in named_people(text, raw, lexicon):
        if _free(person.start, person.end, known + covered):
            polarity = _polarity(spoken, person.start, person.end, ends)
            found.append(Slot("people", person.value, polarity, place=person.start, end=person.end))
    return _tidied(text, found, words)


def _bounded(value: str, polarity: int) -> tuple[str, int]:
    """A value and its polarity: nothing longer than two hours is at most two hours."""
    bound, _, figure = value.partition(":")
    other = {"min": "max", "max": "min", "after": "before", "before": "after"}.get(bound)
    return (f"{other}:{figure}", WANTED) if other and polarity == UNWANTED else (value, polarity)


def _meant(text: str, word: Found) -> Iterable[tuple[str, str]]:
    """What a phrase means where it stands: 恐怖 is a genre, but 太恐怖 a mood; "that film" is no wish for films."""
    before, after = text[: word.start], text[word.end :]
    if text[word.start : word.end] == "恐怖" and (_DEGREE.search(before) or _AS_MOOD.match(after)):
        return (("mood", "scary"),)
    if text[word.start : word.end] == "嗨" and re.match(r"[\s,，。!！~～你您]|$", after) and not before.strip():
        return ()  # a greeting
    if text[word.start : word.end] == "今年" and re.match(r".{0,3}岁", after):
        return ()
    if text[word.start : word.end] == "最近" and not _AS_ERA.match(after):
        return ()
    kind = next((kind for kind, ends in _KIND_ENDS if text[word.start : word.end].endswith(ends)), None)
    if kind and word.meanings[0][0] == "genre" and not text[word.start : word.end].endswith(_NOT_KINDS):
        return (*word.meanings, ("kind", kind))  # a racing game is a game
    if _POINTING.search(before):
        return [meaning for meaning in word.meanings if meaning[0] != "kind"]
    return word.meanings


_KIND_ENDS = (
    ("game", (" game", " games", "游戏")),
    ("film", (" movie", " movies", " film", " films", "电影")),
    ("series", ("剧", " series", " show", " shows")),
    ("music", (" music", " songs", "音乐", "歌曲")),
    ("show", ("综艺",)),
)
_STREAMS = ("stream", "livestream", "live stream", "直播", "直播间")
_NOT_KINDS = ("喜剧", "闹剧", "歌舞剧", "音乐剧", "悲剧")
_DEGREE = re.compile(r"(?:太|么|更|很|有点|不|够|最|非常|比较)$")
_AS_MOOD = re.compile(r"(?:一点|一些|点|了|吗)")
_AS_ERA = re.compile(r"的|几年|[一两]年|有|上|新|出|热|火|好|流行|大家|电影|什么|比较(?:火|热)")
_POINTING = pattern("pointing")


def _free(start: int, end: int, covered: Iterable[tuple[int, int]]) -> bool:
    return all(end <= first or last <= start for first, last in covered)


def _polarity(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> int:
    """Whether what stands between start and end is wanted: what comes before it in its clause decides, or just after.

    No more than `REACH` characters on either side are looked at, so that a long text costs no more than its length.
    """
    cut = max(0, start - REACH)
    near = [(first - cut, last - cut) for first, last in spans if cut <= first and last <= end + REACH]
    return _polarity_near(text[cut : end + REACH], start - cut, end - cut, near)


def _polarity_near(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> int:
    if any(_AFTERWARDS.match(text[last:]) for last in _list_ends(text, end, spans)):
        return UNWANTED
    clause = 0
    for match in _CLAUSE.finditer(text, 0, start):
        if match[0] != "、" and not _is_list(text, match.start(), match.end(), spans):
            clause = match.end()
    signs = UNWANTED if _in_not(text, clause, start) else WANTED
    return UNWANTED if _just_before(text, clause, (start, end), spans) else signs


def _list_ends(text: str, end: int, spans: Sequence[tuple[int, int]]) -> Iterable[int]:
    """Where the value ends, and each of those joined to it: "horror and war are out"."""
    yield end
    for first, last in spans:
        if first >= end and (first == end or _JOINED.fullmatch(text, end, first)):
            end = last
            yield end


def _is_list(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a comma stands between two values: "no horror, war or crime"."""
    before = any(0 <= start - last <= 1 for _, last in spans)
    rest = text[end:].lstrip()
    after = any(first == end + len(text[end:]) - len(rest) for first, _ in spans)
    return before and after and re.search(r"\bor\b|\bnor\b|和|或", rest[:40]) is not None


def _in_not(text: str, clause: int, start: int) -> bool:
    negated = False
    for match in _NOT.finditer(text, clause, start):
        so = _NOT_SO.match(text, match.start())
        if so is None or so.end() < match.end():
            negated = True
    if negated and _ONLY_INSIDE.search(text, clause, start) and _of_it(text, start):
        negated = False
    if negated and _AFTER_ALL.search(_after_last_not(text, clause, start)):
        negated = False
    return negated


def _of_it(text: str, start: int) -> bool:
    """Whether what comes before it is only what it is like: 没有血腥镜头的战争片 is a wish for a film about war."""
    return text[:start].endswith("的") and _NOT.search(text[:start].rpartition("的")[0]) is not None


def _after_last_not(text: str, clause: int, start: int) -> str:
    last = clause
    for match in _NOT.finditer(text, clause, start):
        last = match.end()
    return text[last:start]


def _just_before(text: str, clause: int, span: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    """Whether "too" or "less" stands before it, with nothing but joined values between: it reaches no further."""
    start, end = span
    comparative = text[start:end].endswith("er")
    before = text[clause:start]
    if not comparative and _COMPLAINT.search(before) and _ENOUGH.match(text[end:]) and not _WISHED.search(before):
        return True
    here = start
    while True:
        gap = text[clause:here]
        if match := list(_NOT_SO.finditer(gap)):
            between = gap[match[-1].end() :].strip()
            if between == "" or (
                match[-1][0] != "不" and between in ("much", "of a", "of", "多", "过", "得", "于", "like")
            ):
                return True
        earlier = [(first, last) for first, last in spans if last <= here and _JOINED.fullmatch(text, last, here)]
        if not earlier:
            return False
        here = max(earlier)[0]


def _tidied(text: str, found: list[Slot], words: Sequence[Found]) -> list[Slot]:
    """Each slot once, in the order in which they were said; a child's age in figures says more than "kids", and who is
    tired of superhero films is not tired of films."""
    if any(slot.name == "age" and slot.value[0].isdigit() for slot in found):
        found = [slot for slot in found if not (slot.name == "age" and slot.value == "kids")]
    if any(slot.name == "kind" and slot.value == "idol" for slot in found):
        found = [slot for slot in found if (slot.name, slot.value) != ("kind", "game") and not _on_air(text, slot)]
    if any(slot.name == "era" and any(c.isdigit() for c in slot.value) for slot in found):
        vague = ("classic", "recent", "older", "newer")
        found = [slot for slot in found if slot.name != "era" or slot.value not in vague]
    if any(slot.key == ("age", "family", WANTED) for slot in found):
        found = [slot for slot in found if slot.key != ("age", "kids", WANTED)]
    if any(slot.name == "kind" and slot.value == "stream" for slot in found):
        found = [slot for slot in found if slot.name != "kind" or slot.value not in ("game", "music")]
    if any(slot.name == "kind" and slot.value == "vr" for slot in found):
        found = [slot for slot in found if (slot.name, slot.value) != ("kind", "game") or len(words) < 2]
    if any(slot.polarity == UNWANTED and slot.name != "kind" for slot in found):
        found = [slot for slot in found if slot.name != "kind" or slot.polarity == WANTED]
    unique: dict[tuple[str, str], Slot] = {}
    for slot in sorted(found, key=lambda slot: slot.place):
        unique.setdefault(slot.key[:2], slot)  # what is said of it first, holds
    return _without_complaints(list(unique.values()))


def _on_air(text: str, slot: Slot) -> bool:
    """Whether it only says that somebody is live: "which virtual idols are streaming now"."""
    return (slot.name, slot.value) == ("kind", "stream") and text[slot.place : slot.end].rstrip("s") not in _STREAMS


def _without_complaints(found: list[Slot]) -> list[Slot]:
    """Of "too gloomy, make it lighter" the wish is kept: it says what the complaint does, and more."""
    wished = {
        slot.name: slot.place for slot in found if slot.polarity == WANTED and slot.name in ("mood", "era", "age")
    }
    return [slot for slot in found if not (slot.polarity == UNWANTED and slot.place < wished.get(slot.name, 0))]


def polarity_at(text: str, start: int, end: int) -> int:
    """Whether what stands at a place of a normalised text is wanted."""
    return _polarity(_BOTH.sub(lambda match: " " * len(match[0]), text), start, end, [(start, end)])
