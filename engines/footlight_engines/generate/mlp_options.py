"""The options of mlp-gan, apart from the engine: looking at them must not import PyTorch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from footlight_engines.generate.encoding import Media
from footlight_plugins import Options


class MlpGanOptions(Options):
    """How long and how the GAN learns, and what it hands out."""

    steps: int = Field(5_000, ge=1, le=10_000_000, description="How many batches it learns from.")
    max_seconds: float = Field(
        0,
        ge=0,
        description="Stop learning after this many seconds (0: never); the steps done by then are in the model.",
    )
    batch_size: int = Field(64, ge=2, le=4_096, description="Samples in a batch; at most as many as the corpus has.")
    learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's step size, for both networks.")
    latent: int = Field(100, ge=1, le=1_024, description="How many random numbers a piece of content is made from.")
    augment: Literal["none", "dihedral"] = Field(
        "none", description="dihedral: learn from the 8 turns and mirrors of each square sample, as fits heightmaps."
    )
    ema_half_life: int = Field(
        20_000,
        ge=0,
        description="Hand out a moving average of the weights that halves after this many samples (0: the last ones).",
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
    media: Media = Field("auto", description="png, npy, or auto: png where a sample has the shape of a picture.")
