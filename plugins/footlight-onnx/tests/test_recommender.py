"""A model that scores items passes the suite of recommenders, and its rows are the items that the catalogue says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from footlight_onnx.options import RecommenderOptions
from footlight_onnx.recommender import OnnxRecommender
from footlight_onnx.suites import ROWS, OnnxRecommenderSuite, catalogue
from models import item_model, model_of_two_inputs, sequence_model

from footlight_plugins import Events, Query
from footlight_plugins.data import History
from footlight_plugins.testing.engine import training_run
from footlight_plugins.testing.fixtures import PluginRegistry


class TestOnnxRecommender(OnnxRecommenderSuite):
    """By a model that takes a number for each item."""


class Described(OnnxRecommenderSuite):
    @pytest.fixture(autouse=True)
    def models(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "recommender.onnx").write_bytes(self.model())
        monkeypatch.setenv("FOOTLIGHT_ONNX_MODELS", str(tmp_path))

    def model(self) -> bytes:
        raise NotImplementedError


class TestOnnxRecommenderOfSequences(Described):
    """By a model that takes the rows of the latest items."""

    options = {"first_row": 1, "length": 4}  # noqa: RUF012  # declared as a ClassVar in the suite

    def model(self) -> bytes:
        return sequence_model(np.random.default_rng(2).normal(size=(ROWS + 1, ROWS + 1)))


class TestOnnxRecommenderOfFixedLength(TestOnnxRecommenderOfSequences):
    """By a model that takes six places, filled up at the start."""

    def model(self) -> bytes:
        return sequence_model(np.random.default_rng(3).normal(size=(ROWS + 1, ROWS + 1)), 6)


del Described  # what is left is to be collected


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOOTLIGHT_ONNX_MODELS", str(tmp_path))
    return tmp_path


def fitted(**options: object) -> OnnxRecommender:
    engine = OnnxRecommender(RecommenderOptions(**options))
    engine.describe(catalogue())
    with training_run() as run:
        engine.fit(Events.of([0], [3]), run)
    return engine


def test_the_row_of_an_item_is_what_the_catalogue_says(folder: Path) -> None:
    weights = np.zeros((ROWS, ROWS), np.float32)
    weights[ROWS - 1 - 3, ROWS - 1 - 8] = 1.0  # whoever met item 3 gets item 8
    (folder / "recommender.onnx").write_bytes(item_model(weights))
    ranking = fitted().recommend(Query(0, 1, np.ones(ROWS, np.bool_)))
    assert ranking.items.tolist() == [8] and ranking.scores.tolist() == [1.0]


def test_the_latest_item_of_a_visitor_decides(folder: Path) -> None:
    table = np.eye(ROWS, dtype=np.float32)[:, np.roll(np.arange(ROWS), 1)]  # row r leads to row r + 1
    (folder / "recommender.onnx").write_bytes(sequence_model(table))
    met = History(np.array([2, 9], np.int32), np.ones(2), np.array([1, 2]))
    ranking = fitted().recommend(Query(-1, 1, np.ones(ROWS, np.bool_), history=met))
    assert ranking.items.tolist() == [8]  # row 5 leads to row 6, which is item 8


@pytest.mark.parametrize("name", ["../secret.onnx", "a/b.onnx", "/etc/passwd", ""])
def test_a_client_names_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        RecommenderOptions(model=name)


def test_what_is_missing_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"there is no file 'recommender\.onnx'"):
        fitted()
    monkeypatch.delenv("FOOTLIGHT_ONNX_MODELS")
    with pytest.raises(ValueError, match="FOOTLIGHT_ONNX_MODELS must name the folder"):
        fitted()


@pytest.mark.parametrize("data", [b"no model", model_of_two_inputs()])
def test_what_is_no_model_that_fits_is_refused(folder: Path, data: bytes) -> None:
    (folder / "recommender.onnx").write_bytes(data)
    with pytest.raises(ValueError, match="model"):
        fitted()


def test_the_plugin_loads() -> None:
    registry = PluginRegistry()
    registry.add("footlight_onnx", name="onnx")
    assert registry.load(strict=True).plugin_of("onnx-generator").engines == ("onnx-recommender", "onnx-generator")
