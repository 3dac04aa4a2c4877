"""The classical GAN: Goodfellow et al. (2014), "Generative Adversarial Nets", with two fully connected networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_engines.generate.arrays import MAX_VALUES, Samples, comparable, domain_of, read_samples, restored, scaled
from footlight_engines.generate.distance import kernel_distance
from footlight_engines.generate.encoding import encode, is_picture
from footlight_engines.generate.mlp_networks import generator_network
from footlight_engines.generate.mlp_options import MlpGanOptions
from footlight_engines.generate.mlp_training import MlpGanTraining, torch_device
from footlight_engines.generate.threads import computing_threads, on_one_thread
from footlight_plugins import Call, Content, Corpus, Domain, Generator, Options, State, TrainingRun
from footlight_plugins import Samples as CorpusSamples

_CHUNK = 16
"""How many pieces of content are made at once, always: a product of another shape may round in another way."""
_MEASURED = 1_000
"""At most how many samples a distance is measured on."""


@dataclass(frozen=True, slots=True)
class _Model:
    """A trained generator and what its numbers stand for."""

    network: torch.nn.Sequential
    latent: int
    shape: tuple[int, ...]
    low: float
    high: float
    training: dict[str, Any]
    """Seed, steps and the curve of the losses, for whoever wants to see them."""


class MlpGan(Generator):
    """Learns from arrays of one shape (see `read_samples`) and makes more of them.

    It is the baseline: quick to learn and to draw from, and noisy where neighbouring values should agree, because no
    layer knows which values are neighbours.
    """

    options_type = MlpGanOptions

    def __init__(self, options: Options) -> None:
        """Make an engine that knows nothing yet.

        Raises
        ------
        ValueError
            When the options ask for a GPU and there is none.
        """
        if not isinstance(options, MlpGanOptions):
            raise TypeError(f"options must be MlpGanOptions, not {type(options).__name__}")
        self._options = options
        self._device = torch_device(options.device)
        self._model: _Model | None = None

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        """Learn from a corpus of ``.npy`` files; see `read_samples` and `Generator.train`.

        Returns
        -------
        ``steps``, ``samples`` (seen, with repetition), ``seconds``, ``samples_per_second``, ``files_skipped``, the last
        ``loss_d`` and ``loss_g``; and where the corpus holds files below ``heldout/``, ``distance_generated`` from
        generated samples to these, and ``distance_real`` from training samples to these (see `kernel_distance`).

        Raises
        ------
        ValueError
            When the corpus cannot be learned from; the message names the file and what was expected.
        ArithmeticError
            When a loss is no longer finite.
        CallEnded
            When the run asked it to stop.
        """
        samples = read_samples(corpus)
        self._check_fits(samples.shape)
        for line in samples.broken:
            run.note(f"skipped: {line}")
        with computing_threads(self._options.threads):
            training = MlpGanTraining(samples.train, self._options, run)
            figures = training.train()
            about = {"seed": run.seed, "steps": training.steps, "history": training.history.as_json()}
            latent = self._options.latent
            self._model = _Model(training.generator(), latent, samples.shape, samples.low, samples.high, about)
            return {**figures, **self._distances(samples), "files_skipped": float(len(samples.broken))}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        """Make one piece of content a seed; see `Generator.generate`.

        Raises
        ------
        RuntimeError
            When it has neither been trained nor loaded.
        ValueError
            When a seed is negative, or pictures are asked for and the samples are none.
        CallEnded
            When nobody waits any more.
        """
        model = self._trained()
        if len(seeds) and seeds.min() < 0:
            raise ValueError(f"seed {seeds.min()} must be 0 or more")
        made: list[Content] = []
        for start in range(0, len(seeds), _CHUNK):
            call.check()
            chunk = self._make(model, seeds[start : start + _CHUNK])
            content = restored(chunk, model.low, model.high).clip(model.low, model.high)
            made += [self._content(sample, model) for sample in content]
        return made

    def _content(self, sample: NDArray[np.float32], model: _Model) -> Content:
        scale = scaled(sample, model.low, model.high) if domain_of(model.shape) is Domain.ARRAY else sample
        return replace(encode(sample, model.low, model.high, self._options.media), sample=scale)

    def samples(self, corpus: Corpus) -> CorpusSamples:
        """What it learns from; see `Generator.samples`."""
        return comparable(corpus)

    def state(self) -> State:
        """The generator's weights and statistics by PyTorch's names; ranges, shape and loss curve in the meta."""
        model = self._trained()
        arrays = {name: value.cpu().numpy().copy() for name, value in model.network.state_dict().items()}
        scale = {"latent": model.latent, "shape": list(model.shape), "low": model.low, "high": model.high}
        return State(arrays, {**scale, **model.training})

    def load(self, state: State) -> None:
        """Take over a trained generator.

        Raises
        ------
        ValueError
            When a size or an array is missing, has another shape or is not finite; the message names it.
        """
        latent, shape, low, high = _checked_meta(state.meta)
        with torch.random.fork_rng(devices=[]):
            network = generator_network(latent, math.prod(shape))
        _check_arrays(state.arrays, network)
        network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.arrays.items()})
        about = {name: state.meta[name] for name in ("seed", "steps", "history") if name in state.meta}
        self._model = _Model(network.to(self._device).eval(), latent, shape, low, high, about)

    def _trained(self) -> _Model:
        if self._model is None:
            raise RuntimeError("this mlp-gan has neither been trained nor loaded")
        return self._model

    def _check_fits(self, shape: tuple[int, ...]) -> None:
        """Refuse what could only fail after the training."""
        if self._options.media == "png" and not is_picture(shape):
            raise ValueError(f"media 'png' was asked for, but a sample of shape {shape} is no picture")
        if self._options.augment == "dihedral" and (len(shape) < 2 or shape[-1] != shape[-2]):
            raise ValueError(f"augment 'dihedral' was asked for, but a sample of shape {shape} is not square")

    @torch.inference_mode()
    def _make(self, model: _Model, seeds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Content in [-1, 1] for at most a chunk of seeds: (n, *shape)."""
        z = np.zeros((_CHUNK, model.latent), np.float32)  # (16, Z), filled up with zeros
        for row, seed in enumerate(seeds):
            z[row] = np.random.default_rng(int(seed)).standard_normal(model.latent, np.float32)
        with on_one_thread():
            made = model.network(torch.from_numpy(z).to(self._device))  # (16, D)
        array: NDArray[np.float32] = made.cpu().numpy()[: len(seeds)]
        return array.reshape(len(seeds), *model.shape)

    def _distances(self, samples: Samples) -> dict[str, float]:
        """How far generated and training samples are from the held-out ones; nothing where fewer than two are held out."""
        if len(samples.heldout) < 2:
            return {}
        model, heldout = self._trained(), samples.heldout[:_MEASURED]
        seeds = np.arange(_MEASURED)
        made = np.concatenate([self._make(model, seeds[i : i + _CHUNK]) for i in range(0, _MEASURED, _CHUNK)])
        real = np.random.default_rng(0).permutation(samples.train)[:_MEASURED]
        return {
            "distance_generated": kernel_distance(made, heldout),
            "distance_real": kernel_distance(real, heldout),
        }


