"""A trained generator as it serves: what only training needs is worked into the weights.

A normalisation with fixed statistics is an affine map, so it becomes part of the layer before it; and the sums of the resize
convolutions' kernels are taken once. Where the processor computes in 16 bits, the layers do, as they did while it learned.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from footlight_engines.generate.conv_networks import ConvGenerator, ResizeConv


def served(network: nn.Module, sixteen: bool) -> nn.Module:
    """The network to draw from, in evaluation mode; those without normalisation are taken as they are."""
    made = ServedGenerator(network, sixteen) if isinstance(network, ConvGenerator) else copy.deepcopy(network)
    return made.eval().requires_grad_(False)


class ServedGenerator(nn.Module):
    """Computes what a `ConvGenerator` in evaluation mode does."""

    def __init__(self, network: ConvGenerator, sixteen: bool) -> None:
        super().__init__()
        self.plan, self.classes = network.plan, copy.deepcopy(network.classes)
        places = self.plan.smallest[0] * self.plan.smallest[1]
        self.first = _linear(network.first, *_affine(network.normal), places)
        layers = list(network.stages)
        stages: list[nn.Module] = []
        for layer, normal in zip(
            layers[::3], layers[1::3], strict=True
        ):  # each followed by its normalisation and a ReLU
            assert isinstance(normal, nn.BatchNorm2d)
            stages += [_convolution(layer, *_affine(normal)), nn.ReLU(inplace=True)]
        self.stages = nn.Sequential(*stages)
        self.last = copy.deepcopy(network.last)
        self._kind = torch.bfloat16 if sixteen else torch.float32
        for module in (self.first, self.stages, self.last):
            module.to(self._kind)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # it may

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to logits (B, C, H, W)."""
        if self.classes is not None:
            z = torch.cat([z, self.classes(labels)], dim=1)
        x = torch.relu(self.first(z.to(self._kind))).view(len(z), -1, *self.plan.smallest)
        logits: torch.Tensor = self.last(self.stages(x.contiguous(memory_format=torch.channels_last)))
        return logits[:, :, : self.plan.height, : self.plan.width].float()


def _affine(normal: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """The gain and the offset (S,) that it comes to."""
    assert normal.running_var is not None and normal.running_mean is not None
    gain = normal.weight / (normal.running_var + normal.eps).sqrt()
    return gain.detach(), (normal.bias - normal.running_mean * gain).detach()


def _linear(layer: nn.Linear, gain: torch.Tensor, offset: torch.Tensor, places: int) -> nn.Linear:
    """The layer and the map of its channels, each of which has so many places."""
    made = copy.deepcopy(layer)
    wide = gain.repeat_interleave(places)
    made.weight.data.mul_(wide[:, None])
    made.bias.data.mul_(wide).add_(offset.repeat_interleave(places))
    return made


def _convolution(layer: nn.Module, gain: torch.Tensor, offset: torch.Tensor) -> nn.Module:
    """The layer and the map of its channels."""
    if isinstance(layer, ResizeConv):
        inputs, outputs = layer.weight.shape[:2]
        made: nn.Module = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        made.weight.data = layer.kernel().detach() * gain[None, :, None, None]
        made.bias.data = offset.clone()
        return made
    assert isinstance(layer, nn.Conv2d)
    plain = copy.deepcopy(layer)
    plain.weight.data.mul_(gain[:, None, None, None])
    assert plain.bias is not None
    plain.bias.data.mul_(gain).add_(offset)
    return plain
