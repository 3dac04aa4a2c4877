"""The two fully connected networks of the classical GAN."""

from __future__ import annotations

import torch
from torch import nn


def generator_network(latent: int, size: int) -> nn.Sequential:
    """Latent (B, latent) to content (B, size) in [-1, 1].

    Layers and widths are those of the implementation that many know: Linder-Noren, PyTorch-GAN,
    implementations/gan/gan.py. It writes ``nn.BatchNorm1d(n, 0.8)``, whose second argument is eps, not the momentum that
    was surely meant: with 0.8 added to each variance the layers hardly normalise. Here eps is 1e-5 and momentum 0.1,
    PyTorch's defaults.
    """
    return nn.Sequential(
        *(nn.Linear(latent, 128), nn.LeakyReLU(0.2)),  # (B, 128)
        *(nn.Linear(128, 256), nn.BatchNorm1d(256), nn.LeakyReLU(0.2)),  # (B, 256)
        *(nn.Linear(256, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.2)),  # (B, 512)
        *(nn.Linear(512, 1024), nn.BatchNorm1d(1024), nn.LeakyReLU(0.2)),  # (B, 1024)
        *(nn.Linear(1024, size), nn.Tanh()),  # (B, size)
    )


def discriminator_network(size: int) -> nn.Sequential:
    """Content (B, size) to the logit of its being real (B, 1)."""
    return nn.Sequential(
        *(nn.Linear(size, 512), nn.LeakyReLU(0.2)),  # (B, 512)
        *(nn.Linear(512, 256), nn.LeakyReLU(0.2)),  # (B, 256)
        nn.Linear(256, 1),  # (B, 1)
    )


@torch.no_grad()
def move_average(average: nn.Module, network: nn.Module, beta: float) -> None:
    """average = beta average + (1 - beta) network, for the weights and for the statistics of the normalisation."""
    latest = network.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(latest[name], 1.0 - beta)
        else:
            value.copy_(latest[name])  # the count of batches seen


@torch.no_grad()
def estimate_statistics(network: nn.Module, latents: torch.Tensor) -> None:
    """Measure the normalisation's means and variances anew, on latents (batches, B, Z), for the weights as they are.

    Those gathered while learning belong to weights that are gone: an average of weights with an average of statistics
    is off, and some content comes out saturated (Brock et al. 2019, "Large Scale GAN Training", "standing statistics").
    """
    layers = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    momentum = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over all batches
    network.train()
    for z in latents:
        network(z)
    network.eval()
    for layer, before in zip(layers, momentum, strict=True):
        layer.momentum = before
