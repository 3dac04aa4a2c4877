"""The generator of pitch.py once more: a plug-in that is isolated as a whole."""

from __future__ import annotations

from footlight_plugins import EngineSpec, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("fenced", Verb.GENERATE, "1.0", "Asks rules.", "pitch:Pitch", rank=-99)]
