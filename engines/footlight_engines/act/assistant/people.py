"""The people of the catalogue in a text."""

from __future__ import annotations

import re

from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import Slot, polarity_at

_WORD = re.compile(r"[a-z0-9](?:[^\W\u3400-\u9fff]|['.-])*")
_HAN = re.compile(r"[\u3400-\u9fff·]+")
_LONE = re.compile(r"(?:\b(?:by|starring|featuring|with|from)|[\u4e00-\u9fff]) ?$")
_OWN = re.compile(r" ?(?:的|唱|演|导|乐队|主播|'s\b)")
"""What stands beside a name of one word: "by Adele", Beyond的歌."""
_MOST_WORDS, _MOST_HAN = 4, 12


def people_in(text: str, shelf: Shelf) -> list[Slot]:
    """Everybody of the catalogue whom a normalised text names in full, with the polarity of the place."""
    found: list[Slot] = []
    taken = 0
    for start, end, name in sorted(_names(text, shelf)):
        if start >= taken:
            found.append(Slot("people", name, polarity_at(text, start, end), place=start, end=end))
            taken = end
    return found


def _names(text: str, shelf: Shelf) -> list[tuple[int, int, str]]:
    spans = []
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    for i in range(len(words)):
        for j in range(min(i + _MOST_WORDS, len(words)), i + 1, -1):
            spans.append((words[i][0], words[j - 1][1]))
    for match in _HAN.finditer(text):
        for start in range(match.start(), match.end() - 1):
            spans += [(start, end) for end in range(min(match.end(), start + _MOST_HAN), start + 1, -1)]
    spans += [span for span in words if _LONE.search(text[: span[0]]) or _OWN.match(text[span[1] :])]
    return [(start, end, text[start:end]) for start, end in spans if shelf.is_person(text[start:end])]
