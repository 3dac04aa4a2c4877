"""Terrain: heightmaps in, scenes out that can be walked through."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import compress
from operator import not_
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_engines.generate.augmentation import dihedral
from footlight_engines.generate.conv_engine import ConvEngine, Model
from footlight_engines.generate.conv_options import SceneGanOptions
from footlight_engines.generate.corpus_files import read_files
from footlight_engines.generate.gltf import scene_glb, scene_usdz, spawn_of
from footlight_engines.generate.heightmaps import read_heights, windows
from footlight_engines.generate.material import Material
from footlight_engines.generate.terrain import Walk, ground_of
from footlight_plugins import Content, Corpus, Domain, Samples

Heights = NDArray[np.float32]
MEASURED = 64


class SceneGan(ConvEngine):
    """Learns windows of heightmaps. What it makes is smoothed, scaled so that it can be walked on, and made a scene."""

    options_type = SceneGanOptions
    name = "scene-gan"

    def material(self, corpus: Corpus) -> tuple[Material, Mapping[str, Any], Mapping[str, float]]:
        """The windows; files below ``heldout/`` are not learned from."""
        train, heldout, _, broken = self._windows(corpus)
        size = self._options.size
        labels = np.zeros(len(train), np.int64)
        material = Material("surface", 0, (1, size, size), train, labels, heldout=heldout, vary=_turned, broken=broken)
        real = heldout if len(heldout) else train
        return material, {}, {"walkable_share_real": self._walkable(real[:MEASURED])} if len(real) else {}

    def train(self, corpus: Corpus, run: Any) -> Mapping[str, float]:
        """Learn, and measure how much of the draws can be walked on at the wanted relief."""
        figures = super().train(corpus, run)
        return {**figures, "walkable_share": self._walkable(self.drawn(np.arange(MEASURED, dtype=np.int64)))}

    def contents(self, arrays: NDArray[Any], seeds: Sequence[int], model: Model) -> list[Content]:
        """Scenes."""
        return [self._scene(heights) for heights in arrays]

    def samples(self, corpus: Corpus) -> Samples:
        """The windows; see `Generator.samples`."""
        train, heldout, names, _ = self._windows(corpus)
        return Samples(Domain.SURFACE, train, heldout, names)

    def _windows(self, corpus: Corpus) -> tuple[Heights, Heights, tuple[str, ...], tuple[str, ...]]:
        """Windows to learn from and held-out ones, the names of the first, and what could not be read."""
        size, stride = self._options.size, self._options.stride
        files = read_files(corpus, read_heights)
        held = [file.path.startswith("heldout/") for file, _ in files.read]
        train, names = windows(compress(files.read, map(not_, held)), size, stride)
        heldout, _ = windows(compress(files.read, held), size, stride)
        if not len(train):
            raise ValueError(f"the corpus has no window of {size} x {size} cells without gaps")
        return train, heldout, names, files.broken

    def _walk(self) -> Walk:
        return Walk(self._options.cell, self._options.step, self._options.slope)

    def _walkable(self, surfaces: NDArray[np.float32]) -> float:
        """The mean walkable share at the wanted relief."""
        shares = [ground_of(one, self._walk(), self._options.relief, 0.0).share for one in surfaces]
        return float(np.mean(shares))

    def _scene(self, heights: NDArray[np.float32]) -> Content:
        options = self._options
        ground = ground_of(heights, self._walk(), options.relief, options.walkable)
        facts = {
            "relief": round(ground.relief, 4),
            "cell": options.cell,
            "walkable_share": round(ground.share, 4),
            "spawn": [round(value, 4) for value in spawn_of(ground, options.cell)],
        }
        match options.media:
            case "glb":
                return Content("model/gltf-binary", scene_glb(ground, options.cell), facts, heights)
            case "usdz":
                return Content("model/vnd.usdz+zip", scene_usdz(ground, options.cell), facts, heights)
        buffer = io.BytesIO()
        np.save(buffer, ground.heights.astype(np.float32), allow_pickle=False)
        return Content("application/x-npy", buffer.getvalue(), facts, heights)


def _turned(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each surface turned and mirrored at random: (B, S, S)."""
    return dihedral(batch, torch.randint(8, (len(batch),), generator=generator).to(batch.device))
