"""Who should recommend to whom: Thompson sampling over deployments, with a deviation for each person."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from footlight_engines.act.lin_thompson import LinThompson, LinThompsonOptions
from footlight_plugins import Options


class EngineChooserOptions(LinThompsonOptions):
    """Those of lin-thompson, with the defaults that suit a choice among a few recommenders."""

    personal: float = Field(
        5.0,
        ge=0,
        le=1e6,
        description="How many observations it takes until a person counts as much as all people together; 0: all are one.",
    )
    discount: float = Field(
        0.9995,
        gt=0.5,
        le=1,
        description="How much of a step's weight is left one step later: tastes and engines change.",
    )
    epsilon: float = Field(
        0.05, ge=0, le=1, description="The share of random choices, so that none is given up for good."
    )


class EngineChooser(LinThompson):
    """A bandit whose actions are recommendation deployments; it observes nothing but the person."""

    options_type: ClassVar[type[Options]] = EngineChooserOptions
