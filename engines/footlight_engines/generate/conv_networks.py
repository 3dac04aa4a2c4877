"""Convolutional generators and discriminators for tensors of any height and width.

``fast``: resize convolutions and batch normalisation in G, strided convolutions in D. ``quality``: residual blocks without
normalisation ("R3-lite", after Huang et al. 2024, section 4, written from the text).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import conv_transpose2d, interpolate, leaky_relu

CLASS_SIZE = 32
"""How many numbers a class is told to G with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the networks are for."""

    channels: int
    height: int
    width: int
    latent: int
    base: int
    """The channels of the stage at full resolution but one; each coarser stage has twice as many, up to 8 times."""
    classes: int = 0
    recipe: str = "fast"

    @property
    def octaves(self) -> int:
        """How often the smallest stage is doubled: until no side of it is below 3 or above 7."""
        return max(1, math.ceil(math.log2(max(self.height, self.width) / 7)))

    @property
    def smallest(self) -> tuple[int, int]:
        """Height and width of the smallest stage; what comes out too large is cut off."""
        scale = 2**self.octaves
        return -(-self.height // scale), -(-self.width // scale)

    def stage(self, octave: int) -> int:
        """The channels after so many doublings."""
        return int(self.base * min(8, 2 ** max(self.octaves - 1 - octave, 0)))


def generator_of(plan: Plan) -> nn.Module:
    """z (B, Z) and classes (B,) to logits (B, C, H, W)."""
    return ResidualGenerator(plan) if plan.recipe == "quality" else ConvGenerator(plan)


def discriminator_of(plan: Plan) -> nn.Module:
    """Content (B, C, H, W) and classes (B,) to scores (B, 1)."""
    return ResidualDiscriminator(plan) if plan.recipe == "quality" else ConvDiscriminator(plan)


class ResizeConv(nn.Module):
    """Doubles height and width by repeating pixels, then convolves 3 x 3: no checkerboard (Odena et al. 2016).

    Both at once are a transposed convolution with a kernel of 4 x 4 whose entries are sums of the 3 x 3: in one dimension
    (w2, w1 + w2, w0 + w1, w0). It computes the same with 16 products a pixel in place of 36.
    """

    spread: torch.Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs, 3, 3))
        nn.init.normal_(self.weight, std=math.sqrt(2 / (9 * inputs)))
        spread = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.float32)
        self.register_buffer("spread", spread, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, I, H, W) to (B, O, 2 H, 2 W)."""
        kernel = torch.einsum("ak,iokl,bl->ioab", self.spread, self.weight, self.spread)  # (I, O, 4, 4)
        return conv_transpose2d(x, kernel, stride=2, padding=1)


