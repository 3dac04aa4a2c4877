"""Which wishes a text lets go: "never mind the length", 平台无所谓, "forget the robots"."""

from __future__ import annotations

from collections.abc import Sequence

from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.memory import Want
from footlight_engines.act.assistant.slots import Slot

_RELEASES = pattern("releases")
_NAMES = ("duration", "era", "platform", "genre", "people", "region", "mood", "age", "kind", "price",
          "difficulty", "players", "score", "language", "subtitles")  # fmt: skip
_NAMED = {name: pattern(f"released_{name}") for name in _NAMES}
_NEAR = 14
"""What is let go is named within so many characters of the words that say so."""


def released(text: str, slots: Sequence[Slot], wants: Sequence[Want]) -> list[Want]:
    """The wants that a normalised text lets go: all of a slot that it names, or one whose value it names."""
    gone: list[Want] = []
    for match in _RELEASES.finditer(text):
        start, end = max(0, match.start() - _NEAR), match.end() + _NEAR
        near = text[start:end]
        names = {name for name, named in _NAMED.items() if named.search(near)}
        values = {(slot.name, slot.value.casefold()) for slot in slots if start <= slot.place < end}
        gone += [want for want in wants if want.name in names or (want.name, want.value.casefold()) in values]
    return list(dict.fromkeys(gone))
