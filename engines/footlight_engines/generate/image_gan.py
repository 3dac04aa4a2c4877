"""Pictures: folders of PNG or JPEG in, PNG out; interpolations as animated WebP."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from footlight_engines.generate.conv_engine import ConvEngine, Model
from footlight_engines.generate.conv_options import ImageGanOptions
from footlight_engines.generate.heads import seeded_latents
from footlight_engines.generate.material import Material
from footlight_engines.generate.picture_corpus import Pictures, read_pictures
from footlight_engines.provenance.pictures import write_png
from footlight_plugins import Content, Corpus, Domain, Samples, TrainingRun, Wish

FRAME_MILLISECONDS = 80
BINARY = 0.9
"""Where so much of the corpus is either clear or opaque, what is made is too."""


EMPTY = 0.01
"""A picture of which less than this share is to be seen is as good as empty."""
FEW_EMPTY = 0.05
"""Where more of the corpus is empty than this share, nothing is drawn again for it."""
TURNS = 4
"""So many latents of a seed are tried before a picture is handed out that is empty and one too many."""
PROBES = 1_024
"""So many draws tell how frequent empty pictures are among what is made."""


class ImageGan(ConvEngine):
    """Learns square pictures, with transparency and classes where the corpus has them."""

    options_type = ImageGanOptions
    name = "image-gan"
    no_classes = "it learned no classes: its options say so, or it saw one folder, or more than its option most_classes"

    def material(self, corpus: Corpus) -> tuple[Material, Mapping[str, Any], Mapping[str, float]]:
        """The pictures; see `read_pictures`."""
        pictures = self._pictures(corpus)
        classes = pictures.classes if self._worth_classes(pictures) else ()
        labels = pictures.labels if classes else np.zeros(len(pictures.train), np.int64)
        shape = pictures.train.shape[1:]
        material = Material(
            "image", 0, shape, pictures.train, labels, classes, pictures.heldout, broken=pictures.broken
        )
        alpha = pictures.train[:, 3] if shape[0] == 4 else np.full(1, 255, np.uint8)
        binary = float(((alpha < 8) | (alpha > 247)).mean())
        empty = float(_empty(pictures.train).mean())
        meta = {"binary_alpha": binary >= BINARY, "empty": empty}
        return material, meta, {"classes": float(max(1, len(classes)))}

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        """As of the base; then it is counted how many empty pictures are made."""
        told = super().train(corpus, run)
        model = self.trained()
        seeds = np.arange(PROBES, dtype=np.int64)
        made = self.mapped(seeded_latents(seeds, model.plan.latent), self._labels(seeds, ""))
        share = float(_empty(made).mean())
        self._model = replace(model, meta={**model.meta, "made_empty": share})
        return told

    def _worth_classes(self, pictures: Pictures) -> bool:
        """Whether classes are wanted, and few enough: see Shahbazi et al. 2022, "Collapse by conditioning"."""
        return bool(self._options.classes and len(pictures.classes) <= self._options.most_classes)

    def contents(self, arrays: NDArray[Any], seeds: Sequence[int], model: Model) -> list[Content]:
        """PNG files."""
        made = []
        for kept in arrays:
            picture = self._picture(kept, model)
            facts = {"width": picture.shape[1], "height": picture.shape[0]}
            made.append(Content("image/png", write_png(picture), facts, picture))
        return made

    def drawn_from(self, seeds: NDArray[np.int64], wish: Wish) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """As of the base; a picture that is empty, and one more than the corpus has among so many, is drawn again from its
        seed's next latent."""
        z, made = super().drawn_from(seeds, wish)
        model = self.trained()
        share, rows = _bearable(model), np.arange(len(seeds))
        for turn in range(1, TURNS):
            empty = rows[_empty(made[rows])]
            rows = empty[_draws(seeds[empty], turn) >= share]
            if not len(rows):
                break
            z[rows] = seeded_latents(seeds[rows], model.plan.latent, turn)
            labels = self._labels(seeds[rows], wish.class_name)
            made[rows] = self.mapped(z[rows] * np.float32(wish.truncation), labels)
        return z, made

    def animated(self, arrays: NDArray[Any]) -> Content:
        """All as the frames of a WebP, without loss."""
        frames = [self._picture(kept, self.trained()) for kept in arrays]
        images = [Image.fromarray(frame) for frame in frames]
        buffer = io.BytesIO()
        settings = {"duration": FRAME_MILLISECONDS, "loop": 0, "lossless": True, "minimize_size": False}
        images[0].save(buffer, "WEBP", save_all=True, append_images=images[1:], **settings)
        facts = {"width": images[0].width, "height": images[0].height, "frames": len(images)}
        return Content("image/webp", buffer.getvalue(), facts, frames[len(frames) // 2])

    def samples(self, corpus: Corpus) -> Samples:
        """The pictures; see `Generator.samples`."""
        pictures = self._pictures(corpus)
        train, heldout = (
            np.stack(list(map(_straight, part))) if len(part) else part.transpose(0, 2, 3, 1)
            for part in (pictures.train, pictures.heldout)
        )
        return Samples(Domain.IMAGE, train, heldout, pictures.names)

    def _pictures(self, corpus: Corpus) -> Pictures:
        channels = self._options.channels
        if self._model is not None:
            channels = "rgba" if self._model.plan.channels == 4 else "rgb"
        return read_pictures(corpus, self._options.size, channels)

    def _picture(self, kept: NDArray[np.uint8], model: Model) -> NDArray[np.uint8]:
        """Premultiplied (C, S, S) to straight (S, S, C); transparency all or nothing where the corpus has it so."""
        if len(kept) == 4 and model.meta.get("binary_alpha"):
            kept = kept.copy()
            kept[3] = np.where(kept[3] >= 128, 255, 0)
        return _straight(kept)


def _empty(kept: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of (n, C, S, S) are: (n,). Without transparency none is."""
    if kept.ndim < 4 or kept.shape[1] != 4:
        return np.zeros(len(kept), np.bool_)
    return np.asarray((kept[:, 3] >= 128).mean((1, 2)) < EMPTY)


def _bearable(model: Model) -> float:
    """The share of empty pictures to keep, so that as many are left among all as in the corpus (rejection sampling)."""
    wanted, made = model.meta.get("empty", 1.0), model.meta.get("made_empty", 1.0)
    return 1.0 if wanted > FEW_EMPTY or made <= wanted else float(wanted * (1 - made) / (made * (1 - wanted)))


def _draws(seeds: NDArray[np.int64], turn: int) -> NDArray[np.float64]:
    """A number in [0, 1) for each seed: (n,)."""
    return np.array([np.random.default_rng([int(seed), 2, turn]).random() for seed in seeds])


def _straight(kept: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Premultiplied (C, S, S) to straight (S, S, C)."""
    picture = kept.transpose(1, 2, 0)
    if picture.shape[2] != 4:
        return np.ascontiguousarray(picture)
    alpha = picture[..., 3:].astype(np.float32)
    colour = np.where(alpha > 0, picture[..., :3] * 255.0 / np.maximum(alpha, 1), 0)
    return np.concatenate([np.rint(colour).clip(0, 255), alpha], axis=-1).astype(np.uint8)
