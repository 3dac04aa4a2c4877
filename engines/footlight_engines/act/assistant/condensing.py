"""Of a long text the sentences that say what is wanted, so that a turn takes no longer than for a short one."""

from __future__ import annotations

import re

from footlight_engines.act.assistant.lexicons import shared_lexicon
from footlight_engines.act.assistant.reading import read

LONG, KEPT = 700, 500
"""A text of more characters is condensed, to about so many."""
_SENTENCE = re.compile(r"[^.!?。！？;；\n]+[.!?。！？;；\n]*")
_CLAUSE = re.compile(r"[^,，、]+[,，、]*")
_TELLS = re.compile(r"\d|《|[\"“]")
LONGEST_SENTENCE = 160


def condensed(text: str) -> str:
    """A text as it was typed, or where it is long, its last sentence and those before that name a value: the latest, each
    once, in their order."""
    if len(text) <= LONG:
        return text
    parts = [part for sentence in _SENTENCE.findall(text) for part in _parts(sentence)]
    kept: dict[str, int] = {}
    left = KEPT
    for place in range(len(parts) - 1, -1, -1):
        part = parts[place].strip()
        if part in kept or (kept and not _says_something(part)):
            continue
        if len(part) > left:
            break
        kept[part] = place
        left -= len(part)
    return " ".join(sorted(kept, key=lambda part: kept[part])) or text[-KEPT:]


def _parts(sentence: str) -> list[str]:
    return [sentence] if len(sentence) <= LONGEST_SENTENCE else _CLAUSE.findall(sentence)


def _says_something(part: str) -> bool:
    return _TELLS.search(part) is not None or bool(shared_lexicon().find(read(part).text))
