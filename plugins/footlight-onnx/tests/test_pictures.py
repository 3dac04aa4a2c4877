"""An exported vision model is an embedder of pictures: in the size and scale that it wants, over a background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from footlight_onnx.pictures import OnnxImageEmbedder
from footlight_onnx.suites import OnnxImageSuite
from models import flat_model, model_of_two_inputs, picture_model, vision_model


class TestOnnxImages(OnnxImageSuite):
    """By the model that comes with the suite."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOOTLIGHT_ONNX_MODELS", str(tmp_path))
    return tmp_path


def embedder(folder: Path, model: bytes, how: str = "") -> OnnxImageEmbedder:
    (folder / "image-embedder.onnx").write_bytes(model)
    if how:
        (folder / "image-embedder.toml").write_text(how)
    return OnnxImageEmbedder()


RED = np.array([255, 0, 0, 255], np.uint8) + np.zeros((5, 9, 4), np.uint8)


@pytest.mark.parametrize("channels_first", [True, False])
@pytest.mark.parametrize("sides", ["side", 6])
def test_colours_arrive_in_the_models_order_and_scale(folder: Path, channels_first: bool, sides: int | str) -> None:
    found = embedder(folder, vision_model(channels_first, sides), "mean = [0, 0.5, 0]\nstd = [2, 1, 1]\nside = 4")
    assert found.size == 3 and np.allclose(found.embed([RED]), [[0.5, -0.5, 0.0]], atol=1e-5)


def test_what_is_transparent_shows_the_background(folder: Path) -> None:
    found = embedder(folder, vision_model(True), "mean = [0, 0, 0]\nstd = [1, 1, 1]\nbackground = 51")
    assert np.allclose(found.embed([RED * np.array([1, 1, 1, 0], np.uint8)]), [[0.2, 0.2, 0.2]], atol=1e-5)


def test_a_model_that_takes_batches_of_one_size_gets_them(folder: Path) -> None:
    pictures = [RED // (1 + i) for i in range(7)]
    by_three = embedder(folder, vision_model(True, batch=3)).embed(pictures)
    assert np.allclose(by_three, embedder(folder, vision_model(True)).embed(pictures), atol=1e-6)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (b"no model", "expected a model in ONNX"),
        (model_of_two_inputs(), "one input"),
        (picture_model(4, 3, 5, 5), "its input must be floats"),
    ],
)
def test_a_model_that_takes_no_pictures_is_refused(folder: Path, model: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        embedder(folder, model)


@pytest.mark.parametrize("how", ["mean = 1", "means = [0, 0, 0]", "no toml"])
def test_what_is_wrongly_said_of_it_is_refused_by_the_files_name(folder: Path, how: str) -> None:
    with pytest.raises(ValueError, match=r"image-embedder\.toml"):
        embedder(folder, flat_model(4, 2), how)


def test_a_missing_model_is_named(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no file 'image-embedder\.onnx'"):
        OnnxImageEmbedder()
