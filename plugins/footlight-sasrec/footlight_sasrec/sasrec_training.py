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
from footlight_sasrec.counts import Counts, Weights
from footlight_sasrec.histories import Lived, padded
from footlight_sasrec.judging import best_share, ndcg
from footlight_sasrec.losses import Asked, loss_of
from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions
from footlight_sasrec.reading import learned_reading

AVERAGED = 0.995
"""The weights that serve are a running mean over about two hundred steps: they are better than those of any one step."""
WARM = 100
"""Over so many steps the learning rate rises."""
LONGEST_GRADIENT = 1.0
_SPARED = 20
"""More than half of the people are held out only where their items are fewer than one in so many."""
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
    counted: tuple[Counts, Weights] | None
    """None where they are not wanted, or nobody is held out to say how much they count."""
    share: float
    """How much the network has to say; the counts have the rest."""
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
    counted = _counted(learned, items, options, run) if options.counts and tested else None
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
    network = progress.serving.eval()
    if counted is None:
        return Trained(network, None, 1.0, figures)
    share, reached = best_share(network, tested, options.length, counted)
    figures |= {"network_share": share, "mixed_ndcg@10": reached}
    return Trained(network, (Counts.of(people, items), counted[1]), share, figures)


def _counted(learned: Sequence[Lived], items: int, options: SasRecOptions, run: TrainingRun) -> tuple[Counts, Weights]:
    """Count, and learn how to read what was counted: it takes seconds, so that no checkpoint of it is kept."""
    counts = Counts.of(learned, items)
    return counts, learned_reading(counts, learned, options, run)


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
    spared = sum(len(one.rows) for one in people) // _SPARED
    count = min(options.held_out, len(long), max(len(long) // 2, spared))
    drawn = set(np.random.default_rng(seed).choice(long, count, replace=False).tolist()) if count else set()
    learned = [one.last(len(one.rows), len(one.rows) - 1) if i in drawn else one for i, one in enumerate(people)]
    return [one for one in learned if len(one.rows) > 1], [people[i] for i in sorted(drawn)]


def _epoch(progress: Progress, people: Sequence[Lived], options: SasRecOptions, run: TrainingRun) -> float:
    """One step of AdamW for each batch of everybody; the mean loss."""
    rng = np.random.default_rng([run.seed, progress.epoch])
    draw = torch.Generator().manual_seed(int(rng.integers(2**62)))
    losses: list[float] = []
    progress.network.train()
    for batch in _batches(people, options, rng):
        if run.stopping():
            raise CallEnded("the training was stopped")
        with _fast(progress.network.liked.device):
            loss = loss_of(progress.network, _asked(progress.network, batch), options, draw)
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


def _fast(device: torch.device) -> torch.autocast:
    """Products in bfloat16 where the processor has them: they take a quarter of the time there."""
    able = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    supported = able() if device.type == "cpu" else torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=bool(supported))


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of somebody's sequence."""

    part: Lived
    before: NDArray[np.int64]
    """The numbers of the items before it, which are not read but will not be met again."""


def _asked(network: Network, batch: Sequence[_Window]) -> Asked:
    """What the network expects at each place that something follows."""
    rows, seconds = padded([one.part for one in batch], next(network.parameters()).device)  # (B, L + 1) both
    expected = network(rows[:, :-1], seconds[:, :-1])  # (B, L, D)
    followed = rows[:, 1:] > 0  # (B, L)
    places, items, start = [], [], 0
    for one in batch:
        count = len(one.part.rows) - 1
        later, earlier = np.tril_indices(count)
        places += [start + later, np.repeat(np.arange(start, start + count), len(one.before))]
        items += [one.part.rows[earlier] - 1, np.tile(one.before - 1, count)]
        start += count
    met = (
        torch.from_numpy(np.concatenate(places)).to(rows.device),
        torch.from_numpy(np.concatenate(items)).to(rows.device),
    )
    return Asked(expected[followed], rows[:, 1:][followed], met)


def _batches(people: Sequence[Lived], options: SasRecOptions, rng: np.random.Generator) -> Iterator[list[_Window]]:
    """Everybody once, those of about one length together, so that little is filled up."""
    windows = [_window(one, options.length + 1, rng) for one in people]
    lengths = np.array([len(one.part.rows) for one in windows])
    order = np.argsort(lengths * rng.uniform(0.8, 1.25, len(lengths)), kind="stable")
    starts = rng.permutation(np.arange(0, len(order), options.batch_size))
    for start in starts.tolist():
        yield [windows[i] for i in order[start : start + options.batch_size].tolist()]


def _window(one: Lived, length: int, rng: np.random.Generator) -> _Window:
    """The latest part of a sequence half of the time, and any other part of what is longer the other half."""
    end = len(one.rows)
    if end > length and rng.random() >= 0.5:
        end = int(rng.integers(length, end + 1))
    return _Window(one.last(length, end), one.rows[: max(0, end - length)])


@torch.no_grad()
def _average(progress: Progress) -> None:
    kept = min(AVERAGED, (1 + progress.step) / (10 + progress.step))
    for mean, now in zip(progress.serving.parameters(), progress.network.parameters(), strict=True):
        mean.lerp_(now, 1 - kept)


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
