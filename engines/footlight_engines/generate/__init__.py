"""Engines that make content from the owner's corpus."""

from __future__ import annotations

from footlight_engines.provenance import register_stages
from footlight_plugins import EmbedderRole, EmbedderSpec, EngineSpec, Verb, impl

__all__ = ["register_embedders", "register_engines", "register_stages"]

_HERE = "footlight_engines.generate"


@impl
def register_engines() -> list[EngineSpec]:
    """The generators."""
    torch = ("torch", "safetensors", "PIL")
    return [
        EngineSpec(
            name="mlp-gan",
            verb=Verb.GENERATE,
            version="1.0",
            summary="The classical fully connected GAN, for arrays of any fixed size.",
            factory=f"{_HERE}.mlp_gan:MlpGan",
            options=f"{_HERE}.mlp_options:MlpGanOptions",
            requires=torch,
            batch_size=16,
            baseline=True,
        ),
        EngineSpec(
            name="image-gan",
            verb=Verb.GENERATE,
            version="1.0",
            summary="Pictures of 28 to 128 pixels, with transparency and classes, from folders of PNG or JPEG.",
            factory=f"{_HERE}.image_gan:ImageGan",
            options=f"{_HERE}.conv_options:ImageGanOptions",
            requires=torch,
            batch_size=16,
            rank=-1,
        ),
        EngineSpec(
            name="level-gan",
            verb=Verb.GENERATE,
            version="1.0",
            summary="Levels as text, each solved before it is served.",
            factory=f"{_HERE}.level_gan:LevelGan",
            options=f"{_HERE}.conv_options:LevelGanOptions",
            requires=(*torch, "numba"),
            batch_size=16,
            rank=-1,
        ),
        EngineSpec(
            name="scene-gan",
            verb=Verb.GENERATE,
            version="1.0",
            summary="Terrain that can be walked on, as glTF or USDZ, from heightmaps.",
            factory=f"{_HERE}.scene_gan:SceneGan",
            options=f"{_HERE}.conv_options:SceneGanOptions",
            requires=torch,
            batch_size=16,
            rank=-1,
        ),
        EngineSpec(
            name="music-gan",
            verb=Verb.GENERATE,
            version="1.0",
            summary="Music for voices as MIDI, from chorales or MIDI.",
            factory=f"{_HERE}.music_gan:MusicGan",
            options=f"{_HERE}.conv_options:MusicGanOptions",
            requires=(*torch, "mido"),
            batch_size=16,
            rank=-1,
        ),
    ]


@impl
def register_embedders() -> list[EmbedderSpec]:
    """Of pictures."""
    return [
        EmbedderSpec(
            name="picture-features",
            version="1.0",
            summary="Layout, colour and spread of pictures, by a network of fixed random weights.",
            factory=f"{_HERE}.picture_features:PictureFeatures",
            role=EmbedderRole.IMAGE,
            api_version=2,
        )
    ]
