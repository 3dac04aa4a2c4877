"""A plug-in whose hook has a wrong name."""

from __future__ import annotations

from footlight_plugins import EngineSpec, impl


@impl
def register_engine() -> list[EngineSpec]:
    return []
