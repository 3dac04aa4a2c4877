"""The options of deep Q-learning, apart from torch."""

from __future__ import annotations

from pydantic import Field

from footlight_engines.act.exploration import ExplorationOptions


class DqnOptions(ExplorationOptions):
    """The network, how it is trained, and how much is explored."""

    hidden: tuple[int, ...] = Field((64, 64), description="The widths of the hidden layers.", max_length=8)
    dueling: bool = Field(True, description="Learn the value of an observation and the advantages of actions apart.")
    double: bool = Field(True, description="Let one network choose the next action and the other one judge it.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Of Adam.")
    discount_factor: float = Field(0.99, ge=0, le=1, description="What a reward one step later is worth today.")
    batch_size: int = Field(64, ge=1, le=4_096, description="So many steps are replayed at once.")
    buffer_size: int = Field(20_000, ge=1, le=10_000_000, description="So many of the newest steps are kept for it.")
    learning_starts: int = Field(200, ge=1, description="Nothing is replayed before so many steps were learned.")
    train_every: int = Field(4, ge=1, description="Once in so many learned steps a batch is replayed.")
    target_every: int = Field(500, ge=1, description="Once in so many learned steps the judging network is renewed.")
    gradient_norm: float = Field(10.0, gt=0, le=1e6, description="Gradients are clipped to this norm.")
    seed: int = Field(0, ge=0, le=2**31, description="What the network starts from, and which steps are replayed.")