class _Seeded(nn.Module):
    """What both generators begin with: z and the class become the smallest stage."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.classes = nn.Embedding(plan.classes, CLASS_SIZE) if plan.classes else None
        height, width = plan.smallest
        self.first = nn.Linear(plan.latent + (CLASS_SIZE if plan.classes else 0), plan.stage(0) * height * width)

    def begin(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to (B, S, h, w)."""
        if self.classes is not None:
            z = torch.cat([z, self.classes(labels)], dim=1)
        seeded: torch.Tensor = self.first(z).view(len(z), -1, *self.plan.smallest)
        return seeded

    def cut(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, >= H, >= W) to (B, C, H, W)."""
        return x[:, :, : self.plan.height, : self.plan.width]


class ConvGenerator(_Seeded):
    """Radford et al. 2016 ("DCGAN"), with resize convolutions."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.normal = nn.BatchNorm2d(plan.stage(0))
        stages: list[nn.Module] = []
        for octave in range(plan.octaves):
            outputs = plan.stage(octave + 1)
            stages += [ResizeConv(plan.stage(octave), outputs), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.stages = nn.Sequential(*stages)
        self.last = nn.Conv2d(plan.stage(plan.octaves), plan.channels, 3, padding=1)

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to logits (B, C, H, W)."""
        x = torch.relu(self.normal(self.begin(z, labels)))
        return self.cut(self.last(self.stages(x)))


class _Scored(nn.Module):
    """What both discriminators end with: a score, and how well the class fits (Miyato and Koyama 2018)."""

    def __init__(self, plan: Plan, features: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.classes = nn.Embedding(plan.classes, features) if plan.classes else None
        if self.classes is not None:
            nn.init.zeros_(self.classes.weight)

    def end(self, h: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, F) and (B,) to (B, 1)."""
        score: torch.Tensor = self.score(h)
        if self.classes is not None:
            score = score + (self.classes(labels) * h).sum(1, keepdim=True) / math.sqrt(h.shape[1])
        return score


class ConvDiscriminator(_Scored):
    """Strided convolutions."""

    def __init__(self, plan: Plan) -> None:
        layers: list[nn.Module] = []
        inputs, height, width = plan.channels, plan.height, plan.width
        for octave in reversed(range(plan.octaves)):
            outputs = plan.stage(octave)
            layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            inputs, height, width = outputs, height // 2, width // 2
        super().__init__(plan, inputs * height * width)
        self.layers = nn.Sequential(*layers, nn.Flatten())

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) and (B,) to (B, 1)."""
        return self.end(self.layers(x), labels)


class _Block(nn.Module):
    """x + conv1x1(act(conv3x3(act(conv1x1(x))))), the last convolution zero at first; groups of 16 channels."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.inner = nn.Conv2d(channels, wide, 1)
        self.middle = nn.Conv2d(wide, wide, 3, padding=1, groups=max(1, wide // 16))
        self.outer = nn.Conv2d(wide, channels, 1, bias=False)
        gain = blocks ** (-1 / 4)  # Zhang et al. 2019, "Fixup": L^(-1/(2m-2)) with m = 3 layers a block
        for layer in (self.inner, self.middle):
            nn.init.kaiming_normal_(layer.weight, 0.2)
            with torch.no_grad():
                layer.weight.mul_(gain)
        nn.init.zeros_(self.outer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, S, h, w) to the same."""
        y = leaky_relu(self.inner(leaky_relu(x, 0.2)), 0.2)
        moved: torch.Tensor = x + self.outer(leaky_relu(self.middle(y), 0.2))
        return moved


class ResidualGenerator(_Seeded):
    """Two residual blocks a stage, no normalisation: what is made of a seed depends on nothing else."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        count = 2 * plan.octaves
        stages: list[nn.Module] = []
        for octave in range(plan.octaves):
            outputs = plan.stage(octave + 1)
            blocks = [_Block(outputs, count) for _ in range(2)]
            stages += [nn.Sequential(nn.Conv2d(plan.stage(octave), outputs, 1), *blocks)]
        self.stages = nn.ModuleList(stages)
        self.last = nn.Conv2d(plan.stage(plan.octaves), plan.channels, 3, padding=1)

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to logits (B, C, H, W)."""
        x = self.begin(z, labels)
        for stage in self.stages:
            x = stage(interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
        return self.cut(self.last(x))


class ResidualDiscriminator(_Scored):
    """The same in reverse."""

    def __init__(self, plan: Plan) -> None:
        count = 2 * plan.octaves
        inputs, height, width = plan.stage(plan.octaves), plan.height, plan.width
        stages: list[nn.Module] = [nn.Conv2d(plan.channels, inputs, 3, padding=1)]
        for octave in reversed(range(plan.octaves)):
            outputs = plan.stage(octave)
            blocks = [_Block(inputs, count) for _ in range(2)]
            stages += [*blocks, nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1)]
            inputs, height, width = outputs, height // 2, width // 2
        super().__init__(plan, inputs * height * width)
        self.stages = nn.Sequential(*stages, nn.LeakyReLU(0.2), nn.Flatten())

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) and (B,) to (B, 1)."""
        return self.end(self.stages(x), labels)
