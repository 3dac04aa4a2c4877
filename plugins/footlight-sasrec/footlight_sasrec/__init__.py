"""What comes next, by self-attention: a Footlight plug-in."""

from __future__ import annotations

from footlight_plugins import EngineSpec, UpdateClass, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    """One recommender."""
    return [
        EngineSpec(
            name="sasrec",
            verb=Verb.RECOMMEND,
            version="2.0",
            summary="What comes next, by a self-attentive network over what somebody met.",
            factory="footlight_sasrec.engine:SasRec",
            options="footlight_sasrec.options:SasRecOptions",  # so that nobody waits for torch to see them
            update_class=UpdateClass.REFIT,
            rank=25,
            requires=("torch", "safetensors"),
        )
    ]
