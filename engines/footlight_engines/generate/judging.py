"""How good a state of a training is: how far what it makes is from what it learns from, and whether D learns by heart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from footlight_engines.generate.features import RandomFeatures
from footlight_engines.generate.heads import Head
from footlight_engines.generate.material import Material
from footlight_engines.generate.plan import Plan

FIGURES = ("distance", "overfit")
_STATISTICS_BATCHES = 16
_MEASURED = 512
"""At most so many samples are measured."""
_COMPARED = 2_048
"""At most so many samples say how wide latents are to be spread, and so many draws."""
_SPREADS = 6
"""So many spreads are tried."""
_FEWEST_HELD_OUT = 32
"""Held-out samples without which nothing is said about overfitting."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one measurement saw."""

    distance: float
    figures: Mapping[str, float]
    """By the names in `FIGURES`; ``overfit`` where enough is held out."""
    made: torch.Tensor
    """What was made (n, C, H, W), in the space of `Head.encode`."""


class Judge:
    """Measures states on the same latents, always."""

    def __init__(self, material: Material, head: Head, plan: Plan, seed: int, device: torch.device) -> None:
        """For one training."""
        self._material, self._head, self._latent = material, head, plan.latent
        self._seed, self._device = seed, device
        self._any = max(plan.classes - 1, 0)  # the class that stands for any
        self._features = RandomFeatures(material.shape, seed=2026)

    @torch.no_grad()
    def look(self, network: nn.Module, d: nn.Module) -> Look:
        """Measure a settled generator, and the D that taught it. What is held out chooses no state: it only tells when D
        learns by heart, so that it can still measure the result."""
        real = self._material.content
        chosen = np.random.default_rng(0).permutation(len(real))[:_MEASURED]
        rng = np.random.default_rng([self._seed, 3])
        z = torch.from_numpy(rng.standard_normal((len(chosen), self._latent), np.float32))
        logits = self._through(network, z).cpu()
        made = self._head.activate(logits).float()
        distance = self._features.distance(self._encoded(real[chosen]), made)
        if self._material.flaw is not None:
            distance += self._material.flaw(logits)
        figures = {"distance": distance}
        known = self._score(d, self._encoded(real[chosen]))
        apart = self._score_held_out(d)
        if apart is not None:
            figures["overfit"] = (known - apart) / max(known - self._score(d, made), 1e-6)
        return Look(distance, figures, made)

    @torch.no_grad()
    def spread(self, network: nn.Module, least: float) -> float:
        """How wide latents are to be spread, from ``least`` to 1, for what a settled generator makes to come nearest to what
        it learns from: of latents far out it has seen few (Brock et al. 2019, section 3.1, "truncation")."""
        real = self._material.content
        chosen = np.random.default_rng(0).permutation(len(real))[:_COMPARED]
        rng = np.random.default_rng([self._seed, 4])
        z = torch.from_numpy(rng.standard_normal((_COMPARED, self._latent), np.float32))

        def distance(spread: float) -> float:
            made = self._head.activate(self._through(network, z * spread).cpu()).float()
            return self._features.distance(self._encoded(real[chosen]), made)

        return min(np.linspace(1, least, _SPREADS).tolist(), key=distance) if least < 1 else 1.0

    def _score_held_out(self, d: nn.Module) -> float | None:
        """What D says of held-out content; None where there is too little.

        How far that lies from what D says of what it learns from, on the way to what it says of what is made, is 0 where D
        cannot tell them apart, and 1 where held-out content looks made to it (Karras et al. 2020, "StyleGAN2-ADA", r_v).
        """
        heldout = self._material.heldout
        if heldout is None or len(heldout) < _FEWEST_HELD_OUT:
            return None
        return self._score(d, self._encoded(heldout[:_MEASURED]))

    def _score(self, d: nn.Module, x: torch.Tensor) -> float:
        """What D says of content (n, C, H, W) on average."""
        return float(self._through(d, x).mean())

    def _through(self, network: nn.Module, rows: torch.Tensor) -> torch.Tensor:
        """What a network makes of rows (n, ...), the class unsaid."""
        return torch.cat([network(*self._moved(part, self._unnamed(part))) for part in torch.split(rows, 64)]).float()

    def _unnamed(self, rows: torch.Tensor) -> torch.Tensor:
        """The class that stands for any, (n,)."""
        return torch.full((len(rows),), self._any)

    def _encoded(self, content: NDArray[Any]) -> torch.Tensor:
        return self._head.encode(torch.from_numpy(content))

    def _moved(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(tensor.to(self._device) for tensor in tensors)

    @torch.no_grad()
    def settled(self, network: nn.Module) -> nn.Module:
        """With the statistics of the normalisation measured anew, in evaluation mode."""
        layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
        rng = np.random.default_rng([self._seed, 2])
        momentum = [layer.momentum for layer in layers]
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over all batches
        network.train()
        for _ in range(_STATISTICS_BATCHES if layers else 0):
            z = torch.from_numpy(rng.standard_normal((64, self._latent), np.float32))
            network(*self._moved(z, self._unnamed(z)))
        for layer, before in zip(layers, momentum, strict=True):
            layer.momentum = before
        return network.eval()
