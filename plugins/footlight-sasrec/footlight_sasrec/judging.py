"""How well the next item is guessed, and how much the network and the counts are to say in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_sasrec.counts import Counts, Weights, mixed
from footlight_sasrec.histories import Lived, padded
from footlight_sasrec.network import Network

SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Shares that the network may have beside the counts."""
_AT = 10
"""Lists of so many items are judged."""
_TOGETHER = 64


@torch.no_grad()
def scores_of(network: Network, people: Sequence[Lived], length: int) -> NDArray[np.float64]:
    """What the network says of each item after each history, shape (people, items)."""
    device = next(network.parameters()).device
    batch = [one.last(length) for one in people]
    rows, seconds = padded(batch, device)
    ends = torch.tensor([len(one.rows) - 1 for one in batch], device=device)
    expected = network(rows, seconds)[torch.arange(len(batch), device=device), ends]  # (B, D)
    return np.asarray(network.logits(expected).double().cpu().numpy())


def ndcg(network: Network, people: Sequence[Lived], length: int) -> float:
    """NDCG@10 of the last item of each, ranked among all that the person has not met before."""
    found = [_gains(batch, scores) for batch, scores in _guessed(network, people, length)]
    return float(np.concatenate(found).mean())


def best_share(
    network: Network, people: Sequence[Lived], length: int, counted: tuple[Counts, Weights]
) -> tuple[float, float]:
    """The share of the network with which the last items are guessed well, and the NDCG@10 with it; see `least_good`."""
    counts, weights = counted
    gains: list[NDArray[np.float64]] = []
    for batch, scores in _guessed(network, people, length):
        read = np.stack([counts.read(before(one), weights) for one in batch])
        gains.append(np.stack([_gains(batch, mixed(scores, read, share)) for share in SHARES]))
    whole = np.concatenate(gains, axis=1)
    chosen = least_good(whole)
    return SHARES[chosen], float(whole[chosen].mean())


def least_good(gains: NDArray[np.float64]) -> int:
    """The first of some shares that is worse than the best by no more than one standard error.

    The end of the network's training was found on the same people, which flatters it, and few people tell little: in
    doubt the counts are to be heard. Each share is judged along with its two neighbours.

    Parameters
    ----------
    gains
        What each person adds to NDCG@10 with each share, ascending; shape (shares, people).
    """
    wide = np.concatenate([gains[:1], gains, gains[-1:]])
    near = (wide[:-2] + wide[1:-1] + wide[2:]) / 3
    behind = near[int(np.argmax(near.mean(axis=1)))] - near
    error = behind.std(axis=1) / np.sqrt(behind.shape[1])
    return int(np.flatnonzero(behind.mean(axis=1) <= error)[0])


def before(one: Lived) -> Lived:
    """All but the last item."""
    return one.last(len(one.rows), len(one.rows) - 1)


def _guessed(
    network: Network, people: Sequence[Lived], length: int
) -> Iterator[tuple[Sequence[Lived], NDArray[np.float64]]]:
    """Some people at a time, and what the network says after all but their last item, shape (people, items)."""
    for start in range(0, len(people), _TOGETHER):
        batch = people[start : start + _TOGETHER]
        yield batch, scores_of(network, [before(one) for one in batch], length)


def _gains(people: Sequence[Lived], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each person adds to NDCG@10, shape (people,)."""
    gains = np.zeros(len(people))
    for i, (one, line) in enumerate(zip(people, scores, strict=True)):
        wanted, met = line[one.rows[-1] - 1], line[one.rows[:-1] - 1]
        place = np.count_nonzero(line > wanted) - np.count_nonzero(met > wanted)
        gains[i] = 1 / np.log2(place + 2) if place < _AT else 0.0
    return gains
