"""The training: steps of AdamW, a running mean of the weights that serves, and an end that held-out items find."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from footlight_plugins import CallEnded, TrainingRun
from footlight_sasrec.counts import Counts, Weights
from footlight_sasrec.course import Course, Window, batches
from footlight_sasrec.histories import Lived, padded
from footlight_sasrec.judging import best_share, ndcg
from footlight_sasrec.losses import Asked, Drawing, loss_of
from footlight_sasrec.network import Network
from footlight_sasrec.options import SasRecOptions
from footlight_sasrec.progress import Progress, average, judge, resume, save
from footlight_sasrec.reading import learned_reading

WARM = 100
"""Over so many steps the learning rate rises."""
LONGEST_GRADIENT = 1.0
_SPARED = 20
"""More than half of the people are held out only where their items are fewer than one in so many."""


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
    resume(progress, run.directory)
    learned, tested = _held_out(people, options, run.seed)
    counted = _counted(learned, items, options, run) if options.counts and tested else None
    figures: dict[str, float] = {}
    course = Course(learned, items, options, run)
    while progress.round < course.rounds and progress.stale < options.patience:
        torch.manual_seed(_mixed_seed(run.seed, 1 + progress.round))  # a round draws the same after a stop
        loss = _round(progress, course, figures)
        progress.round += 1
        figures = {"loss": loss, "epochs": progress.round * options.epochs / course.rounds}
        if tested:
            figures["ndcg@10"] = ndcg(progress.serving, tested, options.length)
            judge(progress, figures["ndcg@10"])
            figures["best_ndcg@10"] = progress.best
        run.report(course.fraction(progress.round), progress.step, figures)
        save(progress, run.directory)
        if course.over:
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


def _round(progress: Progress, course: Course, figures: Mapping[str, float]) -> float:
    """One step of AdamW for each batch; the mean loss."""
    rng = np.random.default_rng([course.run.seed, progress.round])
    drawing = Drawing.of(course.met, torch.Generator().manual_seed(int(rng.integers(2**62))))
    losses: list[float] = []
    progress.network.train()
    parts = list(batches(course.drawn(rng), course, rng))
    for done, batch in enumerate(parts):
        if course.run.stopping():
            raise CallEnded("the training was stopped")
        if course.over:
            break
        with _fast(progress.network.liked.device):
            loss = loss_of(progress.network, _asked(progress.network, batch), course.options, drawing)
        losses.append(_stepped(progress, loss, course.options))
        course.run.report(course.fraction(progress.round + done / len(parts)), progress.step, figures)
    return float(np.mean(losses)) if losses else 0.0


def _stepped(progress: Progress, loss: Tensor, options: SasRecOptions) -> float:
    """Make one step down; the loss as a number."""
    progress.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(progress.network.parameters(), LONGEST_GRADIENT)
    for group in progress.optimiser.param_groups:
        group["lr"] = options.learning_rate * min(1.0, (progress.step + 1) / WARM)
    progress.optimiser.step()
    progress.step += 1
    average(progress)
    return loss.item()


def _fast(device: torch.device) -> torch.autocast:
    """Products in bfloat16 where the processor has them: they take a quarter of the time there."""
    able = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    supported = able() if device.type == "cpu" else torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=bool(supported))


def _asked(network: Network, batch: Sequence[Window]) -> Asked:
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
