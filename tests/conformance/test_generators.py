"""The generators pass the suite that plug-in authors use, each on a corpus of its own kind."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image

from footlight_engines import generate
from footlight_plugins import Corpus, Generator
from footlight_plugins.testing import GeneratorSuite
from footlight_plugins.testing.generator import npy, write_corpus

_SPECS = {spec.name: spec for spec in generate.register_engines()}
_TINY: dict[str, Any] = {"steps": 4, "width": 4, "batch_size": 8, "latent": 8, "evaluations": 1, "device": "cpu"}


class _ConvSuite(GeneratorSuite):
    """A few steps of tiny networks on one thread."""

    def trained(self, folder: Path, seed: int = 0, stopping: Callable[[], bool] = lambda: False) -> Generator:
        torch.set_num_threads(1)
        return super().trained(folder, seed, stopping)


class TestImageGan(_ConvSuite):
    spec = _SPECS["image-gan"]
    options = {**_TINY, "size": 28}  # noqa: RUF012  # declared as a ClassVar in the suite
    broken_file: ClassVar[tuple[str, bytes]] = ("train/broken.zip", b"this is no zip")

    def corpus(self, folder: Path) -> Corpus:
        rng, files = np.random.default_rng(0), {}
        for i in range(52):
            picture = np.zeros((28, 28, 4), np.uint8)
            top, left = rng.integers(2, 14, 2)
            picture[top : top + 10, left : left + 8] = [*rng.integers(0, 255, 3), 255]
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "PNG")
            files[f"{'red' if i % 2 else 'blue'}/{i}.png"] = buffer.getvalue()
        return write_corpus(folder, files)


class TestImageGanForQuality(TestImageGan):
    """With latents as they come; the other one looks for how wide they are to be spread."""

    options = {**_TINY, "size": 28, "recipe": "quality", "channels": "rgb", "least_spread": 1.0}  # noqa: RUF012


class TestLevelGan(_ConvSuite):
    spec = _SPECS["level-gan"]
    options = {**_TINY, "rules": "none"}  # noqa: RUF012
    broken_file: ClassVar[tuple[str, bytes]] = ("train/broken.txt", b"\xff\xfe no text")

    def corpus(self, folder: Path) -> Corpus:
        rng = np.random.default_rng(0)
        levels = [["".join(rng.choice(list("# ."), 8)) for _ in range(8)] for _ in range(52)]
        return write_corpus(folder, {"train/all.txt": "\n\n".join("\n".join(level) for level in levels).encode()})


class TestSceneGan(_ConvSuite):
    spec = _SPECS["scene-gan"]
    options = {**_TINY, "size": 16, "stride": 8}  # noqa: RUF012

    def corpus(self, folder: Path) -> Corpus:
        y, x = np.mgrid[0:72, 0:72] / 9
        return write_corpus(folder, {"train/hills.npy": npy((np.sin(x) + np.cos(1.3 * y)).astype(np.float32))})


class TestMusicGan(_ConvSuite):
    spec = _SPECS["music-gan"]
    options = {**_TINY, "bars": 1}  # noqa: RUF012
    broken_file: ClassVar[tuple[str, bytes]] = ("train/broken.mid", b"this is no music")

    def corpus(self, folder: Path) -> Corpus:
        rng = np.random.default_rng(0)
        pieces = [rng.integers(50, 60, (16, 4)).repeat(4, 0).tolist() for _ in range(15)]
        return write_corpus(folder, {"train/chorales.json": json.dumps({"train": pieces}).encode()})


def test_every_convolutional_generator_is_held_to_the_suite() -> None:
    tested = {suite.spec.name for suite in (TestImageGan, TestLevelGan, TestSceneGan, TestMusicGan)}
    assert tested | {"mlp-gan"} == set(_SPECS)
