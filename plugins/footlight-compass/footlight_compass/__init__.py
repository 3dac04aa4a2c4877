"""Leads agents towards a goal: a Footlight plug-in of a reward shaper."""

from __future__ import annotations

from footlight_plugins import PartRole, PartSpec, impl


@impl
def register_parts() -> list[PartSpec]:
    """One reward shaper."""
    return [
        PartSpec(
            name="compass",
            role=PartRole.REWARD_SHAPER,
            version="1.0",
            summary="Every step towards the goal is worth something, every step away costs as much.",
            factory="footlight_compass.compass:Compass",
        )
    ]
