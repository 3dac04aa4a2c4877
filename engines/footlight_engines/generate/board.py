"""Curves and samples for TensorBoard, where somebody wants them and tensorboardX is installed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

_SHOWN = 64
"""Samples of a picture."""


class Board:
    """Writes event files into a folder; does nothing without one."""

    def __init__(self, folder: Path | None) -> None:
        """For one training; a folder that is there already is added to."""
        self._writer: Any = None
        if folder is None:
            return
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder), flush_secs=10)

    def scalars(self, step: int, figures: Mapping[str, float]) -> None:
        """One point for each figure that is finite."""
        for name, value in figures.items() if self._writer is not None else ():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, step)

    def pictures(self, step: int, made: torch.Tensor) -> None:
        """A sheet of samples (n, C, H, W); of channels that are neither one, three nor four the mean."""
        if self._writer is None:
            return
        shown = made[:_SHOWN].float().cpu().numpy()
        shown = shown if shown.shape[1] in (1, 3, 4) else shown.mean(1, keepdims=True)
        shown = (shown - shown.min()) / max(float(np.ptp(shown)), 1e-6)
        if shown.shape[1] == 4:
            shown = shown[:, :3] + 1 - shown[:, 3:]  # colours are premultiplied: over white
        sheet = np.clip(np.repeat(shown, 3, axis=1) if shown.shape[1] == 1 else shown, 0, 1)
        self._writer.add_images("samples", sheet, step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
