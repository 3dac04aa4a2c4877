"""The training: steps of AdamW, an average of the weights that is what serves, and an end that held-out items find."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from footlight_plugins import CallEnded, TrainingRun
from footlight_sasrec.counts import SHARES, Counts, mixed
from footlight_sasrec.histories import Lived, padded
from footlight_sasrec.losses import loss_of
from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions

AVERAGED = 0.995
"""The weights that serve are a running mean over about two hundred steps: they are better than those of any one step."""
WARM = 100
"""Over so many steps the learning rate rises."""
LONGEST_GRADIENT = 1.0
_AT = 10
"""The end is found by NDCG at so many items."""
_CHECKPOINT = "checkpoint.safetensors"


@dataclass(slots=True)
class Progress:
    """How far a training is. Everything is stored, so that it can go on after a stop."""

    network: Network
    serving: Network
    optimiser: torch.optim.AdamW
    epoch: int = 0
    step: int = 0
    best: float = -1.0
    stale: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to."""

    network: Network
    counts: Counts | None
    """None where they are not wanted, or nobody is held out to say how much they count."""
    share: float
    """How much the counts count beside the network."""
    figures: dict[str, float]


def train(people: Sequence[Lived], items: int, options: SasRecOptions, run: TrainingRun) -> Trained:
    """Train a network on everybody's sequence.

    Raises
    ------
    CallEnded
        When the run is stopping; what was reached lies in its folder then.
    """
    device = chosen_device(options.device)
    torch.manual_seed(_mixed_seed(run.seed, 0))  # the first weights
    progress = _begun(items, options, device)
    _resume(progress, run.directory)
    learned, tested = _held_out(people, options, run.seed)
    began, figures = time.monotonic(), {"loss": float("nan")}
    while progress.epoch < options.epochs and progress.stale < options.patience:
        torch.manual_seed(_mixed_seed(run.seed, 1 + progress.epoch))  # an epoch draws the same after a stop
        loss = _epoch(progress, learned, options, run)
        progress.epoch += 1
        figures = {"loss": loss, "epochs": float(progress.epoch)}
        if tested:
            figures["ndcg@10"] = ndcg(progress.serving, tested, options.length)
            _judge(progress, figures["ndcg@10"])
            figures["best_ndcg@10"] = progress.best
        done = max(progress.epoch / options.epochs, (time.monotonic() - began) / options.max_seconds)
        run.report(min(done, 1.0), progress.step, figures)
        _save(progress, run.directory)
        if time.monotonic() - began > options.max_seconds:
            break
    if progress.best_weights:
        progress.serving.load_state_dict(progress.best_weights)
    return _counted(progress.serving.eval(), (learned, tested, people), items, options, figures)


def _counted(
    network: Network,
    parts: tuple[Sequence[Lived], Sequence[Lived], Sequence[Lived]],
    items: int,
    options: SasRecOptions,
    figures: dict[str, float],
) -> Trained:
    """Add the counts, by the share with which the held-out items are guessed best; then count everything."""
    learned, tested, people = parts
    if not options.counts or not tested:
        return Trained(network, None, 0.0, figures)
    counts = Counts.of(learned, items)
    reached = {share: ndcg(network, tested, options.length, counts, share) for share in SHARES}
    share = max(reached, key=lambda one: reached[one])
    figures |= {"counts_share": share, "mixed_ndcg@10": reached[share]}
    return Trained(network, Counts.of(people, items), share, figures)


def _mixed_seed(seed: int, part: int) -> int:
    """A seed of its own for a part of the training, small enough for torch; the run's may have 64 bits."""
    return int(np.random.SeedSequence([seed, part]).generate_state(1)[0])


