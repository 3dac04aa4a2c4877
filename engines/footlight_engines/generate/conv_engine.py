"""What the convolutional generators share: learning, drawing, storing. What the content is, each says for itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from footlight_engines.generate.batch_sizes import Sizes, agreeing_sizes
from footlight_engines.generate.conv_options import ConvOptions
from footlight_engines.generate.conv_training import ConvTraining, computes_in_sixteen
from footlight_engines.generate.heads import Head, head_of, seeded_latents
from footlight_engines.generate.material import Material
from footlight_engines.generate.mlp_training import torch_device
from footlight_engines.generate.networks import generator_of
from footlight_engines.generate.plan import Plan
from footlight_engines.generate.serving import served
from footlight_engines.generate.threads import computing_threads, drawn_side_by_side, on_one_thread
from footlight_engines.recommend.in_parallel import threads
from footlight_plugins import Call, Content, Corpus, Generator, Options, State, TrainingRun, Wish, WishRefused

FEWEST_SAMPLES = 50
AT_A_TIME = 32
"""So many are drawn on each core before it is looked whether the caller still waits."""
ANYTHING = Wish()


@dataclass(frozen=True)
class Model:
    """A trained generator and what its numbers stand for."""

    network: nn.Module
    plan: Plan
    kind: str
    options: int
    classes: tuple[str, ...]
    shares: tuple[float, ...]
    """How frequent each class is."""
    meta: Mapping[str, Any]
    """What the engine keeps besides, as JSON can hold it."""

    @property
    def head(self) -> Head:
        """How its content is made of what the network gives out."""
        return head_of(self.kind, self.options)


class ConvEngine(Generator):
    """A convolutional GAN for some kind of content."""

    options_type: ClassVar[type[Options]] = ConvOptions
    name: ClassVar[str] = ""
    no_classes: ClassVar[str] = "it learned no classes"
    """What is said where one is asked for."""

    def __init__(self, options: Options) -> None:
        """Make an engine that knows nothing yet.

        Raises
        ------
        ValueError
            When the options ask for a GPU and there is none.
        """
        kind = self.options_type
        if not isinstance(options, kind):
            raise TypeError(f"options must be {kind.__name__}, not {type(options).__name__}")
        self._options: Any = options
        self._device = torch_device(getattr(options, "device", "auto"))
        self._model: Model | None = None
        self._served: tuple[Model, nn.Module, Sizes] | None = None

    @abstractmethod
    def material(self, corpus: Corpus) -> tuple[Material, Mapping[str, Any], Mapping[str, float]]:
        """What is learned from, what is kept with the model, and figures about the corpus.

        Raises
        ------
        ValueError
            When the corpus cannot be learned from.
        """

    @abstractmethod
    def contents(self, arrays: NDArray[Any], seeds: Sequence[int], model: Model) -> list[Content]:
        """Kept content (n, ...) as files."""

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        """Learn from a corpus; see `Generator.train`."""
        material, meta, figures = self.material(corpus)
        if len(material.content) < FEWEST_SAMPLES:
            raise ValueError(
                f"the corpus has {len(material.content)} samples to train on, at least {FEWEST_SAMPLES} are needed"
            )
        for line in material.broken:
            run.note(f"skipped: {line}")
        with computing_threads(self._options.threads):
            training = ConvTraining(material, self._options, run)
            told = training.train()
            network = training.generator().cpu()
        counts = np.bincount(material.labels, minlength=max(1, len(material.classes)))
        shares = tuple(float(share) for share in counts / counts.sum())
        about = {"seed": run.seed, "steps": training.steps, "history": training.history.as_json()}
        plan, kinds = training.plan, (material.kind, material.options)
        self._model = Model(
            network, plan, *kinds, material.classes, shares, {**meta, **about, "spread": training.spread}
        )
        return {**told, **figures, "files_skipped": float(len(material.broken))}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        """Make one piece of content a seed; see `Generator.generate`."""
        return self.generate_as(seeds, ANYTHING, call)

    def generate_as(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        """Make one piece of content a seed, of a class and a truncation; see `Generator.generate_as`."""
        model = self.trained()
        if len(seeds) and seeds.min() < 0:
            raise ValueError(f"seed {seeds.min()} must be 0 or more")
        made: list[Content] = []
        size = AT_A_TIME * (threads() if self._device.type == "cpu" else 1)
        for start in range(0, len(seeds), size):
            call.check()
            chunk = [int(seed) for seed in seeds[start : start + size]]
            arrays = self.drawn(np.array(chunk, np.int64), wish)
            made += self.contents(arrays, chunk, model)
        return made

    def drawn(self, seeds: NDArray[np.int64], wish: Wish = ANYTHING) -> NDArray[Any]:
        """Kept content (n, ...) for any number of seeds."""
        return self.drawn_from(seeds, wish)[1]

    def drawn_from(self, seeds: NDArray[np.int64], wish: Wish) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """The latents (n, Z) of any number of seeds, before truncation, and kept content (n, ...)."""
        z = seeded_latents(seeds, self.trained().plan.latent)
        return z, self.mapped(z * np.float32(wish.truncation), self._labels(seeds, wish.class_name))

    def mapped(self, z: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[Any]:
        """Latents (n, Z) and classes (n,) to kept content (n, ...), in batches of sizes that give the same bits.

        What a batch lacks is filled up with zeros."""
        _, sizes = self._serving(self.trained())  # made here, once, and not by each thread
        hands = threads() if self._device.type == "cpu" else 1
        batches = sizes.batches(len(z), hands)
        chunks = [(z[start : start + size], labels[start : start + size], size) for start, size in batches]
        parts = drawn_side_by_side(self._filled, chunks, hands > 1)
        return np.concatenate(parts) if parts else np.empty((0,))

    def _filled(self, chunk: tuple[NDArray[np.float32], NDArray[np.int64], int]) -> NDArray[Any]:
        """Kept content of latents and classes, in a batch of a size that is filled up."""
        rows, labels, size = chunk
        filled, classes = np.zeros((size, rows.shape[1]), np.float32), np.zeros(size, np.int64)
        filled[: len(rows)], classes[: len(rows)] = rows, labels
        return self._made(self.trained(), filled, classes)[: len(rows)]

    @torch.inference_mode()
    def _made(self, model: Model, z: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[Any]:
        network, _ = self._serving(model)
        inputs = torch.from_numpy(z).to(self._device), torch.from_numpy(labels).to(self._device)
        return self.chosen(network(*inputs).float().cpu(), model)

    def _serving(self, model: Model) -> tuple[nn.Module, Sizes]:
        """The model's network as it is drawn from, made once, and the sizes of its batches."""
        if self._served is None or self._served[0] is not model:
            sixteen = computes_in_sixteen(self._options.precision, self._device)
            network = served(model.network, sixteen).to(self._device)
            with on_one_thread():
                self._served = model, network, agreeing_sizes(network, model.plan, self._device)
        return self._served[1:]

    def chosen(self, logits: torch.Tensor, model: Model) -> NDArray[Any]:
        """What the network gave out (n, C, H, W) as kept content."""
        return model.head.decode(model.head.activate(logits))

    def _labels(self, seeds: NDArray[np.int64], name: str) -> NDArray[np.int64]:
        """The class of each seed: the one that is wanted, else the one that stands for any; a network of an earlier version
        knows none such, there they are as frequent as in the corpus."""
        model = self.trained()
        if name:
            if name not in model.classes:
                known = ", ".join(repr(one) for one in model.classes if one) or f"none: {self.no_classes}"
                raise WishRefused("class_name", f"must be one of {known}, not {name!r}")
            return np.full(len(seeds), model.classes.index(name), np.int64)
        if model.plan.classes > len(model.classes):
            return np.full(len(seeds), len(model.classes), np.int64)
        edges = np.cumsum(model.shares)
        draws = [np.random.default_rng([int(seed), 1]).random() for seed in seeds]
        places = np.searchsorted(edges, np.array(draws) * edges[-1], side="right")
        return np.asarray(np.minimum(places, len(edges) - 1), np.int64)

    def on_the_way(self, first: int, last: int, shares: NDArray[np.float64], wish: Wish) -> NDArray[Any]:
        """Kept content along the great circle between two latents (White 2016): the ends are those of the seeds."""
        a, b = self.drawn_from(np.array([first, last], np.int64), wish)[0].astype(np.float64)
        angle = np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))
        t = shares[:, None]
        z = (
            a * (1 - t) + b * t
            if angle < 1e-6
            else (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
        )
        labels = self._labels(np.array([first], np.int64), wish.class_name).repeat(len(shares))
        return self.mapped((z * wish.truncation).astype(np.float32), labels)

    def interpolate(
        self, first: int, last: int, shares: NDArray[np.float64], wish: Wish, animate: bool, call: Call
    ) -> list[Content]:
        """Content on the way from one seed to another; see `Generator.interpolate`."""
        call.check()
        arrays = self.on_the_way(first, last, shares, wish)
        return [self.animated(arrays)] if animate else self.contents(arrays, [first] * len(arrays), self.trained())

    def animated(self, arrays: NDArray[Any]) -> Content:
        """One animation of all; engines of pictures override it."""
        raise WishRefused("animate", "must be false: this engine makes no pictures")

    def state(self) -> State:
        """The generator's weights by PyTorch's names; the plan and what else is kept in the meta."""
        model = self.trained()
        arrays = {name: value.cpu().numpy().copy() for name, value in model.network.state_dict().items()}
        kept = {
            "kind": model.kind,
            "options": model.options,
            "classes": list(model.classes),
            "shares": list(model.shares),
        }
        return State(arrays, {"plan": asdict(model.plan), **kept, "meta": dict(model.meta)})

    def load(self, state: State) -> None:
        """Take over a trained generator.

        Raises
        ------
        ValueError
            When it is not such a state; the message says what is wrong with it.
        """
        try:
            plan = Plan(**state.meta["plan"])
            kind, options = str(state.meta["kind"]), int(state.meta["options"])
            classes, shares = tuple(state.meta["classes"]), tuple(map(float, state.meta["shares"]))
            head_of(kind, options)
            if kind == "voices" and not plan.voices:
                raise ValueError("it was trained by an earlier version: train it again")
            with torch.random.fork_rng(devices=[]):
                network = generator_of(plan)
            arrays = {name: torch.from_numpy(np.array(value)) for name, value in state.arrays.items()}
            if not all(torch.isfinite(value).all() for value in arrays.values() if value.is_floating_point()):
                raise ValueError("an array is not finite")
            network.load_state_dict(arrays)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"state of {self.name}: {type(error).__name__}: {error}") from error
        self._model = Model(network.eval(), plan, kind, options, classes, shares, dict(state.meta.get("meta", {})))

    def trained(self) -> Model:
        """The model, or RuntimeError where there is none."""
        if self._model is None:
            raise RuntimeError(f"this {self.name} has neither been trained nor loaded")
        return self._model
