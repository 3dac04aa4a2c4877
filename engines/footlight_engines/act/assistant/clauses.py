"""What a turn is made of: a change of mind within it, a short answer before a wish, a no that is denied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from footlight_engines.act.assistant.lexicons import pattern

_RETURNS = pattern("changes_mind")
_DENIED_NO = pattern("denied_no")
_CANNOT_DO_WITHOUT = pattern("cannot_do_without")
_SENTENCE, _COMMA = pattern("sentence_ends"), re.compile(r"[,，]\s*")
_CLAUSE_END = re.compile(r"[,，。.;；!！?？\n]|\bbut\b|\bso\b|但|就是|只是|不过|所以")
MOST_WAYS = 2
LONGEST_ANSWER = 40
"""An answer before a wish is no longer."""


def last_mind(text: str) -> str:
    """What is said after somebody changed their mind within a turn; all of it where nobody did, or said nothing after."""
    ends = [match.end() for match in _RETURNS.finditer(text)]
    rest = text[ends[-1] :].strip(" ,，.。…、;；") if ends else ""
    return rest if len(rest) > 1 else text


def answers_and_wishes(text: str) -> Iterator[tuple[str, str]]:
    """The ways to part a text into a short answer and what follows: at the end of a sentence first, at a comma then."""
    for ends in (_SENTENCE, _COMMA):
        for match in islice(ends.finditer(text), MOST_WAYS):
            first, rest = text[: match.start()].strip(), text[match.end() :].strip()
            if 1 < len(first) <= LONGEST_ANSWER and len(rest) > 3:
                yield first, rest


def neither(text: str) -> list[tuple[int, int]]:
    """The clauses of a normalised text in which a no is denied ("it's not that I don't like horror"): what is in them is
    neither wanted nor unwanted."""
    spans = []
    for match in _DENIED_NO.finditer(text):
        end = _CLAUSE_END.search(text, match.end())
        spans.append((match.start(), end.start() if end else len(text)))
    return spans


def indispensable(text: str) -> list[tuple[int, int]]:
    """The clauses that cannot do without something: it is wanted."""
    spans = []
    for match in _CANNOT_DO_WITHOUT.finditer(text):
        end = _CLAUSE_END.search(text, match.end())
        spans.append((match.start(), end.start() if end else len(text)))
    return spans
