"""How somebody is told how far a reading or an evaluation is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


def quiet(what: str, done: int, total: int) -> None:
    """Tells nobody."""