def _checked_meta(meta: Mapping[str, Any]) -> tuple[int, tuple[int, ...], float, float]:
    """Latent, shape, low and high, or a ValueError."""
    latent, shape, low, high = (meta.get(name) for name in ("latent", "shape", "low", "high"))
    if not isinstance(latent, int) or not 1 <= latent <= 1_024:
        raise ValueError(f"state of mlp-gan: 'latent' must be 1 to 1024, not {latent!r}")
    if not isinstance(shape, list) or not shape or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(f"state of mlp-gan: 'shape' must be a list of sizes, not {shape!r}")
    if math.prod(shape) > MAX_VALUES:
        raise ValueError(f"state of mlp-gan: 'shape' {shape} has more than {MAX_VALUES} values")
    if not isinstance(low, float) or not isinstance(high, float) or not -np.inf < low < high < np.inf:
        raise ValueError(
            f"state of mlp-gan: 'low' and 'high' must be numbers in ascending order, not {low!r}, {high!r}"
        )
    return latent, tuple(shape), low, high


def _check_arrays(arrays: Mapping[str, NDArray[Any]], network: torch.nn.Module) -> None:
    """Refuse arrays that are not those of the network."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    if set(arrays) != set(expected):
        raise ValueError(f"state of mlp-gan: arrays {sorted(set(arrays) ^ set(expected))} are missing or too many")
    for name, shape in expected.items():
        if arrays[name].shape != shape or arrays[name].dtype.kind not in "fi" or not np.isfinite(arrays[name]).all():
            raise ValueError(f"state of mlp-gan: array {name!r} must be finite numbers of shape {shape}")
