"""The training of the convolutional GANs. Every draw comes from the seed and the number of the step, so a training that was
cut off goes on to the same bits as one that was not."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from footlight_engines.generate.board import Board
from footlight_engines.generate.checkpoint import load_checkpoint, load_optimizer, optimizer_tensors, save_checkpoint
from footlight_engines.generate.conv_options import ConvOptions
from footlight_engines.generate.diff_augment import augmented
from footlight_engines.generate.heads import Head, head_of, outside
from footlight_engines.generate.history import LossHistory
from footlight_engines.generate.judging import FIGURES, Judge
from footlight_engines.generate.losses import gradient_penalty, hinge_d, hinge_g, relativistic_d, relativistic_g
from footlight_engines.generate.material import Material
from footlight_engines.generate.mlp_networks import move_average
from footlight_engines.generate.mlp_training import torch_device
from footlight_engines.generate.networks import discriminator_of, generator_of
from footlight_engines.generate.plan import Plan, Seeded
from footlight_engines.generate.thread_choice import ThreadChoice
from footlight_plugins import CallEnded, TrainingRun

_REPORT_SECONDS = 0.2
_OVERFITTED = 2
"""It stops when so many measurements in a row say that it overfits."""
_STEPS, _MOST_STEPS = 7_500, 10_000_000
"""Without a number of steps: where nothing else ends it, and where the time does."""
_UNNAMED = 0.75
"""So much of what it learns from, and of what it makes meanwhile, neither network is told the class of. With few samples a
class, networks that are always told fall to one picture a class (Shahbazi et al. 2022, "Collapse by conditioning"); those
that mostly are not learn the whole, and the classes beside it."""
_NOT_LEARNING = ("max_seconds", "device", "threads", "checkpoint_seconds", "media", "attempts")
"""The options that do not change what a step does."""


class ConvTraining:
    """Both networks, their optimisers and how far they are."""

    def __init__(self, material: Material, options: ConvOptions, run: TrainingRun) -> None:
        """Networks with fresh weights."""
        self._material, self._options, self._run = material, options, run
        self._device = torch_device(options.device)
        self._head: Head = head_of(material.kind, material.options)
        self.plan = plan_of(material, options)
        self._steps = options.steps or (_MOST_STEPS if options.max_seconds else _STEPS)
        self._batch = min(options.batch_size, len(material.content))  # B
        self._content = torch.from_numpy(material.content).to(self._device)  # (N, ...), kept small
        self._labels = torch.from_numpy(material.labels).to(self._device)
        with torch.random.fork_rng(devices=[]):
            torch.random.manual_seed(run.seed)
            self._g, self._d = generator_of(self.plan), discriminator_of(self.plan)
        self._layout = torch.channels_last
        for network in (self._g, self._d):
            network.to(self._device).to(memory_format=self._layout)  # type: ignore[call-overload]  # it may
        self._average = copy.deepcopy(self._g)
        self._best = copy.deepcopy(self._g.state_dict())
        adam: dict[str, Any] = {"lr": options.learning_rate, "betas": (0.0, 0.9), "fused": True}
        self._adam_g = torch.optim.Adam(self._g.parameters(), **adam)
        self._adam_d = torch.optim.Adam(self._d.parameters(), **adam)
        self._sixteen = computes_in_sixteen(options.precision, self._device)
        self._judge = Judge(material, self._head, self.plan, run.seed, self._device)
        self._board = Board(run.curves)
        self.steps, self.seconds, self.distance, self.spread = 0, 0.0, math.inf, 1.0
        self._alone = 0  # steps on one thread where there were more
        self.history = LossHistory(["loss_d", "loss_g"])
        self._measured = self._overfitted = 0
        self._measured_at = -1  # the step
        self._epoch, self._order = -1, np.empty(0, np.int64)
        self._reported = self._saved = 0.0
        self._latest: dict[str, float] = {}
        self._fingerprint = _fingerprint(material, options, (run.seed, self.plan))

    def generator(self) -> nn.Module:
        """The network to hand out, in evaluation mode: the best that was measured, else the last."""
        network = copy.deepcopy(self._average)
        if math.isfinite(self.distance):
            network.load_state_dict(self._best)
        network = self._judge.settled(network)
        assert isinstance(network, Seeded)
        self.spread = self._judge.spread(network, self._options.least_spread)
        network.narrow(self.spread)
        return network

    def train(self) -> dict[str, float]:
        """Learn until the steps or the seconds are used up, from the last checkpoint on.

        Raises
        ------
        CallEnded
            When the run asked it to stop; a checkpoint was saved.
        ArithmeticError
            When a loss is no longer finite.
        MemoryError
            When the device has too little memory even for two samples at once.
        ValueError
            When the folder holds the checkpoint of another training.
        """
        self._resume()
        self._saved = self.seconds
        start = time.monotonic() - self.seconds
        threads = ThreadChoice(self._try, self._options.threads > 0 or self._device.type != "cpu")
        while self.steps < self._steps and not self._out_of_time() and not self._overfits():
            if self._run.stopping():
                self._save()
                raise CallEnded(f"the training was stopped after {self.steps} steps")
            threads.attend()
            self._latest = self._step_that_fits()
            self.steps += 1
            self._alone += threads.alone
            self.seconds = time.monotonic() - start
            self._measure_when_due()
            self._tell()
        self._measure()
        self._save()
        self._run.report(1.0, self.steps, self._figures())
        self._board.scalars(self.steps, self._figures())
        self._board.close()
        return {"steps": float(self.steps), "samples": float(self.steps * self._batch), **self._figures()}

    def _try(self) -> None:
        """A piece of a step that leaves everything as it is: D's gradients, of nothing."""
        plan = self.plan
        x = torch.zeros(self._batch, plan.channels, plan.height, plan.width).contiguous(memory_format=self._layout)
        with self._cast():
            scores = self._d(x, torch.zeros(self._batch, dtype=torch.int64))
        torch.autograd.grad(scores.float().sum(), list(self._d.parameters()), allow_unused=True)

    def _step_that_fits(self) -> dict[str, float]:
        """One step; where the device's memory does not suffice, with half of the batch from then on."""
        while True:
            try:
                return self._step()
            except torch.cuda.OutOfMemoryError as full:
                if self._batch <= 2:
                    raise MemoryError(f"the device has too little memory: {full}") from full
                self._batch //= 2
                torch.cuda.empty_cache()

    def _step(self) -> dict[str, float]:
        """One step of D, then one of G."""
        relativistic = self._options.recipe == "quality"
        self._set_rates()
        real, labels, z, made_labels, generator = self._draw()
        real = self._head.encode(real).contiguous(memory_format=self._layout)  # (B, C, H, W)
        self._g.train()
        with self._cast():
            made = self._made(self._g, z, made_labels)  # (B, C, H, W)

            # D: its two inputs go through it together, seen through the same kind of changes.
            x = torch.cat([self._augmented(real, generator), self._augmented(made.detach(), generator)])
            scores = self._d(x, torch.cat([labels, made_labels])).float()
        on_real, on_made = scores.chunk(2)
        loss_d = relativistic_d(on_real, on_made) if relativistic else hinge_d(on_real, on_made)
        penalty = self._penalty(x.detach().float(), labels, made_labels) if self._penalty_due() else 0.0
        self._adam_d.zero_grad()
        (loss_d + penalty).backward()  # type: ignore[no-untyped-call]
        self._adam_d.step()

        # G: the D that judges is the one just improved.
        self._d.requires_grad_(False)
        with self._cast():
            fake = self._d(self._augmented(made, generator), made_labels).float()
            if relativistic:
                with torch.no_grad():
                    on_real = self._d(self._augmented(real, generator), labels).float()
        loss_g = relativistic_g(on_real, fake) if relativistic else hinge_g(fake)
        self._adam_g.zero_grad()
        loss_g.backward()  # type: ignore[no-untyped-call]
        self._adam_g.step()
        self._d.requires_grad_(True)
        if self._options.ema_share:
            move_average(self._average, self._g, self._beta())
        else:
            self._average.load_state_dict(self._g.state_dict())
        return self._checked(loss_d.item(), loss_g.item())

    def _penalty(self, x: torch.Tensor, labels: torch.Tensor, made_labels: torch.Tensor) -> torch.Tensor:
        """gamma/2 (R1 + R2), R1 alone for ``fast``; in single precision, and as many times as it is left out."""
        inputs = x if self._options.recipe == "quality" else x[: len(labels)]
        classes = torch.cat([labels, made_labels])[: len(inputs)]
        inputs = inputs.requires_grad_(True)
        penalty = gradient_penalty(self._d(inputs, classes), inputs)
        if self._options.recipe == "quality":
            penalty = 2 * penalty  # the mean is over both halves
        gamma = self._options.penalty * _cosine(self._fraction(), 0.1)
        return gamma / 2 * penalty * self._every()

    def _every(self) -> int:
        return self._options.penalty_every or (1 if self._options.recipe == "quality" else 16)

    def _penalty_due(self) -> bool:
        return self._options.penalty > 0 and self.steps % self._every() == 0

    def _made(self, network: nn.Module, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self._head.activate(network(z, labels))

    def _augmented(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        x = augmented(x, tuple(self._options.augment), outside(self._material.kind), generator)
        return self._material.seen(x, generator)

    def _cast(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._sixteen)

    def _set_rates(self) -> None:
        rate = self._options.learning_rate * _cosine(self._fraction(), self._options.last_rate)
        for adam in (self._adam_g, self._adam_d):
            for group in adam.param_groups:
                group["lr"] = rate

    def _fraction(self) -> float:
        """How much of the training is behind: by time where time is what ends it."""
        done = self.steps / self._steps
        return min(1.0, max(done, self.seconds / self._options.max_seconds)) if self._options.max_seconds else done

    def _beta(self) -> float:
        """How much of the average stays: it halves after ``ema_share`` of the samples seen so far."""
        half_life = self._options.ema_share * self.steps * self._batch
        return float(0.5 ** (self._batch / half_life)) if half_life else 0.0

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Generator]:
        """Samples and their classes, latents and their classes, and where further draws come from."""
        count = len(self._content)
        batches = max(1, count // self._batch)  # in an epoch; the rest of the shuffled samples waits for the next
        epoch, place = divmod(self.steps, batches)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self._run.seed, 0, epoch]).permutation(count)
        rows = torch.from_numpy(self._order[place * self._batch : (place + 1) * self._batch]).to(self._device)
        rng = np.random.default_rng([self._run.seed, 1, self.steps])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        z = torch.from_numpy(rng.standard_normal((len(rows), self._options.latent), np.float32)).to(self._device)
        wanted = torch.from_numpy(rng.integers(count, size=len(rows))).to(self._device)
        known = torch.from_numpy(rng.random(len(rows)) >= _UNNAMED).to(self._device)
        real = self._material.vary(self._content[rows], generator)
        # As many of either are named, so that D learns nothing from that.
        return real, self._named(rows, known), z, self._named(wanted, known), generator

    def _named(self, rows: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """The classes of samples (B,): the last stands for any."""
        if not self.plan.classes:
            return self._labels[rows]
        return torch.where(known, self._labels[rows], self.plan.classes - 1)

    def _checked(self, loss_d: float, loss_g: float) -> dict[str, float]:
        if not (math.isfinite(loss_d) and math.isfinite(loss_g)):
            raise ArithmeticError(
                f"the losses are no longer finite (loss_d {loss_d}, loss_g {loss_g} at step {self.steps + 1}): "
                "a lower learning_rate may help"
            )
        self.history.add([loss_d, loss_g])
        return {**{k: v for k, v in self._latest.items() if k in FIGURES}, "loss_d": loss_d, "loss_g": loss_g}

    def _measure_when_due(self) -> None:
        due = int(self._fraction() * self._options.evaluations)
        if due > self._measured:
            self._measured = due
            self._measure()

    def _measure(self) -> None:
        """Keep the best state; remember how well D tells what is held out from what it learns from."""
        if not self._options.evaluations or self._measured_at == self.steps:
            return
        self._measured_at = self.steps
        network = self._judge.settled(copy.deepcopy(self._average))
        seen = self._judge.look(network, self._d)
        self._latest = {**self._latest, **seen.figures}
        if seen.distance <= self.distance:
            self.distance, self._best = seen.distance, copy.deepcopy(network.state_dict())
        limit = self._options.overfit_stop
        self._overfitted = self._overfitted + 1 if limit and seen.figures.get("overfit", 0.0) > limit else 0
        self._board.scalars(self.steps, seen.figures)
        self._board.pictures(self.steps, seen.made)

    def _overfits(self) -> bool:
        return self._overfitted >= _OVERFITTED

    def _out_of_time(self) -> bool:
        return 0 < self._options.max_seconds <= self.seconds

    def _figures(self) -> dict[str, float]:
        rate = self.steps * self._batch / max(self.seconds, 1e-9)
        best = {"distance_best": self.distance} if math.isfinite(self.distance) else {}
        alone = {"steps_on_one_thread": float(self._alone)} if self._alone else {}
        return {**self._latest, **best, **alone, "seconds": self.seconds, "samples_per_second": rate}

    def _tell(self) -> None:
        """Report and save, each when it is time."""
        if self.seconds - self._reported >= _REPORT_SECONDS:
            self._run.report(self._fraction(), self.steps, self._figures())
            self._board.scalars(self.steps, self._figures())
            self._reported = self.seconds
        if self.seconds - self._saved >= self._options.checkpoint_seconds:
            self._save()
            self._saved = self.seconds

    def _save(self) -> None:
        networks = {"g": self._g.state_dict(), "d": self._d.state_dict(), "average": self._average.state_dict()}
        tensors = {f"{name}.{k}": v for name, net in {**networks, "best": self._best}.items() for k, v in net.items()}
        tensors |= optimizer_tensors("adam_g", self._adam_g) | optimizer_tensors("adam_d", self._adam_d)
        progress = {
            "steps": self.steps,
            "seconds": self.seconds,
            "distance": self.distance if math.isfinite(self.distance) else None,
            "measured": self._measured,
            "overfitted": self._overfitted,
            "batch": self._batch,
            "history": self.history.state(),
            "latest": self._latest,
            "alone": self._alone,
        }
        save_checkpoint(self._run.directory, tensors, {"fingerprint": self._fingerprint, **progress})

    def _resume(self) -> None:
        found = load_checkpoint(self._run.directory)
        if found is None:
            return
        tensors, meta = found
        if meta.get("fingerprint") != self._fingerprint:
            raise ValueError(f"{self._run.directory} holds a checkpoint of another seed, corpus or other options")
        for name, network in {"g": self._g, "d": self._d, "average": self._average}.items():
            network.load_state_dict(_below(name, tensors))
        self._best = _below("best", tensors)
        load_optimizer("adam_g", self._adam_g, tensors)
        load_optimizer("adam_d", self._adam_d, tensors)
        self.steps, self.seconds, self._latest = meta["steps"], meta["seconds"], meta["latest"]
        self.distance = math.inf if meta["distance"] is None else meta["distance"]
        self._measured, self._batch = meta["measured"], meta["batch"]
        self._overfitted, self._alone = meta["overfitted"], meta.get("alone", 0)
        self.history.load(meta["history"])


def _below(name: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key.removeprefix(name + "."): value for key, value in tensors.items() if key.startswith(name + ".")}


def _cosine(fraction: float, last: float) -> float:
    """From 1 at the beginning to ``last`` at the end, along a half cosine."""
    return last + (1 - last) * (1 + math.cos(math.pi * fraction)) / 2


def computes_in_sixteen(precision: str, device: torch.device) -> bool:
    """Whether convolutions are to be computed in 16 bits."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    known: Any = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)  # slower than fp32 where emulated
    return bool(known())


def plan_of(material: Material, options: ConvOptions) -> Plan:
    """The networks for content and options."""
    _, height, width = material.shape
    base = options.width or 16 * min(4, max(1, 128 // max(height, width)))
    classes = len(material.classes) + 1 if material.classes else 0
    image = material.kind == "image"
    sizes = options.latent, base, classes
    ways = {"shuffled": image and not options.depth, "modulated": image}
    return Plan(*material.shape, *sizes, options.recipe, options.depth, material.voices, **ways)


def _fingerprint(material: Material, options: ConvOptions, origin: tuple[int, Plan]) -> str:
    """Tells one training from another: the seed, the networks, the options that matter and the samples."""
    chosen = {name: value for name, value in options.model_dump().items() if name not in _NOT_LEARNING}
    digest = hashlib.sha256(repr((origin, material.content.shape, material.classes, chosen)).encode())
    digest.update(np.ascontiguousarray(material.content).data)
    digest.update(np.ascontiguousarray(material.labels).data)
    return digest.hexdigest()
