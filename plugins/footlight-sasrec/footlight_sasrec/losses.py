"""How wrong the network is about what came next."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions


def loss_of(
    network: Network, expected: Tensor, following: Tensor, options: SasRecOptions, draw: torch.Generator
) -> Tensor:
    """The mean loss of n places: what was expected, shape (n, D), and the number of the item that followed, (n,)."""
    if options.loss == "gbce":
        return gbce(network, expected, following, options, draw)
    return functional.cross_entropy(network.logits(expected), following - 1)


def gbce(
    network: Network, expected: Tensor, following: Tensor, options: SasRecOptions, draw: torch.Generator
) -> Tensor:
    """Generalised binary cross-entropy (Petrov and Macdonald 2023, "gSASRec").

    With k negatives out of n items, a = k / (n - 1) is the share that is drawn, and with the calibration t

        b = a (t (1 - 1/a) + 1/a),   loss = -1/(k + 1) (b log s(positive) + sum over negatives log(1 - s(negative)))

    undoes what drawing few negatives does to the scores: without it (t = 0) they are far too sure of popular items.
    """
    items = network.items.num_embeddings - 1
    k = min(options.negatives, items)
    share = k / max(items - 1, 1)
    power = share * (options.calibration * (1 - 1 / share) + 1 / share)
    drawn = torch.randint(1, items + 1, (k,), generator=draw).to(expected.device)  # for all places together
    positive = (expected * network.items(following)).sum(dim=1)  # (n,)
    negative = expected @ network.items(drawn).T  # (n, k)
    negative = negative.masked_fill(drawn[None, :] == following[:, None], -math.inf)  # not what did follow
    wrong = functional.softplus(negative).sum(dim=1)  # -log(1 - s(x)) = log(1 + e^x)
    return ((power * functional.softplus(-positive) + wrong) / (k + 1)).mean()
