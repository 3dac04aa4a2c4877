"""How wrong the network is about what came next."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions

LARGEST_FULL = 4_096
"""So many items are compared with all of them where nobody says how. With the default width the products with so many cost
what the network itself does."""
FEWEST_DRAWS, MOST_DRAWS = 1_024, 10_000
"""An eighth of the catalogue is drawn, within these bounds: with fewer the gradient of what is met seldom is noise."""
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


class Drawing(NamedTuple):
    """How items are drawn."""

    chances: Tensor
    """Of each item, shape (items,), adding up to 1."""
    generator: torch.Generator

    @staticmethod
    def of(met: Tensor, generator: torch.Generator) -> Drawing:
        """Half alike and half as often as they were met: what is met often takes most of the sum, the rest keeps it honest.

        ``met`` is how often each was, shape (items,).
        """
        often = met.double() / met.sum().clamp(min=1)
        return Drawing(0.5 / len(met) + 0.5 * often, generator)


def loss_of(network: Network, asked: Asked, options: SasRecOptions, drawing: Drawing) -> Tensor:
    """The mean loss of some places."""
    match chosen_loss(options, len(drawing.chances)):
        case "gbce":
            return gbce(network, asked.expected, asked.following, options, drawing.generator)
        case "sampled":
            return sampled(network, asked, draws_of(options, len(drawing.chances)), drawing)
    logits = network.logits(asked.expected).float()
    logits = logits.index_put_(asked.met, logits.new_tensor(SEEN))
    return functional.cross_entropy(logits, asked.following - 1)


def chosen_loss(options: SasRecOptions, items: int) -> str:
    """The loss that is used with so many items."""
    if options.loss != "auto":
        return options.loss
    return "softmax" if items <= LARGEST_FULL else "sampled"


def draws_of(options: SasRecOptions, items: int) -> int:
    """How many items are drawn for a step."""
    return options.negatives or min(max(items // 8, FEWEST_DRAWS), MOST_DRAWS)


def sampled(network: Network, asked: Asked, draws: int, drawing: Drawing) -> Tensor:
    """Cross-entropy whose sum over all items is estimated from drawn ones (Bengio and Senecal 2003).

    With k draws, item j with the chance q_j and c_j times among them,

        loss = log(e^(l_i) + sum over drawn j, but for i, of c_j / (k q_j) e^(l_j)) - l_i

    where i is what followed and l are logits. The sum is right in the mean, whatever the chances are. Items that had been
    met before are no candidates, as in the full loss.
    """
    found = torch.multinomial(drawing.chances, draws, replacement=True, generator=drawing.generator)
    drawn, times = torch.unique(found, return_counts=True)  # (m,) both
    weight = (times.double() / draws / drawing.chances[drawn]).log().float()
    column = torch.full_like(drawing.chances, -1, dtype=torch.int64)
    column[drawn] = torch.arange(len(drawn))
    device = asked.expected.device
    drawn, weight, column = drawn.to(device), weight.to(device), column.to(device)
    wanted = asked.following - 1
    positive = (asked.expected * network.items(asked.following)).sum(dim=1) + network.liked[wanted]  # (n,)
    others = (
        functional.linear(asked.expected, network.items(drawn + 1), network.liked[drawn]).float() + weight
    )  # (n, m)
    place, met = asked.met[0], column[asked.met[1]]
    others = others.index_put((place[met >= 0], met[met >= 0]), others.new_tensor(SEEN))
    others = others.masked_fill(drawn[None, :] == wanted[:, None], SEEN)
    logits = torch.cat([positive.float()[:, None], others], dim=1)
    return (torch.logsumexp(logits, dim=1) - logits[:, 0]).mean()


def gbce(
    network: Network, expected: Tensor, following: Tensor, options: SasRecOptions, draw: torch.Generator
) -> Tensor:
    """Generalised binary cross-entropy (Petrov and Macdonald 2023, "gSASRec").

    With k negatives out of n items, a = k / (n - 1) is the share that is drawn, and with the calibration t

        b = a (t (1 - 1/a) + 1/a),   loss = -1/(k + 1) (b log s(positive) + sum over negatives log(1 - s(negative)))

    undoes what drawing few negatives does to the scores: without it (t = 0) they are far too sure of popular items.
    """
    items = network.items.num_embeddings - 1
    k = min(draws_of(options, items), items)
    share = k / max(items - 1, 1)
    power = share * (options.calibration * (1 - 1 / share) + 1 / share)
    drawn = torch.randint(1, items + 1, (k,), generator=draw).to(expected.device)  # for all places together
    positive = (expected * network.items(following)).sum(dim=1) + network.liked[following - 1]  # (n,)
    negative = functional.linear(expected, network.items(drawn), network.liked[drawn - 1]).float()  # (n, k)
    negative = negative.masked_fill(drawn[None, :] == following[:, None], -math.inf)  # not what did follow
    wrong = functional.softplus(negative).sum(dim=1)  # -log(1 - s(x)) = log(1 + e^x)
    return ((power * functional.softplus(-positive) + wrong) / (k + 1)).mean()
