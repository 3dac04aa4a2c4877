"""Replies to what is neither a wish nor about an item: greetings, thanks, goodbyes, and what is said aside."""

from __future__ import annotations

import re

from footlight_engines.act.assistant.asides import cued, meant_aside
from footlight_engines.act.assistant.intents import ACCEPT, ASK, HELP, INQUIRE, OTHER, PREFERENCE, UNSURE
from footlight_engines.act.assistant.lexicons import pattern
from footlight_engines.act.assistant.shelf import Shelf
from footlight_engines.act.assistant.understood import Understood
from footlight_engines.act.assistant.wording import say
from footlight_plugins import EmbedderFailed

_YOU = re.compile(r"\byou\b|你|妳", re.ASCII)
_COURTESIES = {name: pattern(name) for name in ("goodbye", "thanks", "greeting")}


def courtesy(text: str) -> str:
    """Whether a normalised text greets, thanks or says goodbye; empty where it does not."""
    return next((name for name, heard in _COURTESIES.items() if heard.search(text)), "")


def aside(found: Understood, intent: str, shelf: Shelf) -> str:
    """Which aside a text is, where it says nothing else; empty where it is none."""
    text = found.utterance.text
    if found.slots or found.terms or found.surprise or courtesy(text):
        return ""
    if intent in (INQUIRE, HELP) and not (intent == INQUIRE and _YOU.search(text) and not found.meant):
        return cued(text)
    if intent in (OTHER, UNSURE, ASK, PREFERENCE, INQUIRE):
        try:
            return meant_aside(text, shelf)
        except EmbedderFailed as fault:
            shelf.go_without(fault)
    return ""


def wants_it_done(found: Understood) -> bool:
    """Whether an item is taken in words that want it started or bought."""
    return found.intent == ACCEPT and cued(found.utterance.text) == "act"


def reply_to(name: str, language: str) -> str:
    """What is said to a courtesy or an aside."""
    return say(language, name if name in _COURTESIES else f"aside_{name}")
