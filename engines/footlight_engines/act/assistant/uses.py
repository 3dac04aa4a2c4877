"""What a thing is for: to be watched, played, listened to, or met live. Who says "想看点什么" wants no song."""

from __future__ import annotations

from collections.abc import Iterable

from footlight_engines.act.assistant.lexicons import pattern

WATCH, PLAY, LISTEN, LIVE = "watch", "play", "listen", "live"
KINDS = {
    WATCH: ("film", "series", "show"),
    PLAY: ("game", "vr", "level"),
    LISTEN: ("music",),
    LIVE: ("stream", "idol"),
}
"""The kinds that are for each use."""
_SAID = {use: pattern(f"to_{use}") for use in (WATCH, PLAY, LISTEN)}


def use_of(kinds: Iterable[str]) -> str:
    """What the first of some kinds is for; empty where it is none of them."""
    return next((use for kind in kinds for use, known in KINDS.items() if kind in known), "")


def use_said(text: str) -> str:
    """What a normalised text wants something for; empty where it says nothing, or more than one."""
    said = [use for use, heard in _SAID.items() if heard.search(text)]
    return said[0] if len(said) == 1 else ""


def others(use: str) -> list[str]:
    """The kinds that are for something else."""
    return [kind for other, kinds in KINDS.items() if other != use for kind in kinds]
