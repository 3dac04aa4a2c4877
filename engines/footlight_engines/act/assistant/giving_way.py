"""What a new wish leaves of the ones before it where nothing fits them all: who asks for folk now means it, and the songs
without words that were asked for earlier are let go, which the reply says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from footlight_engines.act.assistant.filters import Mask
from footlight_engines.act.assistant.memory import Memory, Want
from footlight_engines.act.assistant.ranking import EASILY_DROPPED, Ranker
from footlight_engines.act.assistant.scales import scales
from footlight_engines.act.assistant.slots import WANTED

TOPICS = ("genre", "kind", "mood", "tag", "people", "title")
"""A wish for one of these is what somebody looks for now; others only narrow."""
FIRM = ("platform", "language", "subtitles", "players", "price", "kind")
"""What is not given up for a mood: it is what somebody has, speaks, or can pay."""


def given_way(ranker: Ranker, memory: Memory, servable: Mask, now: int, stuck: bool) -> list[Want]:
    """The wants from before turn ``now`` that have to go so that something fits; none where something fits as it is.

    They go where something new is looked for, or where the reply before was ``stuck`` already and it goes on.
    """
    new = {want.name for want in memory.positive if want.turn == now and want.name in TOPICS}
    if not new and not stuck:
        return []
    felt = replace(memory, wants=tuple(want for want in memory.wants if want.name == "mood" and want.turn == now))
    moods = ranker.in_mood(felt) if "mood" in new else None
    if _some_fit(ranker, memory, servable, moods):
        return []
    kept = FIRM if new == {"mood"} and not stuck else ()
    old = [want for want in memory.wants if want.turn < now and _may_go(want) and want.name not in kept]
    for feeling in (moods, None):
        if feeling is None and _some_fit(ranker, memory, servable, None):
            return []
        for gone in _ways(old):
            rest = replace(memory, wants=tuple(want for want in memory.wants if want not in gone))
            if _some_fit(ranker, rest, servable, feeling):
                return list(gone)
    labels = [want for want in memory.wants if want.turn == now and want.name == "tag" and want.polarity == WANTED]
    return labels if len(new) > 1 else []  # what only its meaning made a label of, may have been none


def _may_go(want: Want) -> bool:
    """Whether a want of before may give way: tastes stay, and so does the age of a child who watches."""
    if (want.name, want.value) == ("age", "adult"):
        return True
    return want.name in EASILY_DROPPED and (want.polarity == WANTED or want.name in (*scales(), "era", "about"))


def _ways(old: Sequence[Want]) -> Iterator[Sequence[Want]]:
    """One of them, what is easily done without first; or all but the surest few."""
    ranked = sorted(old, key=lambda want: EASILY_DROPPED.index(want.name) if want.name in EASILY_DROPPED else 0)
    yield from ((want,) for want in ranked)
    yield from (ranked[:count] for count in range(2, len(ranked) + 1))


def _some_fit(ranker: Ranker, memory: Memory, servable: Mask, moods: Mask | None) -> bool:
    """Whether anything fits, of the ``moods`` that are wanted now where anything has them."""
    fit = ranker.filters.allowed(memory)[0] & ranker.to_have(memory, servable)
    if moods is not None and moods.any():
        fit &= moods
    return bool(np.any(fit))
