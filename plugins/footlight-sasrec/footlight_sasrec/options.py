"""The options, apart from the engine: to read them nobody has to import torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from footlight_plugins import Options


class SasRecOptions(Options):
    """The size of the network, and how it is trained."""

    width: int = Field(128, ge=8, le=1_024, multiple_of=8, description="Numbers for each item.")
    blocks: int = Field(2, ge=1, le=12, description="Layers of attention.")
    heads: Literal[1, 2, 4, 8] = Field(2, description="Parts that attend to different things; they share the width.")
    length: int = Field(100, ge=2, le=1_000, description="It reads so many of the latest items.")
    dropout: float = Field(0.5, ge=0, lt=1, description="The share of numbers that is left out while it trains.")
    loss: Literal["auto", "softmax", "sampled", "gbce"] = Field(
        "auto",
        description="softmax compares with all items, sampled with drawn ones, weighted so that they stand for all, gbce "
        "with drawn ones too (gSASRec). auto is softmax up to 4,096 items and sampled above: from there on most of the time "
        "would go into comparing.",
    )
    negatives: int = Field(
        0,
        ge=0,
        le=100_000,
        description="How many items sampled and gbce draw for each step; 0: an eighth of the catalogue, from 1,024 to "
        "10,000.",
    )
    calibration: float = Field(0.75, ge=0, le=1, description="How far gbce corrects: 0 not at all, 1 in full.")
    learning_rate: float = Field(2e-3, gt=0, le=1, description="The step of AdamW, after the first hundred steps.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="That of AdamW.")
    batch_size: int = Field(16, ge=1, le=4_096, description="So many people at a step; more where histories are short.")
    counts: bool = Field(
        True,
        description="Whether counts of what follows what are heard beside the network; how much, the held-out items say.",
    )
    reading_steps: int = Field(
        200,
        ge=0,
        le=10_000,
        description="So many steps of learning how counts are read; 0: read as `sequence` reads them.",
    )
    epochs: int = Field(60, ge=1, le=10_000, description="At most so often everybody is seen.")
    patience: int = Field(
        5,
        ge=1,
        le=1_000,
        description="It ends when so many checks on held-out items in a row have found no progress. One comes after each "
        "epoch, or after 8,192 people where there are more.",
    )
    held_out: int = Field(
        2_000,
        ge=0,
        le=100_000,
        description="The last item of so many people is held out to find the end. 0: all epochs.",
    )
    max_seconds: int = Field(1_200, ge=1, le=1_000_000, description="It ends after so many seconds in any case.")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto is a GPU where there is one.")
    threads: int = Field(0, ge=0, le=256, description="Threads of the CPU; 0 leaves that to torch.")
