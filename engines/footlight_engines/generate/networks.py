"""Which networks are for which plan."""

from __future__ import annotations

from torch import nn

from footlight_engines.generate.conv_networks import ConvDiscriminator, ConvGenerator
from footlight_engines.generate.plan import Plan
from footlight_engines.generate.residual_networks import ResidualDiscriminator, ResidualGenerator
from footlight_engines.generate.sequence_networks import SequenceDiscriminator, SequenceGenerator


def generator_of(plan: Plan) -> nn.Module:
    """z (B, Z) and classes (B,) to logits (B, C, H, W)."""
    if plan.voices:
        return SequenceGenerator(plan)
    return ResidualGenerator(plan) if plan.recipe == "quality" else ConvGenerator(plan)


def discriminator_of(plan: Plan) -> nn.Module:
    """Content (B, C, H, W) and classes (B,) to scores (B, 1)."""
    if plan.voices:
        return SequenceDiscriminator(plan)
    return ResidualDiscriminator(plan) if plan.recipe == "quality" else ConvDiscriminator(plan)
