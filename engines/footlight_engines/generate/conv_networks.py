"""The networks of the recipe ``fast``: resize convolutions and batch normalisation in G, strided convolutions in D."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.functional import conv_transpose2d

from footlight_engines.generate.plan import Plan, Scored, Seeded, Told


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
        return conv_transpose2d(x, self.kernel(), stride=2, padding=1)

    def kernel(self) -> torch.Tensor:
        """The 4 x 4 of the transposed convolution: (I, O, 4, 4)."""
        inputs, outputs = self.weight.shape[:2]
        both = torch.kron(self.spread, self.spread)  # (16, 9)
        kernel = both @ self.weight.permute(0, 2, 3, 1).reshape(inputs, 9, outputs)  # channels last
        return kernel.view(inputs, 4, 4, outputs).permute(0, 3, 1, 2)


def shuffle_conv(inputs: int, outputs: int) -> nn.Module:
    """Convolves 3 x 3, then doubles height and width with four channels for each pixel (Shi et al. 2016): the finest stage
    costs a quarter, and what a picture's pixels are need not be smooth. The four begin equal, so that no checkerboard is
    there to be unlearned (Aitken et al. 2017, "ICNR")."""
    layer = nn.Conv2d(inputs, 4 * outputs, 3, padding=1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(parameter[::4].repeat_interleave(4, dim=0))
    return nn.Sequential(layer, nn.PixelShuffle(2))


class Modulated(nn.Module):
    """Batch normalisation whose gains and offsets come from what the content is made of (Chen et al. 2019, "On self
    modulation for GANs"): what is the same all over a picture, as how colourful it is, is easily set by it."""

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.normal = nn.BatchNorm2d(channels, affine=False)
        self.change = Told(told, 2 * channels)
        nn.init.normal_(self.change.weight, std=0.02)
        nn.init.zeros_(self.change.bias)

    def forward(self, x: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) and (B, T) to (B, C, H, W)."""
        gain, offset = self.change(told)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(offset, self.normal(x), 1 + gain)


class ConvGenerator(Seeded):
    """Radford et al. 2016 ("DCGAN"), with resize convolutions."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.normal = _normal(plan, plan.stage(0))
        stages: list[nn.Module] = []
        for octave in range(plan.octaves - plan.shuffled):
            outputs = plan.stage(octave + 1)
            stages += [ResizeConv(plan.stage(octave), outputs), _normal(plan, outputs), nn.ReLU()]
            for _ in range(plan.depth):
                stages += [nn.Conv2d(outputs, outputs, 3, padding=1), _normal(plan, outputs), nn.ReLU()]
        self.stages = nn.Sequential(*stages)
        finest = plan.stage(plan.octaves)
        self.last = (
            shuffle_conv(finest, plan.channels) if plan.shuffled else nn.Conv2d(finest, plan.channels, 3, padding=1)
        )

    def begin(self, told: torch.Tensor) -> torch.Tensor:
        """(B, T) to (B, S, h, w), channels last: all layers compute so, and none has to turn round what comes."""
        return super().begin(told).contiguous(memory_format=torch.channels_last)

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to logits (B, C, H, W)."""
        told = self.told(z, labels)
        x = self.begin(told)
        for layer in (self.normal, nn.ReLU(), *self.stages):
            x = layer(x, told) if isinstance(layer, Modulated) else layer(x)
        return self.cut(self.last(x))


def _normal(plan: Plan, channels: int) -> nn.Module:
    return Modulated(channels, plan.told) if plan.modulated else nn.BatchNorm2d(channels)


class ConvDiscriminator(Scored):
    """Strided convolutions."""

    def __init__(self, plan: Plan) -> None:
        layers: list[nn.Module] = []
        inputs, height, width = plan.channels, plan.height, plan.width
        for octave in reversed(range(plan.octaves)):
            outputs = plan.stage(octave)
            for _ in range(plan.depth):
                between = plan.stage(octave + 1)
                layers += [nn.Conv2d(inputs, between, 3, padding=1), nn.LeakyReLU(0.2)]
                inputs = between
            layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            inputs, height, width = outputs, height // 2, width // 2
        super().__init__(plan, inputs * height * width)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) and (B,) to (B, 1)."""
        h = self.layers(x).permute(0, 2, 3, 1).flatten(1)  # as it lies in memory with channels last
        return self.end(h, labels)
