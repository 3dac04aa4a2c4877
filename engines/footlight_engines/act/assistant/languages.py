"""The languages that things are spoken, sung or subtitled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from footlight_engines.act.assistant.lexicons import Lexicon, table
from footlight_engines.act.assistant.reading import is_han, read

LANGUAGE, SUBTITLES = "language", "subtitles"
_BEFORE = re.compile(
    r"\b(?:in|into|speaks?|speaking|spoken|sung in|dubbed|narrated in|read in|not)(?: (?:the|original|either|plain))? $"
    r"|(?:\b(?:and|or|/) )$"
)
_AFTER = re.compile(
    r"[- ](?:language|audio|dub(?:bed|s|bing)?|voices?|voice[- ]over|versions?|lyrics|speaking|spoken|songs?|ones?|track)\b"
)
_SUBTITLED = re.compile(r"[- ](?:sub(?:s|bed|title[sd]?)?|captions?|captioned)\b|(?:的)?字幕")
_SUBTITLED_IN = re.compile(r"\b(?:sub(?:s|title[sd]?)?|captions?)(?: \w+){0,2} (?:in|are|is) $|字幕(?:是|有|要)?$")
_NO_LANGUAGE = re.compile(r"(?:系|老师|课|考试|作业|学习)")


@cache
def _names() -> Lexicon:
    lexicon = Lexicon(plurals=False)
    for language, names in table("languages").items():
        for name in names:
            if len(name) > 3 or is_han(name):
                lexicon.add(name, LANGUAGE, language)
    return lexicon


def languages_in(text: str) -> Iterator[tuple[str, str, int, int]]:
    """What a normalised text says of languages: language or subtitles, which, and where it stands."""
    for found in _names().find(text):
        language, before = found.meanings[0][1], text[: found.start]
        if _SUBTITLED.match(text, found.end) or _SUBTITLED_IN.search(before):
            yield SUBTITLES, language, found.start, found.end
        elif language == "instrumental" or _as_language(text, found.start, found.end):
            yield LANGUAGE, language, found.start, found.end


def _as_language(text: str, start: int, end: int) -> bool:
    if is_han(text[start]):
        return not _NO_LANGUAGE.match(text, end)
    return bool(_BEFORE.search(text[:start]) or _AFTER.match(text, end))


def spelt_languages(said: Iterable[str]) -> Iterator[str]:
    """The languages that a catalogue names, by names or codes; others as they stand."""
    known = {name: language for language, names in table("languages").items() for name in names}
    for one in said:
        for part in re.split(r"[|/;,，、；]", one):
            spelt = read(part).text
            if spelt:
                language = known.get(spelt) or known.get(spelt.split("-")[0].split(" ")[0]) or spelt
                yield language
                if language.endswith("-chinese"):
                    yield "chinese"
                elif language == "chinese":  # either script, as nobody says which
                    yield from ("simplified-chinese", "traditional-chinese")
