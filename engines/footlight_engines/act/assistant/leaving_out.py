"""What a text leaves out in words that no slot knows: "not too slapstick", 除了海底的, "nothing with clowns"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from footlight_engines.act.assistant.lexicons import pattern, shared_lexicon
from footlight_engines.act.assistant.reading import is_han
from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot

_NOT = pattern("leaves_out")
_BETWEEN = pattern("between_words")
_SAYS_NOTHING = pattern("leaves_out_nothing")
_CLAUSE_END = re.compile(
    r"[,，。.;；!！?？\n、]|\b(?:but|and|because|since|so|if|when|then|please|while)\b|但|就|因为|所以|还有|的话|以外|之外"
)
_PIECE = re.compile(r"[a-z][a-z'-]{3,}(?: [a-z][a-z'-]{3,})?|[\u4e00-\u9fff]{2,6}")


def left_out(text: str, slots: Sequence[Slot]) -> Iterator[Slot]:
    """What is to be left out and no slot or term says, at most two groups of words."""
    taken = [(slot.place, slot.end) for slot in slots]
    wanted = {slot.key[:2] for slot in slots if slot.polarity == WANTED}
    count = 0
    for match in _NOT.finditer(text):
        ends = _CLAUSE_END.search(text, match.end())
        stop = ends.start() if ends else len(text)
        if any(start < stop and match.start() < end for start, end in taken):
            continue
        for place, words in _pieces(text, match.end(), stop, wanted):
            if count < 2:
                yield Slot("about", words, UNWANTED, place=place, end=place + len(words))
                count += 1


def _pieces(text: str, start: int, stop: int, wanted: set[tuple[str, str]]) -> Iterator[tuple[int, str]]:
    clause = _BETWEEN.sub(lambda found: "." * len(found[0]), text[start:stop])
    for piece in _PIECE.finditer(clause):
        known = {meaning for found in shared_lexicon().find(piece[0]) for meaning in found.meanings}
        if known <= wanted and not _SAYS_NOTHING.search(piece[0]) and not (is_han(piece[0]) and len(piece[0]) < 2):
            yield start + piece.start(), piece[0]
