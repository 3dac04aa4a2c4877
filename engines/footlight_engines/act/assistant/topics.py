"""What something shall be about, in words that no slot knows: "about space", 讲航海的. It ranks, it keeps nothing out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.slots import WANTED, Slot, polarity_at

TOPIC = "about"
_ABOUT = re.compile(
    rf"(?:{pattern('introduces_topic').pattern})\s*(?:(?:the|a|an|some|any|people|someone|somebody) )*"
    rf"(?P<said>[a-z][a-z' -]{{2,40}}?)(?=\s*(?:{pattern('ends_topic').pattern})|[,.!?;]|$)"
)
_THING = re.compile(
    r"\b(?:a|an|some|any|another|good|nice) (?P<said>[a-z][a-z-]{2,20}(?: [a-z-]{3,20})?) "
    r"(?:thing|stuff|story|stories|flicks?|sort of thing|kind of thing|yarn|romp|caper)\b"
)
_HAN_ABOUT = re.compile(
    rf"(?:{pattern('han_introduces_topic').pattern})(?P<said>[\u4e00-\u9fff]{{1,8}}?)"
    rf"(?:{pattern('han_ends_topic').pattern})"
)
_NOTHING = pattern("no_topic_of_its_own")


def topic_in(text: str, slots: Sequence[Slot]) -> list[Slot]:
    """What a normalised text wants something about, where its ``slots`` say nothing of it: one at most."""
    for match in (*_ABOUT.finditer(text), *_THING.finditer(text), *_HAN_ABOUT.finditer(text)):
        start, end = match.span("said")
        known = any(slot.place < end and start < slot.end for slot in slots)
        if not known and not _NOTHING.search(match["said"]) and polarity_at(text, start, end) == WANTED:
            return [Slot(TOPIC, match["said"].strip(), place=start, end=end)]
    return []
