"""What a convolutional generator learns from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def _same(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return batch


@dataclass(frozen=True)
class Material:
    """What is learned from."""

    kind: str
    """``image``, ``surface``, ``tiles`` or ``voices``: see `heads`."""
    options: int
    """How many kinds of tiles or rows of pitches there are; 0 for the others."""
    shape: tuple[int, int, int]
    """(C, H, W) of what the networks see."""
    content: NDArray[Any]
    """(N, ...), as `Head.encode` takes it."""
    labels: NDArray[np.int64]
    """(N,), the class of each; all 0 where there are none."""
    classes: tuple[str, ...] = ()
    heldout: NDArray[Any] | None = None
    voices: int = 0
    """Of music; 0 for all else."""
    vary: Callable[[torch.Tensor, torch.Generator], torch.Tensor] = field(default=_same)
    """Other views of a batch of kept content that are as real."""
    seen: Callable[[torch.Tensor, torch.Generator], torch.Tensor] = field(default=_same)
    """Through what D sees real content and what is made alike, (B, C, H, W), gradients pass: G is not taught to make these
    changes."""
    flaw: Callable[[torch.Tensor], float] | None = None
    """The share of what G gave out (n, C, H, W) that is of no use: it counts beside how far it is from real content."""
    broken: tuple[str, ...] = ()
    """Files of the corpus that could not be read, and why."""
