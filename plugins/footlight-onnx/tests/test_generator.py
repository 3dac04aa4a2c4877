"""A model that makes pictures passes the suite of generators."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from footlight_onnx.generator import OnnxGenerator
from footlight_onnx.options import GeneratorOptions
from footlight_onnx.suites import OnnxGeneratorSuite
from models import model_of_two_inputs, picture_model
from PIL import Image

from footlight_plugins import Call, TrainingRun
from footlight_plugins.testing.generator import read_npy, write_corpus


class TestOnnxGenerator(OnnxGeneratorSuite):
    """By the model that comes with the suite."""

    def test_pictures_have_the_size_of_the_models_output(self, tmp_path: Path) -> None:
        (made,) = self.trained(tmp_path).generate(np.array([3]), Call())
        picture = Image.open(io.BytesIO(made.data))
        assert made.media_type == "image/png" and picture.size == (5, 6) and picture.mode == "RGB"


def trained(folder: Path, model: bytes, **options: object) -> OnnxGenerator:
    engine = OnnxGenerator(GeneratorOptions(**options))
    engine.train(write_corpus(folder, {"m.onnx": model}), TrainingRun(0, folder, _ignore))
    return engine


def test_what_is_no_picture_becomes_an_array(tmp_path: Path) -> None:
    (made,) = trained(tmp_path, picture_model(4, 7, 3, 6)).generate(np.array([1]), Call())
    assert read_npy(made).shape == (7, 3, 6) and made.attributes == {"shape": [7, 3, 6]}


def test_a_picture_may_be_had_as_an_array(tmp_path: Path) -> None:
    (made,) = trained(tmp_path, picture_model(4, 1, 8, 8), media="npy").generate(np.array([1]), Call())
    assert read_npy(made).shape == (1, 8, 8) and abs(read_npy(made)).max() <= 1


def test_a_model_that_cannot_be_fed_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"m\.onnx: the model must have one input of numbers"):
        trained(tmp_path, model_of_two_inputs())


def _ignore(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
    """Nobody watches."""
