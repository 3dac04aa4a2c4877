"""Adversarial losses and gradient penalties, as the formulas have them."""

from __future__ import annotations

import torch
from torch.nn.functional import relu, softplus


def hinge_d(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))) (Lim and Ye 2017, "Geometric GAN")."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def hinge_g(fake: torch.Tensor) -> torch.Tensor:
    """- E D(G(z))."""
    return -fake.mean()


def relativistic_d(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """E f(-(D(x) - D(G(z)))) with f = softplus (Jolicoeur-Martineau 2018; Huang et al. 2024, "R3GAN", eq. 1)."""
    return softplus(fake - real).mean()


def relativistic_g(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """E f(-(D(G(z)) - D(x)))."""
    return softplus(real - fake).mean()


def gradient_penalty(scores: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """E |grad_x D(x)|^2, zero-centred: R1 on real inputs, R2 on generated ones (Mescheder et al. 2018).

    Parameters
    ----------
    scores
        D(x), shape (B, 1), computed in single precision.
    inputs
        x, shape (B, ...), with ``requires_grad``.
    """
    (gradients,) = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
    return gradients.square().sum(dim=tuple(range(1, gradients.ndim))).mean()
