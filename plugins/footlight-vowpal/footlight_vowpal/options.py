"""The options, apart from the engine: to read them nobody has to import Vowpal Wabbit."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from footlight_plugins import Options


class VowpalOptions(Options):
    """How it explores and learns; the names of Vowpal Wabbit's own options stand in brackets."""

    exploration: Literal["epsilon", "squarecb", "softmax"] = Field(
        "squarecb", description="Which of Vowpal Wabbit's ways to explore [--epsilon, --squarecb, --softmax]."
    )
    epsilon: float = Field(
        0.05, gt=0, le=1, description="The share of random moves of exploration by epsilon [--epsilon]."
    )
    gamma_scale: float = Field(
        10.0, gt=0, le=1e6, description="squarecb: larger ones explore less, as steps go by [--gamma_scale]."
    )
    temperature: float = Field(
        0.1, gt=0, le=1e6, description="softmax: larger ones explore more; in units of reward [1 / --lambda]."
    )
    learning_rate: float = Field(0.5, gt=0, le=100, description="[--learning_rate]")
    rate_decay: float = Field(
        0.5, ge=0, le=1, description="How fast the rate falls; 0 keeps up with a world that changes [--power_t]."
    )
    interactions: bool = Field(
        True,
        description="Whether observation and action count together [-q OA]; without, all observations get one answer.",
    )
    bits: int = Field(18, ge=8, le=28, description="The table has two to this power weights [-b].")
    least_propensity: float = Field(
        0.01, gt=0, le=1, description="A step weighs as if its action had been at least so probable."
    )
