"""What an engine answers when it is asked for a number or a yes, looked at: a stranger's engine may answer anything."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from footlight_plugins import Engine, Recommender, State

MOST = 1 << 62
"""What the wire and the database hold with room to spare."""


def count_of(what: str, found: Any) -> int:
    """A whole number from 0 on.

    Raises
    ------
    ValueError
        When it is none; the message names the method.
    """
    if (type(found) is int or isinstance(found, np.integer)) and 0 <= found < MOST:
        return int(found)
    raise ValueError(f"`{what}` answered {_short(found)}, expected a whole number from 0 on")


def state_of(engine: Engine) -> State:
    """The engine's state; raises ValueError where it answers none."""
    found: Any = engine.state()
    if not isinstance(found, State):
        raise ValueError(f"`state` answered {_short(found)}, expected State")
    return found


def figures_of(method: str, found: Any) -> dict[str, float]:
    """What a training says of itself, without what is not finite; raises ValueError where it is no figures by name."""
    try:
        figures = {str(name): float(value) for name, value in found.items()}
    except (AttributeError, TypeError, ValueError) as wrong:
        raise ValueError(f"`{method}` answered {_short(found)}, expected figures by name") from wrong
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def pending_of(engine: Recommender) -> int:
    """How many events the engine has put off; raises ValueError where it does not say so."""
    return count_of("pending", engine.pending)


def forgotten_by(engine: Recommender, user: int) -> int:
    """How many entries were touched when the engine forgot a person; raises ValueError where it does not say so."""
    return count_of("forget", engine.forget(user))


def known_to(engine: Recommender, user: int) -> bool:
    """Whether the engine knows a person; raises ValueError where it does not say so."""
    found: Any = engine.knows(user)
    if not isinstance(found, bool | np.bool_):
        raise ValueError(f"`knows` answered {_short(found)}, expected True or False")
    return bool(found)


def _short(found: Any) -> str:
    text = repr(found) if isinstance(found, int | float | str | None) else type(found).__name__
    return text if len(text) <= 60 else f"{text[:60]}..."
