"""Parts that turn answers round, or raise, hang or answer nonsense, as their options say."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np

from footlight_plugins import Options, PartRole, PartSpec, ReRanker, Shortlist, impl

Deed = Literal[
    "well", "init", "raise", "exit", "sleep", "nothing", "floats", "nan", "foreign", "many", "twice", "write"
]


class RashOptions(Options):
    """What it does, and until when."""

    does: Deed = "well"
    flag: str = ""
    """While this file is there; always, where it is empty."""


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


@impl
def register_parts() -> list[PartSpec]:
    return [
        PartSpec("backwards", PartRole.RE_RANKER, "1.0", "The last first.", "rash:Backwards"),
        PartSpec("lost", PartRole.RE_RANKER, "1.0", "Cannot be imported.", "rash:Nowhere"),
        PartSpec(
            "needy", PartRole.RE_RANKER, "1.0", "Needs something.", "rash:Backwards", requires=("no_such_library",)
        ),
    ]
