"""What usually helps, by the name of a test. The sentences lie in advice.toml."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

_NOT_MADE = (
    "The engine's module could not be imported, or the engine could not be made with the options given. "
    "Import it in a shell, and make it with its default options."
)


def advice_for(test: str) -> str:
    """The advice for a test of the suites; for one of the author's own, where to look."""
    return advice().get(test, "Read the test, it says what was expected.") if test else _NOT_MADE


@lru_cache(maxsize=1)
def advice() -> dict[str, str]:
    """All of it."""
    return tomllib.loads((Path(__file__).parent / "advice.toml").read_text(encoding="utf-8"))
