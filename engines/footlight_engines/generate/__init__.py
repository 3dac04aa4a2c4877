"""Engines that make content from the owner's corpus."""

from __future__ import annotations

from footlight_engines.provenance import register_stages
from footlight_plugins import EngineSpec, Verb, impl

__all__ = ["register_engines", "register_stages"]


@impl
def register_engines() -> list[EngineSpec]:
    """The generators."""
    return [
        EngineSpec(
            name="mlp-gan",
            verb=Verb.GENERATE,
            version="1.0",
            summary="The classical fully connected GAN, for arrays of any fixed size.",
            factory="footlight_engines.generate.mlp_gan:MlpGan",
            options="footlight_engines.generate.mlp_options:MlpGanOptions",
            requires=("torch", "safetensors", "PIL"),
        ),
    ]
