"""How wrong the network is about what came next."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions

SEEN = -1e4
"""Instead of the logits of what somebody has met: nobody meets it again."""


class Asked(NamedTuple):
    """n places at which the network guesses, and what is known of them."""

    expected: Tensor
    """What the network expects, shape (n, D)."""
    following: Tensor
    """The number of the item that followed, (n,)."""
    met: tuple[Tensor, Tensor]
    """Pairs of a place and an item that had been met before it, from 0 on; both (m,)."""


def loss_of(network: Network, asked: Asked, options: SasRecOptions, draw: torch.Generator) -> Tensor:
    """The mean loss of some places."""
    if options.loss == "gbce":
        return gbce(network, asked.expected, asked.following, options, draw)
    logits = network.logits(asked.expected).float()
    logits = logits.index_put_(asked.met, logits.new_tensor(SEEN))
    return functional.cross_entropy(logits, asked.following - 1)


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
    positive = (expected * network.items(following)).sum(dim=1) + network.liked[following - 1]  # (n,)
    negative = functional.linear(expected, network.items(drawn), network.liked[drawn - 1]).float()  # (n, k)
    negative = negative.masked_fill(drawn[None, :] == following[:, None], -math.inf)  # not what did follow
    wrong = functional.softplus(negative).sum(dim=1)  # -log(1 - s(x)) = log(1 + e^x)
    return ((power * functional.softplus(-positive) + wrong) / (k + 1)).mean()
