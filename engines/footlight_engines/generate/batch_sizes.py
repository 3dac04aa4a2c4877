"""How many pieces of content are drawn together, so that none depends on what is drawn beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from footlight_engines.generate.plan import Plan

_MORE = 4
_SAMPLES = 32


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of batches that give the same bits."""

    usual: int
    one: bool = False
    """Whether a piece that is drawn alone comes out the same."""
    many: int = 0
    """A larger batch by which it does; 0 where there is none."""

    def batches(self, count: int, hands: int) -> Iterator[tuple[int, int]]:
        """Where batches for so many pieces begin, and how large they are: the last one may be larger than what is left."""
        large = count // self.many * self.many if self.many and count >= self.many * hands else 0
        for start in range(0, large, self.many or 1):
            yield start, self.many
        for start in range(large, count, self.usual):
            yield start, 1 if self.one and count - start == 1 else self.usual


@torch.inference_mode()
def agreeing_sizes(network: nn.Module, plan: Plan, device: torch.device) -> Sizes:
    """The sizes that agree with the usual one, found by drawing on this device.

    Another batch may be summed up in another order. That is a matter of the device and its library and not of what is
    drawn, and shows: each piece goes through tens of thousands of roundings, so that some bit of 32 pieces differs.
    """
    z = torch.randn(_SAMPLES, plan.latent, generator=torch.Generator().manual_seed(0)).to(device)
    labels = torch.zeros(_SAMPLES, dtype=torch.int64, device=device)

    def drawn(size: int) -> torch.Tensor:
        starts = range(0, _SAMPLES, size)
        return torch.cat([network(z[start : start + size], labels[start : start + size]) for start in starts])

    usual, many = drawn(plan.at_once), _MORE * plan.at_once
    one, larger = torch.equal(drawn(1), usual), torch.equal(drawn(many), usual)
    return Sizes(plan.at_once, one, many if larger else 0)
