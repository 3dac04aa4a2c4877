"""What an agent sees and does, in words."""

from __future__ import annotations

from typing import Any

from footlight.types import BoxSpace, CandidateSpace, DictSpace, DiscreteSpace, MultiBinarySpace, MultiDiscreteSpace


def in_words(space: Any) -> str:
    """A space as a table shows it: how many values it has, or of what they are made."""
    match space:
        case DiscreteSpace():
            return f"{space.n:,}"
        case BoxSpace():
            shape = " x ".join(map(str, space.shape))
            return "1 number" if shape == "1" else f"{shape} numbers"
        case MultiDiscreteSpace():
            return " x ".join(map(str, space.nvec))
        case MultiBinarySpace():
            return f"{space.n:,} bits"
        case DictSpace():
            return ", ".join(f"{name}: {in_words(part)}" for name, part in space.spaces.items())
        case CandidateSpace():
            return f"up to {space.max_count:,} candidates of {space.feature_count:,} numbers"
    return ""
