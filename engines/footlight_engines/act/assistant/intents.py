"""What a text is for: cue rules first; a small classifier where no cue decides; and no guess where that is unsure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from footlight_engines.act.assistant.lexicons import pattern, table
from footlight_engines.act.assistant.slots import Slot

ASK, MORE, PREFERENCE, CRITIQUE = "ask", "more", "preference", "critique"
ACCEPT, REJECT, SEEN, INQUIRE = "accept", "reject", "seen", "inquire"
RESET, UNDO, WHY, HELP, OTHER, UNSURE = "reset", "undo", "why", "help", "other", ""
INTENTS = (ASK, MORE, PREFERENCE, CRITIQUE, ACCEPT, REJECT, SEEN, INQUIRE, RESET, UNDO, WHY, HELP, OTHER)


@dataclass(frozen=True, slots=True)
class Cue:
    """One way to recognise an intent."""

    intent: str
    weight: float
    pattern: re.Pattern[str]


@cache
def cues() -> Sequence[Cue]:
    """All cues, the weightiest first."""
    found = [
        Cue(row["intent"], float(row["weight"]), re.compile("|".join(f"(?:{one})" for one in row["patterns"])))
        for row in table("cues")["cue"]
    ]
    return sorted(found, key=lambda cue: -cue.weight)


def heard_cues(text: str, sighs: bool = False) -> Mapping[str, float]:
    """The intents that a text gives cues of, with their weights; ``sighs``: also behind what is said before anything is."""
    heard: dict[str, float] = {}
    plain = _SIGHS.sub("", text) if sighs else text
    for cue in cues():
        if cue.intent not in heard and (cue.pattern.search(text) or (plain != text and cue.pattern.search(plain))):
            heard[cue.intent] = cue.weight
    return heard


def weighed_cues(text: str, slots: Sequence[Slot]) -> Mapping[str, float]:
    """The intents that a text gives cues of, weighed against each other; empty where it gives none."""
    heard = dict(heard_cues(text, sighs=True))
    _balance(text, heard, slots)
    return heard


def sigh(text: str) -> int:
    """Where a text begins to say anything."""
    match = _SIGHS.match(text)
    return match.end() if match else 0


def points(text: str) -> bool:
    """Whether a text speaks of something that was shown: "it", 这个."""
    return _POINTS.search(text) is not None


def _balance(text: str, heard: dict[str, float], slots: Sequence[Slot]) -> None:
    """Weigh cues that occur together."""
    if ACCEPT in heard and _NOT_ACCEPTED.search(text):
        heard.pop(ACCEPT)
    if heard.get(PREFERENCE, 0) < 5.2 and PREFERENCE in heard and _topical(slots):
        heard[ASK] = max(heard.get(ASK, 0), 5.3)  # "romantic films but no musicals"
    if not heard and slots:
        heard[ASK] = 5.0 if _topical(slots) and min(slot.place for slot in slots) <= 2 else 1.0  # "jazz from the 60s"
    if not heard and _NOT_SEEN.search(text):
        heard[OTHER] = 1.0
    if not heard:
        return
    named = [slot for slot in slots if slot.name != "kind"]
    if ASK in heard and PREFERENCE in heard:
        heard[PREFERENCE] += _stated(text) - 0.4
    if ASK in heard and CRITIQUE in heard and (_topical(slots) or not _STRONG_CRITIQUE.search(text)):
        heard[CRITIQUE] = heard[ASK] - 0.1  # a wish with a comparative in it is a wish
    if ASK in heard and _topical(slots) and _ASKS_FOR.search(text) and not _POINTS.search(text):
        heard[ASK] = max(heard[ASK], 6.0) + 2.0  # and one that begins as a wish does, whatever the thing is to be like
        heard.pop(CRITIQUE, None)
    if REJECT in heard and named and not _POINTS.search(text):
        heard[REJECT], heard[PREFERENCE] = 5.0, max(heard.get(PREFERENCE, 0.0), 6.0)
    if PREFERENCE in heard and CRITIQUE in heard and _TASTE.search(text):
        heard[PREFERENCE] = 6.4
    if _NOT_SEEN.search(text) and not {INQUIRE, ASK, MORE} & set(heard):
        heard.pop(SEEN, None)
        heard[OTHER] = 8.0
    elif _NOT_SEEN.search(text):
        heard.pop(SEEN, None)
    if MORE in heard and ASK in heard and any(slot.name in _TOPICS for slot in slots) and not _PLAIN_MORE.search(text):
        heard[MORE] = 5.0


def _topical(slots: Sequence[Slot]) -> bool:
    """Whether it names what is looked for, and not only how that should differ."""
    return any(slot.name in ("genre", "kind", "people", "title", "region") and slot.polarity > 0 for slot in slots)


def _stated(text: str) -> float:
    """How much a text sounds like a taste rather than a wish."""
    return 1.0 if _TASTE.search(text) and not _WISH.search(text) else 0.0


_SIGHS = pattern("sighs")
"""What a text may begin with before it says anything."""
_TOPICS = ("genre", "people", "platform", "region", "title")
_STRONG_CRITIQUE = pattern("strong_critique")
_POINTS = pattern("points")
_NOT_ACCEPTED = pattern("not_accepted")
_TASTE = pattern("taste")
_WISH = pattern("wish")
_NOT_SEEN = pattern("not_seen")
_PLAIN_MORE = pattern("plain_more")
_ASKS_FOR = pattern("asks_for")
