"""Whole numbers in words, in both languages, and how many items a text asks for: "five more", 再来五部, "half a dozen"."""

from __future__ import annotations

import re

from footlight_engines.act.assistant.lexicons import pattern

CARDINALS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
    "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}
MOST = 20
"""The highest number that is read, and the most items that a reply names."""
_GROUPS = {"couple": 2, "pair": 2, "half a dozen": 6, "half-dozen": 6, "half dozen": 6, "dozen": 12, "handful": 5}
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "仨": 3}

_ENGLISH = "|".join(sorted(CARDINALS[1:], key=len, reverse=True))
_COUNT = rf"(?:(?:a |another )?({'|'.join(_GROUPS)})(?: of)?|({_ENGLISH}|1?\d|20))"
_ASKS = re.compile(
    rf"(?:{pattern('asks_for_so_many').pattern}) {_COUNT}(?![\w:%-])(?!{pattern('counts_no_items').pattern})"
)
_MORE = re.compile(rf"(?<![\w-]){_COUNT} (?:{pattern('so_many_more').pattern})")
_ITEMS = re.compile(
    rf"(?<![\w-])(?<!first )(?<!last )(?<!these )(?<!those )(?<!the )(?<!of )(?<!my )(?<!other )(?<!seen )(?<!had )"
    rf"{_COUNT} (?:[a-z'-]+ ){{0,3}}?(?:{pattern('countable_items').pattern})\b"
)
_ENOUGH = re.compile(
    rf"(?:^|[,.!?;] |\b(?:so|ok|and|say) ){_COUNT} (?:would be|is|will do|should do|sounds|makes)\b(?! too)"
)
_ALONE = pattern("only_one")
_HAN = r"([零一二两三四五六七八九十俩仨]{1,3}|1?\d|20)"
_HAN_ASKS = re.compile(
    rf"(?:{pattern('han_asks_for_so_many').pattern}){_HAN}(?:来)?[个部款首本档条套篇出份]"
    rf"(?!{pattern('han_counts_no_items').pattern})"
)
_DOZEN = re.compile(rf"(?:\ba |\b(?=half))(half a |)dozen\b(?!{pattern('counts_no_items').pattern})")
_HAN_DOZEN = re.compile(r"(半|一)打(?!算|听|开|工|游戏|架)")


def ordinals() -> dict[str, int]:
    """The places, from 0 on, that English words and figures with an ending name."""
    figures = {f"{n}{'th' if 10 < n < 14 else _SUFFIXES.get(n % 10, 'th')}": n - 1 for n in range(1, MOST + 1)}
    return figures | {word: place for place, word in enumerate(ORDINALS)}


def whole(said: str) -> int | None:
    """The whole number that figures, an English word up to twenty or Chinese characters below a hundred say."""
    if said.isdigit():
        return int(said)
    if said in CARDINALS:
        return CARDINALS.index(said)
    if not said or any(c not in _DIGITS and c != "十" for c in said):
        return None
    tens, ten, ones = said.rpartition("十")
    if not ten:
        return _DIGITS[said[-1]]
    return (_DIGITS[tens[-1]] if tens else 1) * 10 + (_DIGITS[ones[-1]] if ones else 0)


def items_asked_for(text: str) -> int:
    """How many items a normalised text asks for, 1 to 20; 0 where it says no number."""
    found = [_english(match) for spelt in (_ASKS, _MORE, _ITEMS, _ENOUGH) for match in spelt.finditer(text)]
    found += [_GROUPS[match[1] + "dozen"] for match in _DOZEN.finditer(text)]
    found += [whole(match[1]) or 0 for match in _HAN_ASKS.finditer(text)]
    found += [6 if match[1] == "半" else 12 for match in _HAN_DOZEN.finditer(text)]
    counts = [count for count in found if 1 < count <= MOST]  # "another one" and 来一部 are ways to ask for some
    if counts:
        return counts[0]
    return 1 if _ALONE.search(text) else 0


def _english(match: re.Match[str]) -> int:
    return _GROUPS[match[1]] if match[1] else whole(match[2]) or 0
