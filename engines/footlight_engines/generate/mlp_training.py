"""The training of the classical GAN: Goodfellow et al. (2014), "Generative Adversarial Nets", algorithm 1, with k = 1."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from footlight_engines.generate.augmentation import dihedral
from footlight_engines.generate.board import Board
from footlight_engines.generate.checkpoint import (
    load_checkpoint,
    load_optimizer,
    optimizer_tensors,
    save_checkpoint,
)
from footlight_engines.generate.history import LossHistory
from footlight_engines.generate.mlp_networks import (
    discriminator_network,
    estimate_statistics,
    generator_network,
    move_average,
)
from footlight_engines.generate.mlp_options import MlpGanOptions
from footlight_engines.generate.thread_choice import ThreadChoice
from footlight_plugins import CallEnded, TrainingRun

_REPORT_SECONDS = 0.2
_STATISTICS_BATCHES = 32
_LEARNING = ("batch_size", "learning_rate", "latent", "augment", "ema_half_life")
"""The options that change what a step does: a checkpoint made with others belongs to another training."""


class MlpGanTraining:
    """Both networks, their optimisers and how far they are.

    Every draw comes from the seed and the number of the step or epoch. So a checkpoint holds no generator, and a training
    that was cut off goes on to the same bits as one that was not.
    """

    def __init__(self, train: NDArray[np.float32], options: MlpGanOptions, run: TrainingRun) -> None:
        """Networks with fresh weights for samples in [-1, 1] of shape (n, *shape)."""
        self._options, self._run = options, run
        self._device = torch_device(options.device)
        self._shape = train.shape[1:]
        self._fingerprint = _fingerprint(train, options, run.seed)
        self._train = torch.from_numpy(train.reshape(len(train), -1)).to(self._device)  # (N, D)
        self._batch = min(options.batch_size, len(train))  # B
        size = self._train.shape[1]
        with torch.random.fork_rng(devices=[]):
            torch.random.manual_seed(run.seed)
            self._g = generator_network(options.latent, size).to(self._device)
            self._d = discriminator_network(size).to(self._device)
        self._average = copy.deepcopy(self._g)
        adam = {"lr": options.learning_rate, "betas": (0.5, 0.999), "fused": True}
        self._adam_g = torch.optim.Adam(self._g.parameters(), **adam)  # type: ignore[arg-type]  # mixed values
        self._adam_d = torch.optim.Adam(self._d.parameters(), **adam)  # type: ignore[arg-type]
        self.steps, self.seconds = 0, 0.0
        self._alone = 0  # steps on one thread where there were more
        self.history = LossHistory(["loss_d", "loss_g"])
        self._epoch, self._order = -1, np.empty(0, np.int64)
        self._reported = self._saved = 0.0
        self._latest: dict[str, float] = {}
        self._board = Board(run.curves)

    def generator(self) -> torch.nn.Sequential:
        """The network to hand out, in evaluation mode: what a piece of content becomes must not depend on its batch."""
        network = copy.deepcopy(self._average if self._options.ema_half_life else self._g)
        rng = np.random.default_rng([self._run.seed, 2])
        latents = rng.standard_normal((_STATISTICS_BATCHES, 256, self._options.latent), np.float32)  # (., B, Z)
        estimate_statistics(network, torch.from_numpy(latents).to(self._device))
        return network

    def train(self) -> dict[str, float]:
        """Learn until the steps or the seconds are used up, from the last checkpoint on.

        Raises
        ------
        CallEnded
            When the run asked it to stop; a checkpoint was saved.
        ArithmeticError
            When a loss is no longer finite.
        ValueError
            When the folder holds the checkpoint of another training.
        """
        self._resume()
        self._saved = self.seconds
        start = time.monotonic() - self.seconds
        threads = ThreadChoice(self._try, self._options.threads > 0 or self._device.type != "cpu")
        while self.steps < self._options.steps and not self._out_of_time():
            if self._run.stopping():
                self._save()
                raise CallEnded(f"the training was stopped after {self.steps} steps")
            threads.attend()
            self._latest = self._step()
            self.steps += 1
            self._alone += threads.alone
            self.seconds = time.monotonic() - start
            self._tell()
        self._save()
        self._run.report(1.0, self.steps, self._figures())
        self._board.scalars(self.steps, self._figures())
        self._board.close()
        return {"steps": float(self.steps), "samples": float(self.steps * self._batch), **self._figures()}

    def _try(self) -> None:
        """A piece of a step that leaves everything as it is: D's gradients."""
        scores = self._d(self._train[: self._batch])
        torch.autograd.grad(scores.sum(), list(self._d.parameters()))

    def _step(self) -> dict[str, float]:
        """One step of D, then one of G."""
        x, z = self._draw()  # (B, D), (B, Z)
        real, fake = torch.ones(len(x), 1, device=self._device), torch.zeros(len(x), 1, device=self._device)
        self._g.train()
        made = self._g(z)  # (B, D)

        # D ascends log D(x) + log(1 - D(G(z))). G is fixed here: its graph is cut off, and kept for its own step.
        loss_d = binary_cross_entropy_with_logits(self._d(x), real)
        loss_d = loss_d + binary_cross_entropy_with_logits(self._d(made.detach()), fake)
        self._adam_d.zero_grad()
        loss_d.backward()  # type: ignore[no-untyped-call]
        self._adam_d.step()

        # G ascends log D(G(z)), which has stronger gradients early on than descending log(1 - D(G(z))) (section 3).
        # The D that judges is the one just improved, so G's output goes through it afresh.
        self._d.requires_grad_(False)
        loss_g = binary_cross_entropy_with_logits(self._d(made), real)
        self._adam_g.zero_grad()
        loss_g.backward()  # type: ignore[no-untyped-call]
        self._adam_g.step()
        self._d.requires_grad_(True)

        if self._options.ema_half_life:
            move_average(self._average, self._g, self._beta())
        return self._checked(loss_d.item(), loss_g.item())

    def _beta(self) -> float:
        """How much of the average stays at this step: it halves after ``ema_half_life`` samples, but at first after 5 %
        of the samples seen so far, so that the untrained weights soon count for nothing (StyleGAN2-ADA's ramp-up)."""
        half_life = min(self._options.ema_half_life, 0.05 * self.steps * self._batch)
        return float(0.5 ** (self._batch / half_life)) if half_life else 0.0

    def _draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The samples and the latents of this step: (B, D) and (B, Z)."""
        batches = len(self._train) // self._batch  # in an epoch; the rest of the shuffled samples waits for the next
        epoch, place = divmod(self.steps, batches)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self._run.seed, 0, epoch]).permutation(len(self._train))
        rows = self._order[place * self._batch : (place + 1) * self._batch]
        rng = np.random.default_rng([self._run.seed, 1, self.steps])
        z = rng.standard_normal((self._batch, self._options.latent), np.float32)
        x = self._train[torch.from_numpy(rows).to(self._device)]
        if self._options.augment == "dihedral":
            symmetry = torch.from_numpy(rng.integers(8, size=self._batch)).to(self._device)
            x = dihedral(x.view(-1, *self._shape), symmetry).reshape(x.shape)
        return x, torch.from_numpy(z).to(self._device)

    def _checked(self, loss_d: float, loss_g: float) -> dict[str, float]:
        if not (math.isfinite(loss_d) and math.isfinite(loss_g)):
            raise ArithmeticError(
                f"the losses are no longer finite (loss_d {loss_d}, loss_g {loss_g} at step {self.steps + 1}): "
                "a lower learning_rate may help"
            )
        self.history.add([loss_d, loss_g])
        return {"loss_d": loss_d, "loss_g": loss_g}

    def _out_of_time(self) -> bool:
        return 0 < self._options.max_seconds <= self.seconds

    def _figures(self) -> dict[str, float]:
        rate = self.steps * self._batch / max(self.seconds, 1e-9)
        alone = {"steps_on_one_thread": float(self._alone)} if self._alone else {}
        return {**self._latest, **alone, "seconds": self.seconds, "samples_per_second": rate}

    def _tell(self) -> None:
        """Report and save, each when it is time."""
        if self.seconds - self._reported >= _REPORT_SECONDS:
            fraction = self.steps / self._options.steps
            if self._options.max_seconds:
                fraction = max(fraction, min(1.0, self.seconds / self._options.max_seconds))
            self._run.report(fraction, self.steps, self._figures())
            self._board.scalars(self.steps, self._figures())
            self._reported = self.seconds
        if self.seconds - self._saved >= self._options.checkpoint_seconds:
            self._save()
            self._saved = self.seconds

    def _save(self) -> None:
        networks = {"g": self._g, "d": self._d, "average": self._average}
        tensors = {f"{name}.{key}": v for name, network in networks.items() for key, v in network.state_dict().items()}
        tensors |= optimizer_tensors("adam_g", self._adam_g) | optimizer_tensors("adam_d", self._adam_d)
        progress = {
            "steps": self.steps,
            "seconds": self.seconds,
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
        load_optimizer("adam_g", self._adam_g, tensors)
        load_optimizer("adam_d", self._adam_d, tensors)
        self.steps, self.seconds, self._latest = meta["steps"], meta["seconds"], meta["latest"]
        self._alone = meta.get("alone", 0)
        self.history.load(meta["history"])


def torch_device(name: str) -> torch.device:
    """The device of an option.

    Raises
    ------
    ValueError
        When a GPU is asked for and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but PyTorch finds no GPU")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def _fingerprint(train: NDArray[np.float32], options: MlpGanOptions, seed: int) -> str:
    """Tells one training from another: the seed, the options that matter and the samples."""
    digest = hashlib.sha256(repr((seed, train.shape, [getattr(options, name) for name in _LEARNING])).encode())
    digest.update(np.ascontiguousarray(train).data)
    return digest.hexdigest()


def _below(name: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors whose names start with ``name.``, without it."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
