"""Pictures of 32 x 32 RGBA: how fast the shipped recipe learns and draws, each beside the plain way to compute the same.

The plain training: single precision, contiguous tensors, PyTorch's default Adam, enlarging and then convolving. The plain
drawing: the trained network as it is, in evaluation mode. ``--clock cpu`` takes the CPU time of one thread, for a machine
that does other work as well.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import conv2d, interpolate

from footlight_engines.generate.conv_engine import Model
from footlight_engines.generate.conv_networks import ResizeConv
from footlight_engines.generate.conv_options import ImageGanOptions
from footlight_engines.generate.conv_training import ConvTraining, plan_of
from footlight_engines.generate.image_gan import ImageGan
from footlight_engines.generate.material import Material
from footlight_engines.generate.networks import generator_of
from footlight_engines.generate.plan import Seeded
from footlight_plugins import TrainingRun

CLASSES = tuple(map(str, range(6)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    figures = {**learning(clock, arguments.steps, arguments.rounds), **drawing(clock, arguments.rounds * 10)}
    for name, value in figures.items():
        print(f"{name:<44} {value:>10.4g}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def learning(clock: Callable[[], float], steps: int, rounds: int) -> dict[str, float]:
    """Pictures a second; the two take turns."""
    shipped, plain = training("auto"), training("fp32")
    _make_plain(plain)
    took: dict[str, list[float]] = {"shipped": [], "plain": []}
    for _ in range(rounds + 1):
        for name, one in (("shipped", shipped), ("plain", plain)):
            start = clock()
            for _ in range(steps):
                one._step()
                one.steps += 1
            took[name].append(clock() - start)
    rates = {name: 32 * steps / statistics.median(seconds[1:]) for name, seconds in took.items()}
    ratio = {"learning: shipped over plain": rates["shipped"] / rates["plain"]}
    return {f"learning: {name}, pictures a second": rate for name, rate in rates.items()} | ratio


def training(precision: Literal["auto", "fp32"]) -> ConvTraining:
    """A training on noise: what is learned takes no part in how long it takes."""
    options = ImageGanOptions(steps=1_000_000, precision=precision, evaluations=0, device="cpu")
    return ConvTraining(noise(), options, TrainingRun(0, Path(tempfile.mkdtemp()), lambda *_: None))


def noise() -> Material:
    """Pictures of six classes."""
    rng = np.random.default_rng(0)
    content = rng.integers(0, 256, (2_000, 4, 32, 32)).astype(np.uint8)
    return Material("image", 0, (4, 32, 32), content, rng.integers(0, 6, 2_000), CLASSES)


def _make_plain(one: ConvTraining) -> None:
    one._layout = torch.contiguous_format
    setattr(one._g, "begin", types.MethodType(Seeded.begin, one._g))  # noqa: B010  # of an instance
    for network in (one._g, one._d, one._average):
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # it may
        for layer in network.modules():
            if isinstance(layer, ResizeConv):
                layer.forward = _enlarged(layer)  # type: ignore[method-assign,assignment]  # the plain way
    for name, network in (("_adam_g", one._g), ("_adam_d", one._d)):
        setattr(one, name, torch.optim.Adam(network.parameters(), lr=5e-4, betas=(0.0, 0.9)))


def _enlarged(layer: ResizeConv) -> Callable[[torch.Tensor], torch.Tensor]:
    def forward(x: torch.Tensor) -> torch.Tensor:
        return conv2d(interpolate(x, scale_factor=2, mode="nearest"), layer.weight.transpose(0, 1), padding=1)

    return forward


@torch.inference_mode()
def drawing(clock: Callable[[], float], rounds: int) -> dict[str, float]:
    """Milliseconds for 64 pictures and for one, from latents to bytes."""
    plan = plan_of(noise(), ImageGanOptions())
    network, engine = generator_of(plan).eval(), ImageGan(ImageGanOptions())
    model = engine._model = Model(network, plan, "image", 0, CLASSES, (1 / 6,) * 6, {})
    z, labels = torch.randn(64, plan.latent), torch.zeros(64, dtype=torch.int64)
    latents, classes = z.numpy(), labels.numpy()
    figures: dict[str, float] = {}
    for count in (64, 1):
        plain = _median(clock, lambda n=count: engine.chosen(network(z[:n], labels[:n]), model), rounds)  # type: ignore[misc]
        shipped = _median(clock, lambda n=count: engine.mapped(latents[:n], classes[:n]), rounds)  # type: ignore[misc]
        figures |= {
            f"drawing {count}: plain, ms": 1e3 * plain,
            f"drawing {count}: shipped, ms": 1e3 * shipped,
            f"drawing {count}: plain over shipped": plain / shipped,
        }
    return figures


def _median(clock: Callable[[], float], work: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds + 3):
        start = clock()
        work()
        took.append(clock() - start)
    return statistics.median(took[3:])


if __name__ == "__main__":
    main()
