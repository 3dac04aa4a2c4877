"""A trained generator as it serves: what only training needs is worked into the weights.

A normalisation with fixed statistics is an affine map, so it becomes part of the layer before it; and the sums of the resize
convolutions' kernels are taken once. Where the processor computes in 16 bits, the layers do, as they did while it learned.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from footlight_engines.generate.conv_networks import ConvGenerator, Modulated, ResizeConv


def served(network: nn.Module, sixteen: bool) -> nn.Module:
    """The network to draw from, in evaluation mode; those without normalisation are taken as they are."""
    made = ServedGenerator(network, sixteen) if isinstance(network, ConvGenerator) else copy.deepcopy(network)
    return made.eval().requires_grad_(False)


class Scaled(nn.Module):
    """A `Modulated` with fixed statistics: gains and offsets that are linear in what content is made of."""

    def __init__(self, layer: Modulated) -> None:
        super().__init__()
        gain, offset = _affine(layer.normal)
        self.change = copy.deepcopy(layer.change)
        for values in (self.change.weight.data, self.change.bias.data):
            gains, offsets = values.chunk(2)
            if values.ndim == 1:
                gains += 1
            turned = (slice(None),) + (None,) * (values.ndim - 1)
            offsets += gains * offset[turned]
            gains *= gain[turned]

    def forward(self, x: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) and (B, T) to (B, C, H, W)."""
        gain, offset = self.change(told)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(offset, x, gain)


class ServedGenerator(nn.Module):
    """Computes what a `ConvGenerator` in evaluation mode does."""

    def __init__(self, network: ConvGenerator, sixteen: bool) -> None:
        super().__init__()
        self.plan, self.classes = network.plan, copy.deepcopy(network.classes)
        layers = [network.first, network.normal, nn.ReLU(), *network.stages]
        made: list[nn.Module] = []
        for layer, normal in zip(layers[::3], layers[1::3], strict=True):  # each followed by a ReLU
            made += [*_worked_in(layer, normal), nn.ReLU(inplace=True)]
        self.first, self.stages = made[0], nn.Sequential(*made[1:])
        self.last = copy.deepcopy(network.last)
        self._kind = torch.bfloat16 if sixteen else torch.float32
        for module in (self.first, self.stages, self.last):
            module.to(self._kind)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # it may

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to logits (B, C, H, W)."""
        told = (z if self.classes is None else torch.cat([z, self.classes(labels)], dim=1)).to(self._kind)
        x = self.first(told).view(len(z), -1, *self.plan.smallest).contiguous(memory_format=torch.channels_last)
        for layer in self.stages:
            x = layer(x, told) if isinstance(layer, Scaled) else layer(x)
        logits: torch.Tensor = self.last(x)
        return logits[:, :, : self.plan.height, : self.plan.width].float()


def _worked_in(layer: nn.Module, normal: nn.Module) -> list[nn.Module]:
    """A layer and its normalisation, in one where that is the same for all content."""
    if isinstance(normal, Modulated):
        channels = normal.normal.num_features
        return [_mapped(layer, torch.ones(channels), torch.zeros(channels)), Scaled(normal)]
    assert isinstance(normal, nn.BatchNorm2d)
    return [_mapped(layer, *_affine(normal))]


def _affine(normal: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """The gain and the offset (S,) that it comes to."""
    assert normal.running_var is not None and normal.running_mean is not None
    gain = (normal.running_var + normal.eps).rsqrt()
    if not normal.affine:
        return gain, -normal.running_mean * gain
    gain = normal.weight.detach() * gain
    return gain, normal.bias.detach() - normal.running_mean * gain


def _mapped(layer: nn.Module, gain: torch.Tensor, offset: torch.Tensor) -> nn.Module:
    """The layer and the map of its channels."""
    if isinstance(layer, ResizeConv):
        inputs, outputs = layer.weight.shape[:2]
        made: nn.Module = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        made.weight.data = layer.kernel().detach() * gain[None, :, None, None]
        made.bias.data = offset.clone()
        return made
    assert isinstance(layer, nn.Linear | nn.Conv2d)
    plain = copy.deepcopy(layer)
    assert plain.bias is not None
    places = len(layer.weight) // len(gain)  # of each channel
    wide, by = gain.repeat_interleave(places), offset.repeat_interleave(places)
    plain.weight.data.mul_(wide.view(-1, *[1] * (layer.weight.ndim - 1)))
    plain.bias.data.mul_(wide).add_(by)
    return plain
