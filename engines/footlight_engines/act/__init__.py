"""Engines that decide the next move."""

from __future__ import annotations

from footlight_plugins import EngineSpec, UpdateClass, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    """The agents."""
    return [
        EngineSpec(
            name="q-learning",
            verb=Verb.ACT,
            version="1.0",
            summary="Tabular Q-learning with an epsilon schedule and exact propensities.",
            factory="footlight_engines.act.q_learning:QLearning",
            update_class=UpdateClass.BITWISE,
            needs_training=False,
            inline=True,
            requires=("numba",),
        ),
    ]
