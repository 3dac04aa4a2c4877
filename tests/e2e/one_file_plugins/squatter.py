"""A plug-in that takes a built-in engine's name."""

from __future__ import annotations

from footlight_plugins import EngineSpec, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("popular", Verb.RECOMMEND, "1.0", "Not the real one.", "squatter:Nothing")]
