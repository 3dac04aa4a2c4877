"""The engines that a blend is made of."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.kernels.dense_scores import put_on_scale
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import Scorer
from footlight_plugins import Options
from footlight_plugins.options import options_of

_BUILT_IN = {
    "ease": "footlight_engines.recommend.ease:Ease",
    "ials": "footlight_engines.recommend.ials:Ials",
    "rp3beta": "footlight_engines.recommend.rp3beta:Rp3Beta",
    "sequence": "footlight_engines.recommend.sequence:Sequence",
    "trending": "footlight_engines.recommend.trending:Trending",
    "user-knn": "footlight_engines.recommend.like_minded:LikeMinded",
}
_TOP = 10
"""Scores are divided by the mean of so many of the highest ones."""


class Member(Options):
    """An engine that takes part."""

    engine: str = Field(
        description="ease, ials, rp3beta, sequence, trending, user-knn (over likes), or 'package.module:Class', a subclass "
        "of Scorer."
    )
    options: dict[str, Any] = Field(default={}, description="Its options, where they differ from its defaults.")
    weight: float = Field(
        default=1.0,
        ge=0.0,
        le=100.0,
        description="What it counts where weights are not learned from held-out likes.",
        json_schema_extra={"search": {"low": 0.02, "high": 5.0, "log": True}},
    )

    def inner_types(self) -> Mapping[str, type[Options]]:
        """What its options have to be; raises ValueError where there is no such engine."""
        return {"options": _class_of(self).options_type}


def make_member(member: Member, preferences: Preferences) -> Scorer:
    """The engine, over preferences that it shares with the others.

    Raises
    ------
    ValueError
        When there is no such engine, or its options are wrong.
    """
    found = _class_of(member)
    made = cast(Any, found)(options_of(found, member.options), preferences)
    return cast(Scorer, made)


def _class_of(member: Member) -> type[Scorer]:
    path = _BUILT_IN.get(member.engine, member.engine)
    module, _, name = path.partition(":")
    if not name:
        raise ValueError(f"member {member.engine!r} must be one of {', '.join(_BUILT_IN)}, or 'package.module:Class'")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as fault:
        raise ValueError(f"member {member.engine!r} could not be imported: {fault}") from fault
    if not (isinstance(found, type) and issubclass(found, Scorer)):
        raise ValueError(f"member {member.engine!r} must be a subclass of footlight_engines.recommend.scorer.Scorer")
    return found


def scaled(scores: NDArray[np.float64], seen: NDArray[np.int32], size: int) -> NDArray[np.float64]:
    """Scores of one engine on the scale that all share, shape (size,).

    They are divided by the mean of the ten highest of the items that the person has not met. An item of which the engine
    says nothing has 0. An engine whose ten highest are not above 0 on average says nothing of any.
    """
    met, filled = np.zeros(size, np.bool_), np.empty(size)
    met[seen[seen < size]] = True
    put_on_scale(np.require(scores[:size], np.float64, ["C", "W"]), met, np.empty(_TOP), filled)
    return filled


def reciprocal_ranks(scores: NDArray[np.float64], seen: NDArray[np.int32], size: int) -> NDArray[np.float64]:
    """20 / (20 + rank) for the items that an engine says something of, the best one of rank 1; 0 for the others.

    Reciprocal rank fusion (Cormack et al. 2009), with 20 in place of its 60: the lists here are short.
    """
    fused, known = np.zeros(size), min(size, len(scores))
    ranked = scores[:known].copy()
    ranked[seen[seen < known]] = -np.inf
    order = np.lexsort((np.arange(known), -ranked))[: int(np.isfinite(ranked).sum())]
    fused[order] = 20.0 / (20.0 + np.arange(1, len(order) + 1))
    return fused


def prefixed(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays under names that begin with a member's prefix."""
    return {f"{prefix}{name}": array for name, array in arrays.items()}


def without_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Those of the arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
