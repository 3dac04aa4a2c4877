"""Features that need no download: a convolutional network with random weights, the same for everybody.

Naeem et al. 2020 recommend random embeddings where the data are unlike ImageNet. They see layout, colour and spread, and
little of texture: read their distances beside that of held-out content.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from footlight_engines.generate.distance import kernel_distance

LEAST_SPREAD = 0.1
"""Of the mean spread: a feature that hardly varies would otherwise drown all others where it does."""


class RandomFeatures:
    """Four convolutions with fixed random weights; the mean of each channel over a grid of 2 x 2, after the last three."""

    def __init__(self, shape: tuple[int, int, int], seed: int) -> None:
        """For tensors (C, H, W)."""
        channels = shape[0]
        with torch.random.fork_rng(devices=[]):
            torch.random.manual_seed(seed)
            sizes = (channels, 32, 64, 64, 64)
            self._layers = [
                nn.Conv2d(a, b, 3, stride=1 if i == 0 else 2, padding=1, bias=False).requires_grad_(False)
                for i, (a, b) in enumerate(pairwise(sizes))
            ]

    @torch.no_grad()
    def __call__(self, x: torch.Tensor) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """(n, C, H, W) to (n, 768)."""
        parts = []
        for chunk in torch.split(x.float(), 128):
            stages = []
            for i, layer in enumerate(self._layers):
                chunk = nn.functional.leaky_relu(layer(chunk), 0.2) * 1.7  # keeps the spread over the layers
                if i:
                    stages.append(nn.functional.adaptive_avg_pool2d(chunk, 2).flatten(1))
            parts.append(torch.cat(stages, dim=1))
        features: np.ndarray[tuple[int, int], np.dtype[np.float32]] = torch.cat(parts).numpy()
        return features

    def distance(self, real: torch.Tensor, made: torch.Tensor) -> float:
        """KID in this space, the features standardised by those of the real content."""
        first, second = self(real), self(made)
        mean, spread = first.mean(0), first.std(0)
        spread = np.maximum(spread, LEAST_SPREAD * spread.mean() + 1e-6)
        return kernel_distance((first - mean) / spread, (second - mean) / spread)
