"""The options of the convolutional generators, apart from the engines: looking at them must not import PyTorch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from footlight_plugins import Options

Augmentation = Literal["translation", "cutout", "colour"]


class ConvOptions(Options):
    """How long and how a convolutional GAN learns."""

    recipe: Literal["fast", "quality"] = Field(
        "fast",
        description="fast: learns in minutes on a CPU; quality: residual networks, a relativistic loss and both gradient "
        "penalties at every step, for GPUs and hours.",
    )
    steps: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="How many batches it learns from. 0: as many as max_seconds allows, and 7,500 where that is 0.",
    )
    max_seconds: float = Field(
        0,
        ge=0,
        description="Stop learning after this many seconds (0: never); the steps done by then are in the model.",
    )
    batch_size: int = Field(32, ge=2, le=4_096, description="Samples in a batch; at most as many as the corpus has.")
    learning_rate: float = Field(5e-4, gt=0, le=1, description="Adam's step size at first.")
    last_rate: float = Field(0.25, gt=0, le=1, description="What of the step size is left at the end.")
    latent: int = Field(64, ge=1, le=1_024, description="How many random numbers a piece of content is made from.")
    width: int = Field(
        0,
        ge=0,
        le=512,
        description="The channels of the finest stage; coarser ones have up to 8 times. 0: 64 up to 32 cells a side, 32 up "
        "to 64, 16 beyond.",
    )
    depth: int = Field(0, ge=0, le=8, description="fast: so many further convolutions at each size but the smallest.")
    penalty: float = Field(1.0, ge=0, description="The weight of the gradient penalty; it falls to a tenth.")
    penalty_every: int = Field(
        0, ge=0, le=1_000, description="Compute it each so many steps (0: 16 for fast, every step for quality)."
    )
    augment: list[Augmentation] = Field(
        ["translation", "cutout"],
        description="The changes through which D sees everything; colour is for photographs.",
    )
    ema_share: float = Field(
        0.05, ge=0, lt=1, description="The moving average of the weights halves after this share of the samples seen."
    )
    least_spread: float = Field(
        1.0,
        gt=0,
        le=1,
        description="In the end latents are spread by as much less, down to this share, as brings what is made nearest to "
        "what it learned from (1: as while it learned).",
    )
    evaluations: int = Field(
        10, ge=0, le=1_000, description="So often the training is measured; the best state is handed out. 0: the last."
    )
    overfit_stop: float = Field(
        0.8,
        ge=0,
        description="Stop when D tells held-out content from what it learns from as well as this share of how it tells what "
        "is made, twice in a row (0: never).",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="bf16: convolutions in 16 bits, penalties in 32. auto: where the processor has it."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where it computes; auto: a GPU if there is one."
    )
    threads: int = Field(
        0,
        ge=0,
        le=1_024,
        description="CPU threads while it learns (0: as the process has them, or one while others need the cores).",
    )
    checkpoint_seconds: float = Field(
        30, ge=0, description="At most this much work is lost when a training is cut off."
    )


class ImageGanOptions(ConvOptions):
    """What pictures it learns from."""

    size: int = Field(
        32, ge=28, le=128, description="Pictures are scaled to this many pixels a side, and filled up to a square."
    )
    channels: Literal["auto", "rgb", "rgba"] = Field(
        "auto", description="auto: with transparency where any picture has some."
    )
    last_rate: float = Field(0.05, gt=0, le=1, description="What of the step size is left at the end.")
    penalty: float = Field(
        default_factory=lambda chosen: 1.0 if chosen.get("recipe") == "quality" else 5.0,
        ge=0,
        description="The weight of the gradient penalty; it falls to a tenth. By itself 5 for fast, 1 for quality.",
    )
    augment: list[Augmentation] = Field(
        ["translation"],
        description="The changes through which D sees everything; cutout is for few pictures, colour for photographs.",
    )
    ema_share: float = Field(
        0.15, ge=0, lt=1, description="The moving average of the weights halves after this share of the samples seen."
    )
    least_spread: float = Field(
        0.75,
        gt=0,
        le=1,
        description="In the end latents are spread by as much less, down to this share, as brings what is made nearest to "
        "what it learned from (1: as while it learned).",
    )
    classes: bool = Field(
        True, description="Learn the folders of the corpus as classes, where there are several, but not too many."
    )
    most_classes: int = Field(
        16,
        ge=2,
        description="With more folders, no classes are learned: with few pictures in each, networks that are told them make "
        "less of less variety. Raise it where each folder has hundreds.",
    )


class LevelGanOptions(ConvOptions):
    """What levels it learns from."""

    rules: str = Field(
        "auto", description="What makes a level playable: sokoban, none, or the name of rules that a plug-in brings."
    )
    attempts: int = Field(
        200, ge=1, le=100_000, description="So many draws may be made for one level that can be played."
    )
    penalty: float = Field(20.0, ge=0, description="The weight of the gradient penalty; it falls to a tenth.")
    penalty_every: int = Field(8, ge=0, le=1_000, description="Compute it each so many steps.")
    augment: list[Augmentation] = Field([], description="The changes through which D sees everything.")
    width: int = Field(64, ge=4, le=512, description="The channels of all stages, of levels up to 14 tiles.")
    depth: int = Field(2, ge=0, le=8, description="So many further convolutions at each size but the smallest.")
    steps: int = Field(8_000, ge=1, le=10_000_000, description="How many batches it learns from.")


class SceneGanOptions(ConvOptions):
    """What heights it learns from, and what scenes it makes of them."""

    size: int = Field(64, ge=16, le=256, description="Windows of this many cells a side are cut from heightmaps.")
    stride: int = Field(16, ge=1, le=256, description="Windows begin this many cells apart.")
    cell: float = Field(1.0, gt=0, le=1_000, description="The size of a cell in the scene, in metres.")
    relief: float = Field(
        6.0, gt=0, le=10_000, description="From the lowest to the highest point of a scene, in metres."
    )
    step: float = Field(0.4, gt=0, le=10, description="How high somebody can step, in metres.")
    slope: float = Field(45.0, gt=0, lt=90, description="How steep ground may be to be walked on, in degrees.")
    walkable: float = Field(
        0.6, ge=0, le=1, description="So much of a scene must be walkable in one piece; relief is lowered until it is."
    )
    media: Literal["glb", "usdz", "npy"] = Field(
        "glb", description="glb, usdz (for AR; needs usd-core), or plain heights."
    )
    augment: list[Augmentation] = Field(["translation"], description="The changes through which D sees everything.")


class MusicGanOptions(ConvOptions):
    """What music it learns from."""

    steps_per_bar: int = Field(16, ge=4, le=64, description="Steps in a bar: 16 are sixteenths in 4/4.")
    bars: int = Field(2, ge=1, le=16, description="Bars of a piece.")
    tempo: int = Field(90, ge=20, le=300, description="Quarter notes a minute in the files that are made.")
    voices: int = Field(4, ge=1, le=16, description="How many voices are read and made.")
    transpose: int = Field(
        5, ge=0, le=11, description="D sees a fifth of all pieces, real and made, moved by up to so many semitones."
    )
    ema_share: float = Field(
        0.15, ge=0, lt=1, description="The moving average of the weights halves after this share of the samples seen."
    )
    width: int = Field(64, ge=4, le=512, description="A quarter of the channels of all layers, for two bars.")
    penalty: float = Field(50.0, ge=0, description="The weight of the gradient penalty; it falls to a tenth.")
    penalty_every: int = Field(4, ge=0, le=1_000, description="Compute it each so many steps.")
    augment: list[Augmentation] = Field([], description="The changes through which D sees everything.")
