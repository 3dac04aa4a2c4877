"""What something is to be compared with: "older than Heat", 比功夫更早的, "shorter than the second one"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from footlight_engines.act.assistant.listed_titles import only_called
from footlight_engines.act.assistant.scales import COMPARED, degrees
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.slots import Slot

_THAN = re.compile(
    r"\bthan (?P<en>[^,.!?;]{2,60}?)(?=$|[,.!?;]| (?:but|and|please|though|or|with|from|by)\b)"
    r"|比《?(?P<zh>[^,，。!！?？比]{1,20}?)》?(?=再|更|还|要|[早晚新老旧长短贵难])"
)
_COMPARES = ("newer", "older", "shorter", "longer", "lower", "higher")


def baseline(text: str, slots: Sequence[Slot], pointed: Sequence[int], shelf: Shelf) -> tuple[int, list[Slot]]:
    """The item that a wish of a normalised text is compared with, and the ``slots`` without what only names it; -1 where
    there is none. ``pointed``: the items that the text points at."""
    match = _THAN.search(text)
    compares = any(slot.value in _COMPARES for slot in slots) or any(one.degree == COMPARED for one in degrees(text))
    if match is None or not compares:
        return -1, list(slots)
    start, end = match.span(match.lastgroup or 0)
    item = only_called(text[start:end], shelf)
    if item < 0 and len(pointed) == 1:
        return pointed[0], [slot for slot in slots if slot.name != "title"]
    if item < 0:
        return -1, list(slots)
    return item, [slot for slot in slots if slot.name != "title" and not (slot.place < end and start < slot.end)]
