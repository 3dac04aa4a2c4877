"""The utterances that the assistant comes with, and how such files are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled utterance."""

    intent: str
    text: str
    slots: frozenset[tuple[str, str, int]]


def examples() -> list[Example]:
    """The utterances that the assistant comes with: intent, text, slots; those in `sayings.tsv` have no slots noted."""
    data = files("footlight_engines.act.assistant").joinpath("data")
    texts = [data.joinpath(name).read_text("utf-8") for name in ("utterances.tsv", "sayings.tsv")]
    return [parsed(line) for text in texts for line in text.splitlines() if line]


def parsed(line: str) -> Example:
    """A line of such a file: the slots as ``name=value``, with a minus before a value that is not wanted, separated by
    spaces, or by ``|`` where values hold spaces."""
    intent, text, said = (*line.split("\t"), "", "")[:3]
    found = set()
    for part in said.split("|"):
        for slot in _slot_texts(part):
            name, _, value = slot.partition("=")
            unwanted = value.startswith("-")
            found.add((name.strip(), value.lstrip("-").strip().casefold(), -1 if unwanted else 1))
    return Example(intent, text, frozenset(found))


def _slot_texts(said: str) -> Iterable[str]:
    """Split before each ``name=``: values may hold spaces."""
    parts: list[str] = []
    for word in said.split():
        if "=" in word:
            parts.append(word)
        elif parts:
            parts[-1] += f" {word}"
    return parts
