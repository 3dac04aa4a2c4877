"""The demo's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def draw_terrain(real: NDArray[np.float32], made: NDArray[np.float32], path: Path) -> None:
    """Real windows beside generated ones, each of shape (16, side, side), as shaded relief."""
    from matplotlib.colors import LightSource
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.8), layout="constrained")
    light = LightSource(azdeg=315, altdeg=45)
    parts: Any = figure.subfigures(1, 2)
    for part, title, pieces in zip(parts, ("real", "generated"), (real, made), strict=True):
        part.suptitle(title)
        axes = part.subplots(4, 4)
        for axis, piece in zip(axes.flat, pieces, strict=True):
            axis.imshow(light.shade(piece, _colours(), blend_mode="soft", vert_exag=3, vmin=-0.2, vmax=1))
            axis.set_axis_off()
    figure.savefig(path, dpi=110)


def _colours() -> Any:
    from matplotlib import colormaps

    return colormaps["terrain"]


def draw_losses(heard: Sequence[tuple[int, Mapping[str, float]]], path: Path) -> None:
    """The losses of both networks over the steps, as the training told them: (step, figures by name)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axis = figure.subplots()
    for name, label in (("loss_d", "discriminator"), ("loss_g", "generator")):
        points = [(step, figures[name]) for step, figures in heard if name in figures]
        axis.plot(*zip(*points, strict=True), label=label, linewidth=0.9)
    axis.set_xlabel("step")
    axis.set_ylabel("loss (binary cross-entropy)")
    axis.legend()
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def draw_success(curve: Sequence[tuple[int, float]], greedy: float, path: Path) -> None:
    """The success rate over the steps, with what the learned policy reaches without exploring."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.plot([steps for steps, _ in curve], [100 * rate for _, rate in curve], label="while exploring")
    axis.axhline(100 * greedy, linestyle="--", color="tab:green", label=f"without exploring: {greedy:.0%}")
    axis.axhline(74.4, linestyle=":", color="grey", label="best possible: 74 %")
    axis.set_xlabel("steps")
    axis.set_ylabel("sessions that reach the goal, %")
    axis.set_ylim(0, 100)
    axis.legend()
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
