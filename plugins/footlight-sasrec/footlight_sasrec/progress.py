"""How far a training is: the weights, their running mean, the best of them, and all of it in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from footlight_sasrec.network import Network

AVERAGED = 0.995
"""The weights that serve are a running mean over about two hundred steps: they are better than those of any one step."""
_CHECKPOINT = "checkpoint.safetensors"


@dataclass(slots=True)
class Progress:
    """How far a training is. Everything is stored, so that it can go on after a stop."""

    network: Network
    serving: Network
    optimiser: torch.optim.AdamW
    round: int = 0
    step: int = 0
    best: float = -1.0
    stale: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)


@torch.no_grad()
def average(progress: Progress) -> None:
    """Let the last step count in the running mean."""
    kept = min(AVERAGED, (1 + progress.step) / (10 + progress.step))
    for mean, now in zip(progress.serving.parameters(), progress.network.parameters(), strict=True):
        mean.lerp_(now, 1 - kept)


def judge(progress: Progress, reached: float) -> None:
    """Remember the best weights, and count for how long there were no better ones."""
    if reached > progress.best:
        progress.best, progress.stale = reached, 0
        progress.best_weights = {name: value.clone() for name, value in progress.serving.state_dict().items()}
    else:
        progress.stale += 1


def save(progress: Progress, folder: Path) -> None:
    """Write a checkpoint in place of the one before."""
    facts = [float(progress.round), float(progress.step), progress.best, float(progress.stale)]
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


def resume(progress: Progress, folder: Path) -> None:
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
    done, step, progress.best, stale = stored["facts"].tolist()
    progress.round, progress.step, progress.stale = int(done), int(step), int(stale)
