"""The demo's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AVERAGED = 15
"""So many losses are averaged."""


def draw_terrain(real: NDArray[Any], made: NDArray[Any], path: Path) -> None:
    """Real windows beside generated ones, each of shape (16, side, side), as shaded relief: both are drawn alike."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.8), layout="constrained")
    parts: Any = figure.subfigures(1, 2, wspace=0.03)
    for part, title, pieces in zip(parts, ("real", "generated"), (real, made), strict=True):
        part.suptitle(title)
        axes = part.subplots(4, 4)
        for axis, piece in zip(axes.flat, pieces, strict=True):
            axis.imshow(_relief(piece), interpolation="bicubic")
            axis.set_axis_off()
    figure.savefig(path, dpi=110)


def _relief(heights: NDArray[Any]) -> NDArray[np.float64]:
    """Heights (side, side) from their lowest to their highest in one scale of colours, lit from the north-west: RGB."""
    from matplotlib.colors import LightSource

    shares = (heights - heights.min()) / max(float(np.ptp(heights)), 1e-6)
    light = LightSource(azdeg=315, altdeg=45)
    steepness = len(shares) / 3  # a window is three times as wide as it is high
    lit: NDArray[np.float64] = light.shade_rgb(height_colours(shares), shares, vert_exag=steepness, blend_mode="soft")
    return lit


def height_colours(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colours (..., 3) of heights (...), 0 for the lowest to 1 for the highest, without the blue of the sea."""
    from matplotlib import colormaps

    colours: NDArray[np.float64] = colormaps["gist_earth"]((shares + 0.5) / 1.6)[..., :3]
    return colours


def draw_losses(heard: Sequence[tuple[int, Mapping[str, float]]], path: Path) -> None:
    """The losses of both networks over the steps, as the training told them: (step, figures by name)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axis = figure.subplots()
    for name, label in (("loss_d", "discriminator"), ("loss_g", "generator")):
        points = [(step, figures[name]) for step, figures in heard if name in figures]
        steps, losses = (np.array(values) for values in zip(*points, strict=True))
        line = axis.plot(steps, _running_mean(losses), label=label)[0]
        axis.plot(steps, losses, color=line.get_color(), alpha=0.3, linewidth=0.7)
    axis.axhline(2, linestyle=":", color="grey", label="discriminator that cannot tell: 2")
    axis.set_xlabel("step")
    axis.set_ylabel("hinge loss")
    axis.legend(title=f"of single batches, and means of {_AVERAGED}")
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of so many values around each; of fewer at both ends."""
    window = np.ones(min(_AVERAGED, len(values)))
    return np.convolve(values, window, "same") / np.convolve(np.ones(len(values)), window, "same")


def percent(share: float) -> str:
    """A share as text: 0.744 is "74 %"."""
    return f"{100 * share:.0f} %"


def draw_success(curve: Sequence[tuple[int, float]], greedy: float, path: Path) -> None:
    """The success rate over the steps, with what the learned policy reaches without exploring."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.plot([steps for steps, _ in curve], [100 * rate for _, rate in curve], label="while exploring")
    axis.axhline(100 * greedy, linestyle="--", color="tab:green", label=f"without exploring: {percent(greedy)}")
    axis.axhline(74.4, linestyle=":", color="grey", label="best possible: 74 %")
    axis.set_xlabel("steps")
    axis.set_ylabel("sessions that reach the goal, %")
    axis.set_ylim(0, 100)
    axis.legend()
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
