"""Where parts are made: in this process, or in one of their own where the host gives their plug-in one.

Rules, embedders and stages are asked wherever their engine runs. A host that isolates a plug-in tells this module how its
parts are made instead; whoever makes one asks here first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Place: TypeAlias = Callable[[Any], Any | None]
"""Takes a descriptor; answers an instance of its role that lives elsewhere, or None for what is made here."""


def _here(spec: Any) -> None:
    return None


_place: list[Place] = [_here]


def place_with(place: Place | None) -> None:
    """From now on parts are made by this, in this process; None: here, as at first."""
    _place[0] = place or _here


def place_now() -> Place:
    """What `place_with` was told."""
    return _place[0]


def placed(spec: Any) -> Any | None:
    """What a descriptor names, made elsewhere; None where it is to be made here.

    Raises
    ------
    PartFailed
        When it cannot be made there.
    """
    return _place[0](spec)
