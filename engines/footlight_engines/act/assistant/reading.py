"""From what somebody typed to text that rules can read: one spelling, one case, simplified characters,
Mandarin where it is Cantonese."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from footlight_engines.act.assistant.lexicons import table
from footlight_engines.act.assistant.spelling import spelt

ENGLISH, CHINESE = "en", "zh"

_DATA = table("traditional")
_SIMPLIFIED = str.maketrans(str(_DATA["traditional"]), str(_DATA["simplified"]))
_CANTONESE = table("cantonese")
_SPEAKS_CANTONESE = re.compile("|".join(_CANTONESE["signs"]))
_MANDARIN = dict(_CANTONESE["phrases"])
_SAID_IN_CANTONESE = re.compile("|".join(map(re.escape, sorted(_MANDARIN, key=len, reverse=True))))
_QUOTES = str.maketrans("’‘`´“”„「」『』", "''''\"\"\"《》《》")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[a-z]+")
_SAID = re.compile(r"[^\W_]")
_CONTRACTIONS = (
    (re.compile(r"\b(do|does|did|is|are|was|were|would|could|should|have|has|had)nt\b"), r"\1n't"),
    (re.compile(r"\b(?:dont|don t)\b"), "don't"),
    (re.compile(r"\b(?:cant|can t)\b"), "can't"),
    (re.compile(r"\bim\b"), "i'm"),
    (re.compile(r"\bive\b"), "i've"),
    (re.compile(r"\bid (?=like|love|prefer|rather)"), "i'd "),
    (re.compile(r"\bwhats\b"), "what's"),
    (re.compile(r"\bthats\b"), "that's"),
    (re.compile(r"\b(who|how|where|there|here)s\b"), r"\1's"),
    (re.compile(r"\b(?:scfi|sifi|syfy|sci ?fi|scy-?fi|skifi|sf-?fi)\b"), "sci-fi"),
    (re.compile(r"\b(he|she)s(?= (?:just |only |nearly |almost |now |like )?\d)"), r"\1's"),
    (re.compile(r"\bwanna\b"), "want to"),
    (re.compile(r"\bgimme\b"), "give me"),
    (re.compile(r"\bgonna\b"), "going to"),
    (re.compile(r"\bw/o\b"), "without"),
    (re.compile(r"\bw/(?=\s|[a-z])"), "with "),
    (re.compile(r"\blemme\b"), "let me"),
    (re.compile(r"\b(some|any|no)thin'?(?=\s|$|[,.!?])"), r"\1thing"),
    (re.compile(r"\b(?:how |what )bout\b"), "how about"),
    (re.compile(r"\bu\b(?!\.)"), "you"),
    (re.compile(r"\btho\b"), "though"),
    (re.compile(r"\b(?:pls|plz)\b"), "please"),
    (re.compile(r"\brn\b"), "right now"),
    (re.compile(r"\bw (?=(?:my|the|a|some|friends?|subs|subtitles)\b)"), "with "),
    (re.compile(r"\bnvm\b"), "never mind"),
    (re.compile(r"\bbc\b"), "because"),
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance, ready to be read."""

    text: str
    """In NFKC, lower case, simplified characters, single spaces, without emoji."""
    language: str
    """`ENGLISH` or `CHINESE`: what most of it is written in; empty where it has no words at all."""

    @property
    def empty(self) -> bool:
        """Whether it says nothing: emoji, punctuation, or nothing."""
        return not self.language

    @property
    def foreign(self) -> bool:
        """Whether it is written in other letters than those of English and Chinese."""
        return any(c.isalpha() for c in self.text) and not (_HAN.search(self.text) or _LATIN.search(self.text))


def read(text: str) -> Utterance:
    """Normalise what somebody typed. Never fails, whatever the text is."""
    plain = unicodedata.normalize("NFKC", text).translate(_QUOTES).lower().translate(_SIMPLIFIED)
    plain = "".join(" " if unicodedata.category(c) in _UNREADABLE else c for c in plain if c not in _JOINERS)
    for pattern, spelling in _CONTRACTIONS:
        plain = pattern.sub(spelling, plain)
    if _SPEAKS_CANTONESE.search(plain):
        plain = _SAID_IN_CANTONESE.sub(lambda said: _MANDARIN[said[0]], plain)
    plain = spelt(" ".join(plain.split()))
    return Utterance(plain, language_of(plain))


def language_of(text: str) -> str:
    """The language of normalised text. A Chinese character weighs as much as an English word."""
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if not _SAID.search(text):
        return ""
    if han == latin == 0:
        return ENGLISH if any(c.isalnum() for c in text) else ""
    return CHINESE if han >= latin else ENGLISH


def is_han(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return _HAN.search(text) is not None


_UNREADABLE = frozenset({"So", "Sk", "Cc", "Cs", "Co", "Cn"})
_JOINERS = frozenset("\u200b\u200c\u200d\u2060\ufeff\ufe0f")
