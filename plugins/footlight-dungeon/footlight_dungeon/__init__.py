"""Rules of dungeons: a Footlight plug-in."""

from __future__ import annotations

from footlight_plugins import PartRole, PartSpec, impl


@impl
def register_parts() -> list[PartSpec]:
    """One set of rules."""
    return [
        PartSpec(
            name="dungeon",
            role=PartRole.LEVEL_RULES,
            version="1.0",
            summary="Keys, locked doors, traps and stairs.",
            factory="footlight_dungeon.rules:Dungeon",
        )
    ]
