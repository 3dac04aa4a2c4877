"""Contextual bandits of Vowpal Wabbit: a Footlight plug-in."""

from __future__ import annotations

from footlight_plugins import EngineSpec, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    """Two agents: one that observes numbered states, one that observes vectors and takes candidates."""
    return [
        EngineSpec(
            name="vowpal",
            verb=Verb.ACT,
            version="1.0",
            summary="Vowpal Wabbit's contextual bandit: numbered observations and actions.",
            factory="footlight_vowpal.engine:Vowpal",
            options="footlight_vowpal.options:VowpalOptions",
            rank=-5,
            requires=("vowpalwabbit",),
        ),
        EngineSpec(
            name="vowpal-features",
            verb=Verb.ACT,
            version="1.0",
            summary="Vowpal Wabbit's contextual bandit: vectors observed, actions with features of their own.",
            factory="footlight_vowpal.engine:VowpalFeatures",
            options="footlight_vowpal.options:VowpalOptions",
            rank=-5,
            requires=("vowpalwabbit",),
        ),
    ]
