"""Kernels that turn what is expected of actions into the probabilities with which they are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel

TIE = 1e-12
"""Values this close to the largest count as equal to it, in units of reward."""


@kernel("(f8[::1], b1[::1], f8, f8[::1])")
def mix_greedy(
    score: NDArray[np.float64], mask: NDArray[np.bool_], epsilon: float, distribution: NDArray[np.float64]
) -> None:
    """p(a) = epsilon / |allowed| + (1 - epsilon) / |ties| [a has the best score]; written to ``distribution``.

    All have shape (actions,); the mask allows one at least.
    """
    best, allowed, ties = -np.inf, 0, 0
    for a in range(len(score)):
        if mask[a]:
            allowed += 1
            best = max(best, score[a])
    for a in range(len(score)):
        if mask[a] and score[a] >= best - TIE:
            ties += 1
    for a in range(len(score)):
        distribution[a] = 0.0
        if mask[a]:
            distribution[a] = epsilon / allowed
            if score[a] >= best - TIE:
                distribution[a] += (1.0 - epsilon) / ties


@kernel("(f8[::1], b1[::1], f8, f8[::1])")
def inverse_gap(
    mean: NDArray[np.float64], mask: NDArray[np.bool_], sharpness: float, distribution: NDArray[np.float64]
) -> None:
    """p(a) = 1 / (K + gamma (mean(best) - mean(a))) for all but the best, which get the rest in equal shares.

    K is how many actions are allowed. Abe & Long (1999); Foster & Rakhlin (2020), "Beyond UCB" (SquareCB), algorithm 1.
    """
    best, allowed, ties = -np.inf, 0, 0
    for a in range(len(mean)):
        if mask[a]:
            allowed += 1
            best = max(best, mean[a])
    rest = 1.0
    for a in range(len(mean)):
        distribution[a] = 0.0
        if mask[a] and mean[a] < best - TIE:
            distribution[a] = 1.0 / (allowed + sharpness * (best - mean[a]))
            rest -= distribution[a]
        elif mask[a]:
            ties += 1
    for a in range(len(mean)):
        if mask[a] and mean[a] >= best - TIE:
            distribution[a] = rest / ties


@kernel("(f8[:,::1], b1[::1], f8[::1])")
def count_votes(samples: NDArray[np.float64], mask: NDArray[np.bool_], distribution: NDArray[np.float64]) -> None:
    """The share of samples, shape (s, actions), in which each allowed action is the best; equal ones share the vote."""
    distribution[:] = 0.0
    for s in range(len(samples)):
        best, ties = -np.inf, 0
        for a in range(len(mask)):
            if mask[a]:
                if samples[s, a] > best:
                    best, ties = samples[s, a], 1
                elif samples[s, a] == best:
                    ties += 1
        for a in range(len(mask)):
            if mask[a] and samples[s, a] == best:
                distribution[a] += 1.0 / (ties * len(samples))
