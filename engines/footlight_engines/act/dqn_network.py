"""The network of deep Q-learning, and the loss that it is trained with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class QNetwork(nn.Module):
    """From an observation to the value of each action.

    Dueling: Q(x, a) = V(x) + A(x, a) - mean_a' A(x, a'), Wang et al. (2016), equation 9.
    """

    def __init__(self, size: int, actions: int, hidden: Sequence[int], dueling: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.ReLU()]
            size = width
        self.body = nn.Sequential(*layers)
        self.advantage = nn.Linear(size, actions)
        self.value = nn.Linear(size, 1) if dueling else None

    def forward(self, x: Tensor) -> Tensor:
        """From (B, d) to (B, A)."""
        h = self.body(x)  # (B, H)
        advantage: Tensor = self.advantage(h)  # (B, A)
        if self.value is None:
            return advantage
        value: Tensor = self.value(h)  # (B, 1)
        return value + advantage - advantage.mean(dim=1, keepdim=True)


def temporal_difference_loss(
    online: QNetwork, target: QNetwork, batch: Sequence[Tensor], discount: float, double: bool
) -> Tensor:
    """The Huber loss of Q(x, a) - (r + gamma Q'(x', argmax_a' Q(x', a'))), over allowed a' only.

    Mnih et al. (2015); the choice by the online network is that of double DQN, van Hasselt et al. (2016), equation 4.
    ``batch`` is x (B, d), a (B,), r (B,), x' (B, d), terminated (B,), allowed (B, A).
    """
    x, action, reward, following, terminated, allowed = batch
    with torch.no_grad():
        judged = target(following)  # (B, A)
        chooser = online(following) if double else judged  # (B, A)
        best = chooser.masked_fill(~allowed, -torch.inf).argmax(dim=1, keepdim=True)  # (B, 1)
        future = judged.gather(1, best).squeeze(1)  # (B,)
        goal = reward + discount * torch.where(terminated, torch.zeros_like(future), future)  # (B,)
    q = online(x).gather(1, action[:, None]).squeeze(1)  # (B,)
    return nn.functional.smooth_l1_loss(q, goal)