def chosen_device(name: str) -> torch.device:
    """The device of a name; ``auto`` is a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def new_network(items: int, options: SasRecOptions) -> Network:
    """A network that knows nothing yet."""
    return Network(items, options.width, options.blocks, options.heads, options.length, options.dropout)


def _begun(items: int, options: SasRecOptions, device: torch.device) -> Progress:
    network = new_network(items, options).to(device)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=options.learning_rate, betas=(0.9, 0.98), weight_decay=options.weight_decay
    )
    return Progress(network, copy.deepcopy(network).eval(), optimiser)


def _held_out(people: Sequence[Lived], options: SasRecOptions, seed: int) -> tuple[list[Lived], list[Lived]]:
    """Everybody's sequence to learn from, and those whose last item is to be guessed: that is not learned."""
    long = [i for i, one in enumerate(people) if len(one.rows) >= 3]
    count = min(options.held_out, len(long) // 2)
    drawn = set(np.random.default_rng(seed).choice(long, count, replace=False).tolist()) if count else set()
    learned = [one.last(len(one.rows), len(one.rows) - 1) if i in drawn else one for i, one in enumerate(people)]
    return [one for one in learned if len(one.rows) > 1], [people[i] for i in sorted(drawn)]


def _epoch(progress: Progress, people: Sequence[Lived], options: SasRecOptions, run: TrainingRun) -> float:
    """One step of AdamW for each batch of everybody; the mean loss."""
    rng = np.random.default_rng([run.seed, progress.epoch])
    draw = torch.Generator().manual_seed(int(rng.integers(2**62)))
    device = next(progress.network.parameters()).device
    losses: list[float] = []
    progress.network.train()
    for batch in _batches(people, options, rng):
        if run.stopping():
            raise CallEnded("the training was stopped")
        rows, seconds = padded(batch, device)  # (B, L + 1) both
        expected = progress.network(rows[:, :-1], seconds[:, :-1])  # (B, L, D)
        followed = rows[:, 1:] > 0  # (B, L)
        loss = loss_of(progress.network, expected[followed], rows[:, 1:][followed], options, draw)
        progress.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(progress.network.parameters(), LONGEST_GRADIENT)
        for group in progress.optimiser.param_groups:
            group["lr"] = options.learning_rate * min(1.0, (progress.step + 1) / WARM)
        progress.optimiser.step()
        progress.step += 1
        _average(progress)
        losses.append(loss.item())
    return float(np.mean(losses)) if losses else 0.0


def _batches(people: Sequence[Lived], options: SasRecOptions, rng: np.random.Generator) -> Iterator[list[Lived]]:
    """Everybody once, those of about one length together, so that little is filled up."""
    windows = [_window(one, options.length + 1, rng) for one in people]
    lengths = np.array([len(one.rows) for one in windows])
    order = np.argsort(lengths * rng.uniform(0.8, 1.25, len(lengths)), kind="stable")
    starts = rng.permutation(np.arange(0, len(order), options.batch_size))
    for start in starts.tolist():
        yield [windows[i] for i in order[start : start + options.batch_size].tolist()]


def _window(one: Lived, length: int, rng: np.random.Generator) -> Lived:
    """The latest part of a sequence half of the time, and any other part of what is longer the other half."""
    if len(one.rows) <= length or rng.random() < 0.5:
        return one.last(length)
    return one.last(length, int(rng.integers(length, len(one.rows) + 1)))


@torch.no_grad()
def _average(progress: Progress) -> None:
    kept = min(AVERAGED, (1 + progress.step) / (10 + progress.step))
    for mean, now in zip(progress.serving.parameters(), progress.network.parameters(), strict=True):
        mean.lerp_(now, 1 - kept)


def ndcg(
    network: Network, people: Sequence[Lived], length: int, counts: Counts | None = None, share: float = 0.0
) -> float:
    """NDCG@10 of the last item of each, ranked among all that the person has not met before."""
    before = [one.last(len(one.rows) - 1, len(one.rows) - 1) for one in people]
    total = 0.0
    for one, past, line in zip(people, before, scores_of(network, before, length), strict=True):
        found = line if counts is None else mixed(line, counts.read(past), share)
        wanted = found[one.rows[-1] - 1]
        found[past.rows - 1] = -np.inf
        place = int(np.count_nonzero(found > wanted))
        total += float(1 / np.log2(place + 2)) if place < _AT else 0.0
    return total / len(people)


@torch.no_grad()
def scores_of(network: Network, people: Sequence[Lived], length: int) -> NDArray[np.float64]:
    """What the network says of each item after each history, shape (people, items)."""
    device, found = next(network.parameters()).device, []
    for start in range(0, len(people), 64):
        batch = [one.last(length) for one in people[start : start + 64]]
        rows, seconds = padded(batch, device)
        ends = torch.tensor([len(one.rows) - 1 for one in batch], device=device)
        expected = network(rows, seconds)[torch.arange(len(batch), device=device), ends]  # (B, D)
        found.append(network.logits(expected).double().cpu().numpy())
    return np.concatenate(found)


def _judge(progress: Progress, reached: float) -> None:
    """Remember the best weights, and count for how long there were no better ones."""
    if reached > progress.best:
        progress.best, progress.stale = reached, 0
        progress.best_weights = {name: value.clone() for name, value in progress.serving.state_dict().items()}
    else:
        progress.stale += 1


def _save(progress: Progress, folder: Path) -> None:
    """Write a checkpoint in place of the one before."""
    facts = [float(progress.epoch), float(progress.step), progress.best, float(progress.stale)]
    tensors = {"facts": torch.tensor(facts, dtype=torch.float64)}
    for name, part in _parts(progress).items():
        tensors |= {f"{name}/{key}": value.contiguous() for key, value in part.items()}
    save_file(tensors, folder / f"{_CHECKPOINT}.new")
    (folder / f"{_CHECKPOINT}.new").rename(folder / _CHECKPOINT)


def _parts(progress: Progress) -> dict[str, Mapping[str, Tensor]]:
    moments = {
        f"{i}.{name}": value
        for i, state in progress.optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    return {
        "network": progress.network.state_dict(),
        "serving": progress.serving.state_dict(),
        "best": progress.best_weights,
        "moments": moments,
    }


def _resume(progress: Progress, folder: Path) -> None:
    """Go on from the checkpoint, where an earlier try of the same job left one."""
    if not (folder / _CHECKPOINT).exists():
        return
    stored = load_file(folder / _CHECKPOINT)
    parts: dict[str, dict[str, Tensor]] = {"network": {}, "serving": {}, "best": {}, "moments": {}}
    for name, value in stored.items():
        part, slash, key = name.partition("/")
        if slash:
            parts[part][key] = value
    progress.network.load_state_dict(parts["network"])
    progress.serving.load_state_dict(parts["serving"])
    progress.best_weights = parts["best"]
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in parts["moments"].items():
        number, _, key = name.partition(".")
        moments.setdefault(int(number), {})[key] = value
    progress.optimiser.load_state_dict(progress.optimiser.state_dict() | {"state": moments})
    epoch, step, progress.best, stale = stored["facts"].tolist()
    progress.epoch, progress.step, progress.stale = int(epoch), int(step), int(stale)
