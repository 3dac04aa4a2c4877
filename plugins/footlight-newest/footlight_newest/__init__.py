"""The newest items first: a Footlight plug-in."""

from __future__ import annotations

from footlight_plugins import EngineSpec, UpdateClass, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    """One recommender."""
    return [
        EngineSpec(
            name="newest",
            verb=Verb.RECOMMEND,
            version="1.0",
            summary="The newest items first, for a row 'New on the platform'.",
            factory="footlight_newest.newest:Newest",
            update_class=UpdateClass.BITWISE,
            can_forget=True,
            needs_training=False,
            fallback=True,
            inline=True,
            rank=-10,
        )
    ]
