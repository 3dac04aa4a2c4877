"""What `footlight check-plugin` holds the engines to: the contract, with a small model to run."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import ClassVar

import pytest

from footlight_onnx import register_embedders, register_engines
from footlight_plugins import Corpus, CorpusFile, ItemContent, Recommender
from footlight_plugins.testing import GeneratorSuite, ImageEmbedderSuite, RecommenderSuite
from footlight_plugins.testing.generator import StopsAfter

MODELS = Path(__file__).with_name("checked")
ROWS = 15


def catalogue() -> list[ItemContent]:
    """Item i is row 14 - i of the model."""
    return [ItemContent(item, f"Film {item}", attributes={"model_index": ROWS - 1 - item}) for item in range(ROWS)]


class OnnxRecommenderSuite(RecommenderSuite):
    """With a model of 15 items: a matrix."""

    spec = register_engines()[0]

    @pytest.fixture(autouse=True)
    def models(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder with the model."""
        shutil.copy(MODELS / "recommender.onnx", tmp_path)
        monkeypatch.setenv("FOOTLIGHT_ONNX_MODELS", str(tmp_path))

    def engine(self) -> Recommender:
        """One that knows which row each item is."""
        engine = super().engine()
        engine.describe(catalogue())
        return engine


class OnnxGeneratorSuite(GeneratorSuite):
    """With a model that makes pictures of 6 by 5."""

    spec = register_engines()[1]
    broken_file: ClassVar[tuple[str, bytes]] = ("broken.onnx", b"this is no model")

    def corpus(self, folder: Path) -> Corpus:
        """The model."""
        return Corpus((CorpusFile("model.onnx", MODELS / "decoder.onnx"),))

    def test_another_seed_trains_to_another_state(self, tmp_path: Path) -> None:
        """Does not apply."""
        pytest.skip("nothing is learned here: the model comes as it is")

    def test_a_stopped_training_goes_on_where_it_was(self, tmp_path: Path) -> None:
        """Once it is not stopped any more."""
        with pytest.raises(Exception, match="stopped"):
            self.trained(tmp_path, stopping=StopsAfter(0))
        assert self.trained(tmp_path, stopping=StopsAfter(math.inf)).state().arrays["model"].size > 0


class OnnxImageSuite(ImageEmbedderSuite):
    """With a model that takes pictures of 8 by 8: a matrix."""

    spec = register_embedders()[0]

    @pytest.fixture(autouse=True)
    def models(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder with the model."""
        shutil.copy(MODELS / "image-embedder.onnx", tmp_path)
        monkeypatch.setenv("FOOTLIGHT_ONNX_MODELS", str(tmp_path))
