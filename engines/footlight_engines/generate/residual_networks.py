"""The networks of the recipe ``quality``: residual blocks without normalisation ("R3-lite", after Huang et al. 2024,
section 4, written from the text)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import interpolate, leaky_relu

from footlight_engines.generate.plan import Plan, Scored, Seeded


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


class ResidualGenerator(Seeded):
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
        x = self.begin(self.told(z, labels))
        for stage in self.stages:
            x = stage(interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
        return self.cut(self.last(x))


class ResidualDiscriminator(Scored):
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
