"""What the networks of the convolutional generators are for, and how all of them begin and end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

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
    """With the last of them for content of any class, where it learned with some samples unnamed."""
    recipe: str = "fast"
    depth: int = 0
    """Further convolutions of 3 x 3 at each size but the smallest, for ``fast``."""
    voices: int = 0
    """Of music, whose channels are the pitches of all voices; 0 for all else."""
    shuffled: bool = False
    """Whether the last doubling of G, for ``fast``, is a pixel shuffle."""
    modulated: bool = False
    """Whether z also sets how strong each channel of G is, for ``fast``."""

    @property
    def octaves(self) -> int:
        """How often the smallest stage is doubled: until no side of it is below 3 or above 7."""
        return max(1, math.ceil(math.log2(max(self.height, self.width) / 7)))

    @property
    def smallest(self) -> tuple[int, int]:
        """Height and width of the smallest stage; what comes out too large is cut off."""
        scale = 2**self.octaves
        return -(-self.height // scale), -(-self.width // scale)

    @property
    def told(self) -> int:
        """How many numbers G is told: z and the class."""
        return self.latent + (CLASS_SIZE if self.classes else 0)

    @property
    def at_once(self) -> int:
        """How many are drawn at once: 8 small ones take half as long again as 4, large ones twice as long."""
        return 8 if self.height * self.width <= 1_024 else 4

    def stage(self, octave: int) -> int:
        """The channels after so many doublings."""
        return int(self.base * min(8, 2 ** max(self.octaves - 1 - octave, 0)))


class Told(nn.Linear):
    """A layer that is told what content is made of: (B, T) to (B, ...)."""


class Seeded(nn.Module):
    """What both generators begin with: z and the class become the smallest stage."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.classes = nn.Embedding(plan.classes, CLASS_SIZE) if plan.classes else None
        height, width = plan.smallest
        self.first = Told(plan.told, plan.stage(0) * height * width)

    def told(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """All that content is made of: (B, Z) and (B,) to (B, T)."""
        return z if self.classes is None else torch.cat([z, self.classes(labels)], dim=1)

    def begin(self, told: torch.Tensor) -> torch.Tensor:
        """(B, T) to (B, S, h, w)."""
        seeded: torch.Tensor = self.first(told).view(len(told), -1, *self.plan.smallest)
        return seeded

    @torch.no_grad()
    def narrow(self, spread: float) -> None:
        """Let latents be spread by so much less: it is worked into all weights that they meet."""
        for layer in self.modules():
            if isinstance(layer, Told):
                layer.weight[:, : self.plan.latent] *= spread

    def cut(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, >= H, >= W) to (B, C, H, W)."""
        return x[:, :, : self.plan.height, : self.plan.width]


class Scored(nn.Module):
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
