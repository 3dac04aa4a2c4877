"""Parts that turn answers round, or raise, hang or answer nonsense, as their options say."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from footlight_plugins import (
    Basis,
    CandidateSource,
    EventListener,
    Events,
    Happening,
    Options,
    PartRole,
    PartSpec,
    Query,
    Ranking,
    ReRanker,
    RewardShaper,
    Shortlist,
    Spaces,
    Transitions,
    impl,
)

Deed = Literal[
    "well",
    "init",
    "raise",
    "exit",
    "sleep",
    "doze",
    "nothing",
    "floats",
    "nan",
    "foreign",
    "many",
    "twice",
    "write",
    "hear",
    "forget",
    "die",
    "grow",
]


class RashOptions(Options):
    """What it does, and until when."""

    does: Deed = "well"
    flag: str = ""
    """While this file is there; always, where it is empty."""
    window_days: float = 0.0


class Rash:
    """Does it."""

    def __init__(self, options: RashOptions) -> None:
        self.does, self.flag = options.does, options.flag
        if self.does == "init" and self.on:
            raise RuntimeError("secret of init")

    @property
    def on(self) -> bool:
        return not self.flag or Path(self.flag).exists()

    def misbehave(self) -> str:
        """What it is to answer instead; whatever does not answer happens here."""
        if not self.on:
            return "well"
        match self.does:
            case "raise":
                raise RuntimeError("secret of a part")
            case "exit":
                sys.exit(3)
            case "sleep":
                time.sleep(3600)
            case "doze":
                while self.on:
                    time.sleep(0.02)
                raise RuntimeError("it woke up too late")
            case "die":
                os._exit(7)
            case "grow":
                self.held = [np.ones(1 << 20) for _ in range(1_000)]  # 8 MB each
        sys.stdout.write("a line that nobody asked for\n")
        np.seterr(all="raise")
        return self.does


class Backwards(ReRanker):
    """The last first."""

    options_type = RashOptions
    pool = 1

    def __init__(self, options: Options) -> None:
        assert isinstance(options, RashOptions)
        self.rash = Rash(options)

    def order(self, shortlist: Shortlist) -> Any:
        places: Any = np.arange(shortlist.count)[::-1]
        match self.rash.misbehave():
            case "nothing":
                return None
            case "floats":
                return places.astype(np.float64)
            case "nan":
                return np.full(shortlist.count, np.nan)
            case "foreign":
                return places + 1_000
            case "many":
                return np.arange(len(shortlist) + 1)
            case "twice":
                return np.zeros(shortlist.count, np.intp)
            case "write":
                shortlist.items[:] = 0
        return places


class MetLast(CandidateSource):
    """What was met last, by somebody else as well; without a window, what was put last."""

    options_type = RashOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, RashOptions)
        self.rash, self.window_days = Rash(options), options.window_days
        self.met: list[int] = []

    def hear(self, events: Events) -> None:
        if self.rash.does == "hear" and self.rash.on:
            raise RuntimeError("secret of hearing")
        self.met += events.item.tolist()

    def propose(self, query: Query) -> Any:
        items = self.met if self.window_days else list(range(len(query.servable)))
        best = [item for item in dict.fromkeys(reversed(items)) if query.allows(item)][: query.count]
        scores = np.zeros(len(best))
        match self.rash.misbehave():
            case "nothing":
                return None
            case "floats":
                return Ranking(np.array(best, np.float64), scores)
            case "nan":
                return Ranking(np.array(best, np.int32), scores * np.nan)
            case "foreign":
                return Ranking(np.array(best, np.int32) + 1_000, scores)
            case "many":
                return Ranking(np.arange(len(query.servable), dtype=np.int32), np.zeros(len(query.servable)))
            case "twice":
                return Ranking(np.array(best[:1] * len(best), np.int32), scores)
            case "write":
                query.servable[:] = False
        return Ranking(np.array(best, np.int32), scores, Basis.TRENDING)


class Doubled(RewardShaper):
    """Twice the reward."""

    options_type = RashOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, RashOptions)
        self.rash = Rash(options)

    def check(self, spaces: Spaces) -> None:
        if spaces.action.n > 9:
            raise ValueError("it takes up to nine actions")

    def shape(self, steps: Transitions) -> Any:
        shaped: Any = 2.0 * steps.reward
        match self.rash.misbehave():
            case "nothing":
                return None
            case "floats":
                return shaped.tolist()
            case "nan":
                return shaped * np.nan
            case "many":
                return np.append(shaped, 1.0)
            case "write":
                steps.reward[:] = 0.0
        return shaped


class NotedOptions(RashOptions):
    """Where it notes what it heard."""

    out: str = ""


class Noted(EventListener):
    """Writes down what it is told, a line each."""

    options_type = NotedOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, NotedOptions)
        self.rash, self.out = Rash(options), Path(options.out)

    def hear(self, happened: Sequence[Happening]) -> Any:
        if self.rash.misbehave() == "nothing":
            return len(happened)
        with self.out.open("a") as file:
            file.writelines(f"{one.position} {one.user} {one.user_id} {one.item_id}\n" for one in happened)
        return None

    def forget(self, user: int) -> None:
        if self.rash.does == "forget" and self.rash.on:
            raise RuntimeError("secret of forgetting")
        with self.out.open("a") as file:
            file.write(f"forget {user}\n")


@impl
def register_parts() -> list[PartSpec]:
    return [
        PartSpec("backwards", PartRole.RE_RANKER, "1.0", "The last first.", "rash:Backwards"),
        PartSpec("met-last", PartRole.CANDIDATE_SOURCE, "1.0", "What was met last.", "rash:MetLast"),
        PartSpec("doubled", PartRole.REWARD_SHAPER, "1.0", "Twice the reward.", "rash:Doubled"),
        PartSpec("noted", PartRole.EVENT_LISTENER, "1.0", "Notes what it hears.", "rash:Noted"),
        PartSpec("lost", PartRole.RE_RANKER, "1.0", "Cannot be imported.", "rash:Nowhere"),
        PartSpec(
            "needy", PartRole.RE_RANKER, "1.0", "Needs something.", "rash:Backwards", requires=("no_such_library",)
        ),
    ]
